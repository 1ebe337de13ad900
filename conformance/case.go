package conformance

import "slices"

// Level is the severity of a case.
type Level string

// The levels.
const (
	Must   Level = "must"   // a driver that fails it is not conformant
	Should Level = "should" // a driver that fails it works, but has surprising behaviour
)

// Case is one requirement on a driver.
type Case struct {
	ID     string `json:"id"` // stable
	Level  Level  `json:"level"`
	Core   bool   `json:"core"`   // cannot be skipped
	Why    string `json:"why"`    // what goes wrong otherwise
	Source string `json:"source"` // where the requirement comes from

	http  bool // needs a driver that makes HTTP requests
	alone bool // measures the process, so that nothing else may run
	run   func(*trial)
}

// Catalogue lists all cases in the order of a report.
func Catalogue() []Case { return slices.Clone(catalogue()) }

func catalogue() []Case {
	return slices.Concat(
		receiptCases(),
		textCases(),
		codeCases(),
		statusCases(),
		faultCases(),
		requestCases(),
		contextCases(),
		privacyCases(),
		capabilityCases(),
		batchCases(),
		callbackCases(),
		lifeCases(),
		configCases(),
	)
}

// Sources that cases refer to.
const (
	contract = "package provider"
	rfc9110  = "RFC 9110"
	rfc9112  = "RFC 9112"
)
