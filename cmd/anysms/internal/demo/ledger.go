package demo

import "github.com/anysms/anysms/provider"

// Sent is a message and what the router said of it.
type Sent struct {
	To, Text          string
	Status            provider.Outcome
	DuplicatePossible bool
	Segments          int
}

// Held is a message that a vendor has.
type Held struct {
	Vendor, To, Text string
}

// Ledger compares what the router said with what the vendors have.
type Ledger struct {
	Messages int `json:"messages"`
	Segments int `json:"segments"` // of the accepted ones

	// What the router said.
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	NotSent  int `json:"not_sent"`
	Unknown  int `json:"unknown"`

	// What the vendors have.
	AtVendors           map[string]int `json:"at_vendors"`           // messages at each
	UnknownHeld         int            `json:"unknown_held"`         // of the unknown ones, those that a vendor has
	AnnouncedDuplicates int            `json:"announced_duplicates"` // there twice, and the result said that it is possible

	// What must not be.
	Lost             int `json:"lost"`              // called accepted, and no vendor has it as it was written
	SilentDuplicates int `json:"silent_duplicates"` // there twice, and the result did not say so
	Denied           int `json:"denied"`            // called refused or not sent, and a vendor has it
	Strays           int `json:"strays"`            // at a vendor, and nobody sent it
}

// Sound reports whether nothing is there that must not be.
func (l *Ledger) Sound() bool {
	return l.Lost+l.SilentDuplicates+l.Denied+l.Strays == 0
}

// Audit compares. Every message must have a recipient of its own.
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

// add counts one message, of which the vendors have so many copies.
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
