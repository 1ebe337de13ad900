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
	Fix    string `json:"fix"`    // how to fix a driver that fails

	needs need
	alone bool // measures the process, so that nothing else may run
	wire  bool // is about connections, not about what the vendor says
	run   func(*trial)
}

// need is what a case needs of the harness.
type need int

const (
	nothing need = iota
	aLab         // a vendor, whatever the transport
	anHTTPLab
)

// Catalogue lists all cases for drivers that make HTTP requests, in the order of a
// report.
func Catalogue() []Case { return CatalogueOf(httpLab{}) }

// CatalogueOf lists the cases for drivers of a lab's transport.
func CatalogueOf(lab Lab) []Case {
	cases := slices.Concat(
		receiptCases(),
		messageCases(),
		textCases(),
		codeCases(),
		httpStatusCases(),
		faultCases(lab.Faults()),
		httpFaultCases(),
		timeoutCases(lab.Faults()),
		requestCases(),
		httpRequestCases(),
		contextCases(),
		privacyCases(),
		capabilityCases(),
		lookupCases(),
		batchCases(),
		callbackCases(),
		eventCases(),
		lifeCases(),
		httpLifeCases(),
		configCases(),
	)
	if _, http := lab.(httpLab); http {
		return cases
	}
	return slices.DeleteFunc(cases, func(c Case) bool { return c.needs == anHTTPLab })
}

// Group is the first part of the id: "fault" of "fault.html-200".
func (c Case) Group() string {
	for i := range len(c.ID) {
		if c.ID[i] == '.' {
			return c.ID[:i]
		}
	}
	return c.ID
}

// Sources that cases refer to.
const (
	contract = "package provider"
	rfc9110  = "RFC 9110"
	rfc9112  = "RFC 9112"
)
