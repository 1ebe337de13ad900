package smpp

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

// messageState is a state of the standard (SMPP 3.4 §5.2.28; 0 and 9 are those
// of SMPP 5.0) with its word in delivery receipts (appendix B).
type messageState struct {
	word  string
	is    provider.Status
	final bool
}

var messageStates = map[byte]messageState{
	0: {"SCHEDLD", provider.StatusQueued, false},
	1: {"ENROUTE", provider.StatusSent, false},
	2: {"DELIVRD", provider.StatusDelivered, true},
	3: {"EXPIRED", provider.StatusExpired, true},
	4: {"DELETED", provider.StatusCancelled, true},
	5: {"UNDELIV", provider.StatusUndelivered, true},
	6: {"ACCEPTD", provider.StatusAccepted, false}, // final by the standard; SMSCs use it for "on its way"
	7: {"UNKNOWN", provider.StatusUnknown, false},
	8: {"REJECTD", provider.StatusRejected, true},
	9: {"SKIPPED", provider.StatusUndelivered, true},
}

// stateWords has the words of appendix B and longer spellings of them.
var stateWords = func() map[string]messageState {
	words := make(map[string]messageState)
	for _, s := range messageStates {
		words[s.word] = s
	}
	for long, state := range map[string]byte{
		"SCHEDULED": 0, "EN_ROUTE": 1, "DELIVERED": 2, "UNDELIVERABLE": 5, "UNDELIVERED": 5, "ACCEPTED": 6, "REJECTED": 8,
	} {
		words[long] = messageStates[state]
	}
	return words
}()

// report is a delivery receipt as the SMSC wrote it. What it did not write is
// empty.
type report struct {
	id, stat, err string
	done          time.Time
	text          string // the begin of the message's text
}

// receiptKey finds the keys of a receipt's text: in any case, with a space, an
// underscore or nothing within, in any order.
var receiptKey = regexp.MustCompile(`(?i)(?:^|[\s;,|])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)\s*:`)

// parseReceipt reads the text of appendix B:
//
//	id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E text: …
func parseReceipt(text string, zone *time.Location) (r report, ok bool) {
	keys := receiptKey.FindAllStringSubmatchIndex(text, -1)
	for i, k := range keys {
		end := len(text)
		if i+1 < len(keys) {
			end = keys[i+1][0]
		}
		name := strings.ToLower(text[k[2]:k[3]])
		value := strings.Trim(text[k[1]:end], " \t\r\n\x00;,|")
		switch {
		case name == "text":
			r.text = strings.TrimSuffix(strings.TrimLeft(text[k[1]:], " "), "\x00")
			return r, r.id != "" || r.stat != "" // what follows is the message's own
		case name == "id" && r.id == "":
			r.id = value
		case name == "stat" && r.stat == "":
			r.stat = strings.ToUpper(value)
		case name == "err" && r.err == "":
			r.err = value
		case strings.HasPrefix(name, "done"):
			when, bare, _ := strings.Cut(value, " ")
			r.done = receiptTime(when, zone)
			if _, known := stateWords[strings.ToUpper(bare)]; known && r.stat == "" {
				r.stat = strings.ToUpper(bare) // an SMSC that leaves out "stat:"
			}
		}
	}
	return r, r.id != "" || r.stat != ""
}

// receiptLayouts are the forms in which SMSCs write a receipt's dates; the first
// is the standard's. What has twelve digits begins with two digits of the year,
// unless the next two are no month.
var receiptLayouts = []string{"0601021504", "060102150405", "20060102150405", "200601021504", time.RFC3339}

func receiptTime(value string, zone *time.Location) time.Time {
	if t := parseTime(value, time.Time{}); !t.IsZero() && !strings.HasSuffix(value, "R") {
		return t.UTC()
	}
	for _, layout := range receiptLayouts {
		if t, err := time.ParseInLocation(layout, value, zone); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// isReport reports whether a delivery is about a message of ours. Only what the
// SMSC itself sets counts: a person could write a text like a receipt's.
func isReport(m *wire.Message) bool {
	switch m.ESMClass & wire.ESMClassTypeMask {
	case wire.ESMClassReceipt, wire.ESMClassIntermediate:
		return true
	}
	_, has := m.TLVs.Get(wire.TagReceiptedMessageID)
	return has
}

// reportEvent reads a delivery receipt: optional parameters where they are, else
// the text.
func (p *Provider) reportEvent(m *wire.Message) provider.Event {
	s := p.settings
	r, _ := parseReceipt(receiptText(m), s.zone)
	if t, ok := m.TLVs.Get(wire.TagReceiptedMessageID); ok {
		r.id = t.Text()
	}
	e := provider.Event{
		Kind: provider.Report, At: r.done,
		Status: provider.StatusUnknown, VendorStatus: r.stat, VendorCode: r.err, From: party(m.Dest), To: party(m.Source),
	}
	state, known := stateWords[r.stat]
	if t, ok := m.TLVs.Get(wire.TagMessageState); ok && len(t.Value) == 1 {
		if state, known = messageStates[t.Value[0]]; known && e.VendorStatus == "" {
			e.VendorStatus = state.word
		} else if !known {
			e.VendorStatus = strconv.Itoa(int(t.Value[0]))
		}
	}
	if known {
		e.Status, e.Final = state.is, state.final && m.ESMClass&wire.ESMClassTypeMask != wire.ESMClassIntermediate
	}
	if t, ok := m.TLVs.Get(wire.TagNetworkErrorCode); ok && len(t.Value) == 3 {
		e.Extra = map[string]string{"network_error": fmt.Sprintf("%d:%d", t.Value[0], int(t.Value[1])<<8|int(t.Value[2]))}
	}
	if e.Status != provider.StatusDelivered {
		e.Code = s.ReportCodes[r.err]
	}
	return p.known.complete(e, decimalID(s.ReportIDs, r.id))
}

// receiptText decodes a receipt's text, of which only ASCII matters.
func receiptText(m *wire.Message) string {
	octets := m.Payload()
	if m.DataCoding == codingUCS2 {
		if text, err := decodeUCS2(octets); err == nil {
			return text
		}
	}
	return fromLatin1(octets)
}

// decimalID converts an id that is written as the setting says to decimal, in
// which both sides then agree. What is not a number stays as it is.
func decimalID(written, id string) string {
	base := 0
	switch written {
	case idsHex:
		base = 16
	case idsDecimal:
		base = 10
	default:
		return id
	}
	n, err := strconv.ParseUint(strings.TrimSpace(id), base, 64)
	if err != nil {
		return id
	}
	return strconv.FormatUint(n, 10)
}
