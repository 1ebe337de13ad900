package provider

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/provider/e164"
)

// Message is what the caller wants sent. The zero value of every field but To
// and Text means "not asked for".
//
// String, LogValue and %+v show neither number nor text.
type Message struct {
	To   e164.Number
	From string // sender: a number, a short code or an alphanumeric name; "" = the account's default
	Text string // arrives as written
	Ref  string // the caller's own id, unique to the message
	Tag  string // the caller's own label, for routes and statistics

	Class    Class
	Validity time.Duration // how long the vendor may try to deliver; 0 = the vendor's default
	SendAt   time.Time     // when the vendor should send it; zero = now. The router refuses times more than a minute past
	Deadline time.Time     // no attempt starts after it; zero = none
	Delivery Delivery      // what to do if the outcome is unknown; "" = the route's mode, then the class's

	// Attempt is the id of the attempt that the message is sent in, which a router
	// with a ledger sets; it cannot be guessed. "" = none. A driver whose vendor
	// takes a callback URL with each message adds it to that URL as anysms_attempt.
	Attempt string

	// Extra holds what only one vendor understands, under keys with the
	// driver's name: "apifon.im_text". A driver reads its own prefix, ignores
	// other prefixes, and refuses an unknown key of its own.
	Extra map[string]string
}

// Validate checks what every vendor needs: a number, and a text that is not
// empty and is valid UTF-8. Drivers call it first. It returns an [Error] with
// code [InvalidRecipient] or [InvalidMessage].
func (m *Message) Validate() error {
	switch {
	case m.To.IsZero():
		return NewError(InvalidRecipient, "the message has no recipient")
	case m.Text == "":
		return NewError(InvalidMessage, "the text is empty")
	case !utf8.ValidString(m.Text):
		return NewError(InvalidMessage, "the text is not valid UTF-8")
	}
	return nil
}

// Clone returns a copy that shares nothing with m.
func (m *Message) Clone() *Message {
	c := *m
	c.Extra = maps.Clone(m.Extra)
	return &c
}

// String describes the message without number or text.
func (m Message) String() string {
	return "message{to: " + m.To.Masked() + ", ref: " + Mask(m.Ref) + "}"
}

// GoString redacts like String.
func (m Message) GoString() string { return m.String() }

// LogValue redacts like String.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("to", m.To.Masked()), slog.String("ref", Mask(m.Ref)), slog.String("class", string(m.Class)))
}

// ExtraOf returns the entries of m.Extra that belong to a driver, without their
// prefix. A key that is not in known is an [Unsupported] error, which names the
// key and lists the known ones.
func (m *Message) ExtraOf(driver string, known ...string) (map[string]string, error) {
	var own map[string]string
	for key, value := range m.Extra {
		name, mine := strings.CutPrefix(key, driver+".")
		if !mine {
			continue
		}
		if !slices.Contains(known, name) {
			return nil, NewError(Unsupported, "unknown extra "+key+"; "+knownKeys(driver, known))
		}
		if own == nil {
			own = make(map[string]string)
		}
		own[name] = value
	}
	return own, nil
}

func knownKeys(driver string, known []string) string {
	if len(known) == 0 {
		return driver + " has none"
	}
	return driver + " has " + driver + "." + strings.Join(known, ", "+driver+".")
}

// Class is the kind of a message; it decides the default [Delivery].
type Class string

// The classes; "" is treated as transactional.
const (
	OTP           Class = "otp"           // a code that a person waits for
	Transactional Class = "transactional" // about something that the person has done: an order, an appointment
	Marketing     Class = "marketing"     // anything else, such as a campaign
)

// Delivery says what a router does when an attempt's outcome is unknown.
type Delivery string

// The delivery modes.
const (
	AtMostOnce  Delivery = "at_most_once"  // stop and report it
	Reconcile   Delivery = "reconcile"     // ask the vendor, then decide
	AtLeastOnce Delivery = "at_least_once" // go on to the next provider; the recipient may get it twice
)

// Receipt is a vendor's acceptance of a message. It says nothing about
// delivery.
type Receipt struct {
	// ID is what Status and Cancel of the same provider take, and what Event.ID
	// equals in its delivery reports. It is opaque; "" = the vendor gives none.
	// Where the vendor gives each segment an id, [SegmentIDs] separates them, and
	// a report may have that of a segment. A driver may add a tag, see [TagID]; a report
	// may lack it.
	ID string
	// Segments is the vendor's own count; 0 = it did not say.
	Segments int
	// Cost is the vendor's own price; nil = it did not say.
	Cost *Money
	// Raw is the vendor's response as JSON. It may hold number and text, never a
	// secret. String, LogValue and JSON leave it out.
	Raw json.RawMessage `json:"-"`
}

// String shows the receipt without Raw. Digits of the ID are not masked: it is
// the vendor's identifier, not a phone number.
func (r Receipt) String() string {
	s := "receipt{id: " + r.ID
	if r.Cost != nil {
		s += ", cost: " + r.Cost.String()
	}
	return s + "}"
}

// GoString redacts like String.
func (r Receipt) GoString() string { return r.String() }

// LogValue redacts like String.
func (r Receipt) LogValue() slog.Value { return slog.StringValue(r.String()) }
