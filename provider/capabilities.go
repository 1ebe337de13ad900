package provider

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Capabilities is what a configured account can do. Compare two with Equal.
type Capabilities struct {
	Features      Feature
	MaxSegments   int           // 0 = none known
	MaxCharacters int           // code points; 0 = none
	MaxBatch      int           // messages in one SendBatch request; 0 = no batch
	BatchRules    []BatchRule   // which messages may share a request; none = any
	FindSettles   time.Duration // after this long "not found" is proof; 0 = never
	ReplayFor     time.Duration // life of the vendor's own idempotency key, which is Message.Ref; 0 = it has none
	RateLimit     float64       // requests per second that the vendor allows an account; 0 = unknown
	MaxInFlight   int           // requests at the same time that the vendor allows an account; 0 = unknown
}

// Has reports whether every bit of f is set.
func (c Capabilities) Has(f Feature) bool { return c.Features&f == f }

// Equal reports whether c and d are the same.
func (c Capabilities) Equal(d Capabilities) bool {
	return c.Features == d.Features && c.MaxSegments == d.MaxSegments && c.MaxCharacters == d.MaxCharacters &&
		c.MaxBatch == d.MaxBatch && slices.Equal(c.BatchRules, d.BatchRules) &&
		c.FindSettles == d.FindSettles && c.ReplayFor == d.ReplayFor &&
		c.RateLimit == d.RateLimit && c.MaxInFlight == d.MaxInFlight
}

// String lists the features, then the limits that are set.
func (c Capabilities) String() string {
	parts := []string{"features " + cmp.Or(c.Features.String(), "none")}
	add := func(name string, value any, set bool) {
		if set {
			parts = append(parts, fmt.Sprintf("%s %v", name, value))
		}
	}
	add("max_segments", c.MaxSegments, c.MaxSegments != 0)
	add("max_characters", c.MaxCharacters, c.MaxCharacters != 0)
	add("max_batch", c.MaxBatch, c.MaxBatch != 0)
	add("batch_rules", joined(c.BatchRules), len(c.BatchRules) != 0)
	add("find_settles", c.FindSettles, c.FindSettles != 0)
	add("replay_for", c.ReplayFor, c.ReplayFor != 0)
	add("rate_limit", c.RateLimit, c.RateLimit != 0)
	add("max_in_flight", c.MaxInFlight, c.MaxInFlight != 0)
	return strings.Join(parts, "; ")
}

// Feature is a set of abilities, one bit each.
type Feature uint32

// One bit per optional interface, then what Send understands.
const (
	HasBatch        Feature = 1 << iota // [BatchSender]
	HasStatus                           // [StatusReader]
	HasFind                             // [Finder]
	HasCancel                           // [Canceller]
	HasBalance                          // [BalanceReader]
	HasQuote                            // [Quoter]
	HasVerify                           // [Verifier]
	HasCallbacks                        // [CallbackParser]
	HasInbox                            // [InboxReader]
	HasEvents                           // [EventSource]
	HasCheck                            // [Checker]
	CanSchedule                         // Message.SendAt
	CanSetValidity                      // Message.Validity
	CanChooseSender                     // Message.From
)

// featureNames are the bits' names in text, in the order of the bits.
var featureNames = [...]string{
	"batch", "status", "find", "cancel", "balance", "quote", "verify", "callbacks", "inbox", "events", "check",
	"schedule", "validity", "choose_sender",
}

// Names lists the set bits' names in the order of the bits: "batch", "status",
// "find", "cancel", "balance", "quote", "verify", "callbacks", "inbox",
// "events", "check", "schedule", "validity", "choose_sender".
func (f Feature) Names() []string {
	names := make([]string, 0, len(featureNames))
	for i, name := range featureNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String is the names joined by commas.
func (f Feature) String() string { return strings.Join(f.Names(), ",") }

// MarshalJSON writes the names as a list.
func (f Feature) MarshalJSON() ([]byte, error) { return json.Marshal(f.Names()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Feature) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return err
	}
	*f = 0
	for _, name := range names {
		bit, err := ParseFeature(name)
		if err != nil {
			return err
		}
		*f |= bit
	}
	return nil
}

// ParseFeature finds the bit with a name.
func ParseFeature(name string) (Feature, error) {
	for i, n := range featureNames {
		if n == name {
			return 1 << i, nil
		}
	}
	return 0, fmt.Errorf("unknown feature %q; want one of %s", name, strings.Join(featureNames[:], ", "))
}
