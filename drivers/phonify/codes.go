package phonify

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/wire"
)

// typeCodes reads the words of an error's type. The vendor publishes no list of
// types, only that they are unique and identify the error precisely; not_found
// is the one that has been seen. [Config].ErrorTypes comes first.
var typeCodes = map[string]provider.Code{
	"not_found": provider.Rejected,

	"authentication":  provider.Unauthenticated,
	"unauthenticated": provider.Unauthenticated,
	"unauthorized":    provider.Unauthenticated,

	"credit":  provider.InsufficientFunds,
	"balance": provider.InsufficientFunds,
	"billing": provider.InsufficientFunds,

	"msisdn":    provider.InvalidRecipient,
	"number":    provider.InvalidRecipient,
	"recipient": provider.InvalidRecipient,

	"body":   provider.InvalidMessage,
	"length": provider.InvalidMessage,
}

// states are the documented states of a message. There is none for a message
// that has arrived: sent is the best that is ever told, and so it is not final.
var states = map[string]struct {
	status provider.Status
	final  bool
}{
	"unconfirmed": {provider.StatusAccepted, false},
	"sent":        {provider.StatusSent, false},
	stateError:    {provider.StatusUndelivered, true},
}

const stateError = "error"

// Fault is one entry of the vendor's error collection.
type Fault struct {
	Type  string // identifies the error
	Title string // in English
}

// readFaults reads {"errors":[{"type":…,"title":…}]}; whatever else the body is
// has no faults.
func readFaults(body []byte) []Fault {
	var answer struct {
		Errors []struct {
			Type  text `json:"type"`
			Title text `json:"title"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	faults := make([]Fault, 0, len(answer.Errors))
	for _, e := range answer.Errors {
		faults = append(faults, Fault{Type: string(e.Type), Title: string(e.Title)})
	}
	return faults
}

// failure is the error that an answer with these faults stands for.
func (c *Client) failure(resp *wire.Response, faults []Fault) *provider.Error {
	byStatus := resp.ByStatus()
	if resp.Status == http.StatusPaymentRequired && byStatus.Code == provider.InsufficientFunds {
		byStatus.Code = provider.Rejected // 402 is this vendor's word for every refusal
	}
	if len(faults) == 0 {
		return byStatus
	}
	fallback := byStatus.Code
	if resp.OK() {
		fallback = provider.Rejected
	}
	titles := make([]string, len(faults))
	for i, f := range faults {
		titles[i] = f.Title
	}
	return resp.Failed(c.faultCode(faults, fallback), faults[0].Type, strings.Join(titles, "; "))
}

// faultCode looks for the first fault that says what became of the message. The
// words of a type are no proof against a status that leaves it in doubt.
func (c *Client) faultCode(faults []Fault, fallback provider.Code) provider.Code {
	for _, f := range faults {
		if code, ok := c.config.ErrorTypes[f.Type]; ok {
			return code
		}
	}
	if fallback == provider.Indeterminate {
		return fallback
	}
	for _, f := range faults {
		if code, ok := typeCode(strings.ToLower(f.Type)); ok {
			return code
		}
	}
	return fallback
}

func typeCode(name string) (provider.Code, bool) {
	if code, ok := typeCodes[name]; ok {
		return code, true
	}
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r < 'a' || r > 'z' }) {
		if code, ok := typeCodes[word]; ok {
			return code, true
		}
	}
	return "", false
}
