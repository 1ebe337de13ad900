package conformance

import (
	"fmt"

	"github.com/anysms/anysms/provider"
)

// receiptFields are what the reply to a message says beside its id. A field that the
// reply lacks must be empty in the receipt too.
type receiptFields struct {
	Segments int    `json:"segments"`
	Cost     string `json:"cost"`
}

// compareReceipt checks the fields beside the id.
func (t *trial) compareReceipt(what string, r *provider.Receipt, want receiptFields) {
	if r.Segments != want.Segments {
		t.failf("%s: Receipt.Segments is %d, want %s", what, r.Segments, said(fmt.Sprint(want.Segments), want.Segments != 0, "segments"))
	}
	if cost := moneyText(r.Cost); cost != want.Cost {
		t.failf("%s: Receipt.Cost is %q, want %s", what, cost, said(fmt.Sprintf("%q", want.Cost), want.Cost != "", "cost"))
	}
}

func said(value string, is bool, field string) string {
	if is {
		return value
	}
	return fmt.Sprintf(`none: the reply file does not say that the reply has one (# receipt: {"%s": …})`, field)
}
