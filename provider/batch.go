package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider/e164"
)

// BatchRule is a condition on the messages of one batch request. It is data, so
// that recipes and plugins can state it too.
type BatchRule string

// The rules. Same means equal in this field, for all messages of the request.
const (
	SameText     BatchRule = "same_text"
	SameFrom     BatchRule = "same_from"
	SameSendAt   BatchRule = "same_send_at"
	SameValidity BatchRule = "same_validity"
	SameClass    BatchRule = "same_class"
	SameExtra    BatchRule = "same_extra"
	DistinctTo   BatchRule = "distinct_to" // no recipient twice
)

var batchRules = []BatchRule{SameText, SameFrom, SameSendAt, SameValidity, SameClass, SameExtra, DistinctTo}

// ParseBatchRule returns the rule with a name, such as "same_text".
func ParseBatchRule(name string) (BatchRule, error) {
	if r := BatchRule(name); slices.Contains(batchRules, r) {
		return r, nil
	}
	return "", fmt.Errorf("unknown batch rule %q; want one of %s", name, joined(batchRules))
}

func joined(rules []BatchRule) string {
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// BatchKey is comparable. Messages with equal keys may share a request, except
// that [DistinctTo] also forbids a recipient twice.
type BatchKey struct {
	text, from, extra string
	class             Class
	validity          time.Duration
	sendAt            time.Time
}

// BatchKey returns the message's key under c's BatchRules.
func (c Capabilities) BatchKey(m *Message) BatchKey {
	var k BatchKey
	for _, r := range c.BatchRules {
		switch r {
		case SameText:
			k.text = m.Text
		case SameFrom:
			k.from = m.From
		case SameSendAt:
			k.sendAt = m.SendAt.Round(0).UTC()
		case SameValidity:
			k.validity = m.Validity
		case SameClass:
			k.class = m.Class
		case SameExtra:
			k.extra = flat(m.Extra)
		}
	}
	return k
}

// flat returns a string that is equal for equal maps alone.
func flat(extra map[string]string) string {
	if len(extra) == 0 {
		return ""
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		fmt.Fprintf(&b, "%q=%q,", key, extra[key])
	}
	return b.String()
}

// SendBatch hands messages to p, one request after another, and returns one verdict
// per message, in the same order. Each request holds at most
// Capabilities.MaxBatch messages, which meet the BatchRules. Once the context has
// ended, messages of requests that were not begun are [Unavailable]: nothing of
// them was written.
func SendBatch(ctx context.Context, p Provider, ms []*Message) []Verdict {
	b, ok := supports[BatchSender](p, HasBatch)
	caps := p.Capabilities()
	if !ok || caps.MaxBatch < 1 {
		return sameVerdict(len(ms), unsupported("batch"))
	}
	verdicts := make([]Verdict, len(ms))
	for _, places := range caps.requests(ms) {
		part := make([]*Message, len(places))
		for i, place := range places {
			part[i] = ms[place]
		}
		var answered []Verdict
		if err := ctx.Err(); err != nil {
			answered = sameVerdict(len(part), &Error{Code: Unavailable, Err: err})
		} else {
			answered = complete(b.SendBatch(ctx, part), len(part))
		}
		for i, place := range places {
			verdicts[place] = answered[i]
		}
	}
	return verdicts
}

// requests sorts the places of messages into requests, in the order of the first
// message of each.
func (c Capabilities) requests(ms []*Message) [][]int {
	type request struct {
		places []int
		to     map[e164.Number]bool // nil without DistinctTo
	}
	distinct := slices.Contains(c.BatchRules, DistinctTo)
	var all []*request
	open := make(map[BatchKey]*request)
	for i, m := range ms {
		key := c.BatchKey(m)
		r := open[key]
		if r == nil || len(r.places) == c.MaxBatch || r.to[m.To] {
			r = &request{}
			if distinct {
				r.to = make(map[e164.Number]bool)
			}
			open[key] = r
			all = append(all, r)
		}
		r.places = append(r.places, i)
		if distinct {
			r.to[m.To] = true
		}
	}
	places := make([][]int, len(all))
	for i, r := range all {
		places[i] = r.places
	}
	return places
}

// complete enforces the rule of one verdict per message on a driver that broke
// it: a message without a verdict may have been sent.
func complete(vs []Verdict, n int) []Verdict {
	if len(vs) != n {
		return sameVerdict(n, NewError(Indeterminate, "the driver did not return one verdict for each message of the batch"))
	}
	for i, v := range vs {
		vs[i] = v.Checked()
	}
	return vs
}

func sameVerdict(n int, err error) []Verdict {
	vs := make([]Verdict, n)
	for i := range vs {
		vs[i].Err = err
	}
	return vs
}
