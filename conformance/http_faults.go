package conformance

import "github.com/anysms/anysms/provider"

const (
	whyCap   = "a driver that reads without a limit can exhaust the memory of the program"
	whyShape = "a response of the wrong shape proves nothing, and must not crash the driver"
	fixCap   = "read the response through io.LimitReader, also after decompressing it; what exceeds the limit is indeterminate"
	fixShape = "accept only a response with the documented fields of the documented types; anything else is indeterminate"
)

var doubt = []provider.Code{provider.Indeterminate}

// Faults lists the faults of package faultserver that any HTTP driver can meet.
func (httpLab) Faults() []Fault {
	return []Fault{
		{Name: FaultRefused, Codes: []provider.Code{provider.Unavailable},
			Why: "nothing was written, so that another attempt is safe; reporting unknown stops the message needlessly", Source: contract + ", Unavailable"},
		{Name: "reset-before-read", Codes: []provider.Code{provider.Indeterminate, provider.Unavailable}, Why: whyDoubt},
		{Name: "hang-before-read", Codes: doubt, Silent: true, Why: whyDoubt},
		{Name: "reset-in-request", Codes: doubt, Why: whyDoubt},
		{Name: "slow-read", Why: whyGood},
		{Name: "gibberish", Codes: doubt, Why: whyDoubt},
		{Name: "reset-after-read", Codes: doubt, Why: whyDoubt},
		{Name: FaultClose, Codes: doubt, Why: whyDoubt},
		{Name: FaultHang, Codes: doubt, Silent: true, Why: whyDoubt},
		{Name: "hang-in-head", Codes: doubt, Silent: true, Why: whyDoubt},
		{Name: "hang-in-body", Codes: doubt, Silent: true, Why: whyDoubt},
		{Name: "slow-response", Why: whyGood},
		{Name: "truncated-length", Codes: doubt, Why: whyDoubt, Source: rfc9112 + " §8"},
		{Name: "truncated-chunk", Codes: doubt, Why: whyDoubt, Source: rfc9112 + " §8"},
		{Name: "missing-last-chunk", Codes: doubt, Why: whyDoubt, Source: rfc9112 + " §8"},
		{Name: "empty-200", Codes: doubt, Content: true, Why: "a success without the documented id probably comes from a proxy", Fix: fixShape},
		{Name: "html-200", Codes: doubt, Content: true, Why: "captive portals and maintenance pages have status 200", Fix: fixShape},
		{Name: "json-null", Codes: doubt, Content: true, Why: whyShape, Fix: fixShape},
		{Name: "json-empty", Codes: doubt, Content: true, Why: whyShape, Fix: fixShape},
		{Name: "json-list", Codes: doubt, Content: true, Why: whyShape, Fix: fixShape},
		{Name: "json-deep", Codes: doubt, Content: true, Why: "deep nesting overflows the stack of careless parsers", Fix: fixShape},
		{Name: "chunked", Why: whyGood, Source: rfc9112 + " §7.1"},
		{Name: "bom", Why: "some web frameworks write a byte order mark; the acceptance after it is valid", Source: "RFC 8259 §8.1",
			Fix: "cut off a byte order mark before parsing"},
		{Name: "gzip-bomb", Codes: doubt, Why: whyCap, Fix: fixCap},
		{Name: "huge-body", Codes: doubt, Why: whyCap, Fix: fixCap},
		{Name: "header-flood", Codes: doubt, Why: whyCap, Fix: "limit the size of the response's header, such as with Transport.MaxResponseHeaderBytes"},
		{Name: "continue", Why: whyGood, Source: rfc9110 + " §15.2.1"},
		{Name: "informational", Why: whyGood, Source: rfc9110 + " §15.2"},
	}
}
