package demo

import "github.com/anysms/anysms/provider"

// Sent is a message and its result.
type Sent struct {
	To, Text          string
	Status            provider.Outcome
	DuplicatePossible bool
	Segments          int
}

// Held is a message that a vendor received.
type Held struct {
	Vendor, To, Text string
}

// Ledger compares the results with what the vendors received.
type Ledger struct {
	Messages int `json:"messages"`
	Segments int `json:"segments"` // of the accepted ones

	// Messages by result.
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	NotSent  int `json:"not_sent"`
	Unknown  int `json:"unknown"`

	// What the vendors received.
	AtVendors           map[string]int `json:"at_vendors"`           // messages at each
	UnknownHeld         int            `json:"unknown_held"`         // unknown messages that a vendor received
	AnnouncedDuplicates int            `json:"announced_duplicates"` // received twice, and the result said that this is possible

	// What must not happen.
	Lost             int `json:"lost"`              // accepted, but no vendor received it unchanged
	SilentDuplicates int `json:"silent_duplicates"` // received twice, and the result did not say so
	Denied           int `json:"denied"`            // refused or not sent, but a vendor received it
	Strays           int `json:"strays"`            // received, but never sent
}

// Sound reports whether nothing happened that must not.
func (l *Ledger) Sound() bool {
	return l.Lost+l.SilentDuplicates+l.Denied+l.Strays == 0
}

// Audit compares. Each message must have a different recipient.
func Audit(sent []Sent, held []Held) *Ledger {
	l := &Ledger{Messages: len(sent), AtVendors: make(map[string]int)}
	type key struct{ to, text string }
	copies := make(map[key]int)
	for _, h := range held {
		l.AtVendors[h.Vendor]++
		copies[key{h.To, h.Text}]++
	}
	for _, s := range sent {
		k := key{s.To, s.Text}
		l.add(s, copies[k])
		delete(copies, k)
	}
	for _, n := range copies {
		l.Strays += n
	}
	return l
}

// add counts one message, of which the vendors received copies copies.
func (l *Ledger) add(s Sent, copies int) {
	switch s.Status {
	case provider.OutcomeAccepted:
		l.Accepted++
		l.Segments += s.Segments
		if copies == 0 {
			l.Lost++
		}
	case provider.OutcomeUnknown:
		l.Unknown++
		if copies > 0 {
			l.UnknownHeld++
		}
	case provider.OutcomeRefused:
		l.Refused++
		l.deny(copies)
	default:
		l.NotSent++
		l.deny(copies)
	}
	switch {
	case copies < 2:
	case s.DuplicatePossible:
		l.AnnouncedDuplicates++
	default:
		l.SilentDuplicates++
	}
}

func (l *Ledger) deny(copies int) {
	if copies > 0 {
		l.Denied++
	}
}
