package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Event is something that a vendor tells us later: the status of a message that
// we sent, or a message that a person sent to us.
//
// String, LogValue and %+v show neither numbers nor text.
type Event struct {
	Kind EventKind
	// ID is the Receipt.ID of the message that the event is about, or one of its
	// [SegmentIDs] if the driver does not know the others; for an inbound message
	// it is the vendor's id of that message.
	ID  string
	Ref string // our Message.Ref, where the vendor echoes it
	// Attempt is Message.Attempt, read back from the callback URL; "" = the vendor
	// was given none, or calls a URL of its own.
	Attempt string
	At      time.Time // when it happened, by the vendor; zero = it did not say
	// Segment says that the event is about one segment of a message, where the
	// vendor tells of each by itself. nil = the event is about the whole message.
	Segment *EventSegment

	// For reports.
	Status       Status
	Final        bool   // the vendor will not change the status again
	Code         Code   // why it was not delivered; "" = it was, or the vendor did not say
	VendorStatus string // the vendor's own word, which may have numbers and text: [Mask] it where it is shown
	VendorCode   string
	Segments     int // 0 = the vendor did not say
	Cost         *Money
	MCCMNC       string // network, "20210"

	// For inbound messages; a report may have From and To as well.
	From      string // E.164 with plus, or the vendor's own text if it is not a number
	To        string
	Text      string
	InReplyTo string // Receipt.ID of the message it replies to

	// Extra holds what only this vendor reports, under keys without a prefix.
	Extra map[string]string
	// Raw is the vendor's event as JSON; it is left out of String, LogValue and JSON.
	Raw json.RawMessage `json:"-"`
}

// EventSegment is the segment that an [Event] is about. The Text of an inbound
// message is then that of this segment alone; the events of the others have the
// same From, To and Segment.Ref. Event.Status of a report is what the segment's
// status means for the whole message: while other segments are outstanding, a
// segment that was delivered means that the message is sent.
type EventSegment struct {
	Ref    string // what the segments of one message have in common; "" = Event.ID
	Number int    // from 1; 0 = the vendor did not say
	Of     int    // how many segments the message has, at least 2
	Status Status // of this segment alone; "" for an inbound message
}

// EventKind is the kind of an [Event].
type EventKind string

// The kinds.
const (
	Report     EventKind = "report"     // the status of a message changed
	Inbound    EventKind = "inbound"    // a person sent a message
	Engagement EventKind = "engagement" // a person read it or opened a link; the status is unchanged
	Unreadable EventKind = "unreadable" // an item of a callback that could not be read, see [UnreadableItem]
)

// UnreadableItem is an event for an item of a batch that a driver cannot read, so that the
// others are not held back and this one is kept: Raw is the item as the vendor sent it,
// without secrets, VendorStatus what is wrong with it.
func UnreadableItem(item []byte, why error) Event {
	return Event{Kind: Unreadable, Raw: bytes.Clone(item), VendorStatus: Mask(why.Error())}
}

// CheckReadable returns events unless all of them are [Unreadable]. Then it returns an error,
// so that the callback is kept as a whole: a driver ends ParseCallback with it.
func CheckReadable(events []Event) ([]Event, error) {
	for i := range events {
		if events[i].Kind != Unreadable {
			return events, nil
		}
	}
	if len(events) == 0 {
		return events, nil
	}
	return nil, errors.New(events[0].VendorStatus)
}

// Status is a message's status as far as the vendor knows.
type Status string

// The statuses of an [Event]. Whether one is the last is in Event.Final: vendors differ.
const (
	StatusAccepted    Status = "accepted"    // the vendor has the message
	StatusQueued      Status = "queued"      // it waits at the vendor, for its time or for its turn
	StatusSent        Status = "sent"        // the vendor has passed it on, to a carrier or another vendor
	StatusDelivered   Status = "delivered"   // the phone has it
	StatusUndelivered Status = "undelivered" // it cannot be delivered
	StatusExpired     Status = "expired"     // its validity has passed before it was delivered
	StatusRejected    Status = "rejected"    // the vendor or the carrier refuses it
	StatusCancelled   Status = "cancelled"   // it was withdrawn
	StatusUnknown     Status = "unknown"     // the vendor does not know, or its word is in no table
)

// Statuses lists all statuses.
func Statuses() []Status {
	return []Status{
		StatusAccepted, StatusQueued, StatusSent, StatusDelivered, StatusUndelivered,
		StatusExpired, StatusRejected, StatusCancelled, StatusUnknown,
	}
}

// String describes the event without numbers or text.
func (e Event) String() string {
	return "event{" + string(e.Kind) + ", id: " + e.ID + ", status: " + string(e.Status) + "}"
}

// GoString redacts like String.
func (e Event) GoString() string { return e.String() }

// LogValue redacts like String.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("kind", string(e.Kind)), slog.String("id", e.ID),
		slog.String("status", string(e.Status)), slog.String("code", string(e.Code)))
}

// Callback is a vendor's HTTP request to us, as data, so that it can be parsed
// from a file and sent to another process.
//
// String, LogValue and %+v show neither the body nor the query, which may hold
// a secret.
type Callback struct {
	Method     string
	URL        string // the public URL that the vendor called, query included
	Query      url.Values
	Header     http.Header
	Body       []byte
	RemoteIP   string    // the vendor's address as far as the receiver knows it; "" = unknown
	ReceivedAt time.Time // for vendors that sign a date
}

// String describes the callback by its method and the size of its body.
func (c Callback) String() string {
	return "callback{" + c.Method + ", " + strconv.Itoa(len(c.Body)) + " bytes}"
}

// GoString redacts like String.
func (c Callback) GoString() string { return c.String() }

// LogValue redacts like String.
func (c Callback) LogValue() slog.Value { return slog.StringValue(c.String()) }

// ErrBadSignature is wrapped by ParseCallback's error when a callback is not
// proven to come from the vendor. It is not a [Code], because it says nothing
// about a message.
var ErrBadSignature = errors.New("callback: signature missing or wrong")
