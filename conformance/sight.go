package conformance

import (
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// values are all the values of a request.
type values []string

func (v values) has(s string) bool { return slices.Contains(v, s) }

// hasNumber also finds it in lists such as "306900000001,306900000002".
func (v values) hasNumber(n e164.Number) bool {
	return v.numbers(n) > 0
}

// isNumber reports whether s is n in a form that vendors use.
func isNumber(s string, n e164.Number) bool {
	s = strings.TrimPrefix(strings.TrimSpace(s), "tel:")
	_, national := n.Split()
	switch n.Digits() {
	case s, strings.TrimPrefix(s, "+"), strings.TrimPrefix(s, "00"):
		return true
	}
	return s == national || s == "0"+national
}

// numbers counts how often a number is among the values.
func (v values) numbers(n e164.Number) int {
	count := 0
	for _, value := range v {
		for part := range strings.SplitSeq(value, ",") {
			count += asOne(isNumber(part, n))
		}
	}
	return count
}

// sighting is what a request has of a message.
type sighting struct {
	message *provider.Message // nil = none of the messages of the case
	exact   bool              // with its text unchanged
}

// sight finds which of the messages a request sends. Of several to one number, it is
// one whose text is in the request, if there is one.
func sight(rq Request, messages []*provider.Message) sighting {
	v := values(rq.Values)
	var found sighting
	for _, m := range messages {
		var s sighting
		switch {
		case rq.Decoded && isNumber(rq.To, m.To):
			s = sighting{m, rq.Text == m.Text}
		case !rq.Decoded && v.hasNumber(m.To):
			s = sighting{m, v.has(m.Text)}
		}
		if s.exact {
			return s
		}
		if found.message == nil {
			found = s
		}
	}
	return found
}
