package conformance

import "slices"

// Level is how much a case weighs.
type Level string

// The levels.
const (
	Must   Level = "must"   // a driver that fails it is not conformant
	Should Level = "should" // a driver that fails it works, and surprises
)

// Case is one thing that a driver is asked to do right.
type Case struct {
	ID     string `json:"id"` // stable
	Level  Level  `json:"level"`
	Core   bool   `json:"core"`   // cannot be skipped
	Why    string `json:"why"`    // what goes wrong in the world if the driver does not
	Source string `json:"source"` // who asks for it

	http  bool // needs a driver that makes HTTP requests
	alone bool // measures the process, so nothing else may run
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
