package guard

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// Senders chooses the sender of a message, and checks senders by country.
type Senders struct {
	// Choices are tried in order; the first that matches a message without a From gives
	// it one.
	Choices []Choice
	// Rules says which countries take names; nil = no such check.
	Rules *SenderRules
	// Registered are names that were registered, by country.
	Registered map[string][]string
	// RequireRegistration keeps a name that is not in Registered from countries that
	// want it registered. Without it such a name passes, and Explain says so.
	RequireRegistration bool
}

// Choice is a sender, or a pool of them, for some messages.
type Choice struct {
	Match
	// From are the senders. A recipient always gets the same one of a pool, also when
	// others are added or removed, as far as that is possible.
	From []string
	// Rate is how many segments each of them sends in a second; 0 = no limit. A message
	// that would have to wait longer than it may is deferred.
	Rate float64
}

func (s *Senders) setUp(path string) error {
	for i := range s.Choices {
		c := &s.Choices[i]
		at := fmt.Sprintf("%s.choose[%d]", path, i)
		if len(c.From) == 0 {
			return provider.ConfigErrorf(at+".from", "must not be empty; want a sender or a list of them")
		}
		for j, from := range c.From {
			if from == "" || slices.Contains(c.From[:j], from) {
				return provider.ConfigErrorf(at+".from", "%q is empty or listed twice", from)
			}
		}
		if c.Rate < 0 {
			return provider.ConfigErrorf(at+".rate", "%v; want segments per second, or 0 for no limit", c.Rate)
		}
		if err := c.check(at); err != nil {
			return err
		}
	}
	for country := range s.Registered {
		if err := checkCountries(path+".registered", []string{country}); err != nil {
			return err
		}
	}
	if s.RequireRegistration && s.Rules == nil {
		return provider.ConfigErrorf(path+".require_registration", "has no effect without rules")
	}
	return nil
}

// choose returns the sender of a message that has none.
func (s *Senders) choose(m *provider.Message) string {
	t := traitsOf(m, "", "")
	for i := range s.Choices {
		c := &s.Choices[i]
		if len(c.Countries) > 0 && t.country == "" {
			t.country = countryOf(m)
		}
		if c.takes(&t) {
			return c.pick(m.To)
		}
	}
	return ""
}

// pick chooses by rendezvous hashing: each sender draws a number for the recipient, and
// the highest has it. So a sender that comes or goes moves only its own recipients.
func (c *Choice) pick(to e164.Number) string {
	if len(c.From) == 1 {
		return c.From[0]
	}
	var best string
	var highest uint64
	for _, from := range c.From {
		if x := draw(from, to.Uint64()); best == "" || x > highest {
			best, highest = from, x
		}
	}
	return best
}

// draw hashes a sender and a number, alike in every process: FNV-1a, and the last steps of
// MurmurHash3, as FNV alone leaves its last bytes too even.
func draw(from string, number uint64) uint64 {
	x := uint64(14695981039346656037)
	for i := range len(from) {
		x = (x ^ uint64(from[i])) * 1099511628211
	}
	x = (x ^ number) * 1099511628211
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// ruled reports whether there are rules for a sender: for names only.
func (s *Senders) ruled(from string) bool { return s.Rules != nil && isName(from) }

// unfit says why a country does not take a name; "" = it does, as far as is known.
func (s *Senders) unfit(from, country string) string {
	rule, ok := s.Rules.Of(country)
	switch {
	case !ok:
		return ""
	case !rule.Alphanumeric:
		return country + " takes only numeric senders"
	case s.RequireRegistration && rule.Registration && !s.registered(from, country):
		return country + " takes only registered names, and this one is not listed as registered"
	}
	return ""
}

// advice is what people should know of a name that passes.
func (s *Senders) advice(from, country string) string {
	rule, ok := s.Rules.Of(country)
	switch {
	case !ok:
		return "no rule is known for " + cmp.Or(country, "this number")
	case rule.Registration && !s.registered(from, country):
		return country + " wants names registered, and this one is not listed as registered"
	}
	return ""
}

func (s *Senders) registered(from, country string) bool {
	return slices.ContainsFunc(s.Registered[country], func(name string) bool { return strings.EqualFold(name, from) })
}

// Allowed lists the only countries that messages may go to; nil = there is no such list.
func (p *Policy) Allowed() []string { return p.options.Countries.Allow }

// CheckSender says why countries do not take a sender, by the rules, or not yet: a name
// that must be registered and is not listed. Countries that the policy does not allow are
// left out.
func (p *Policy) CheckSender(from string, countries []string) (reasons []string) {
	s := &p.options.Senders
	if !s.ruled(from) {
		return nil
	}
	allowed := p.Allowed()
	for _, country := range countries {
		if slices.Contains(p.options.Countries.Deny, country) || len(allowed) > 0 && !slices.Contains(allowed, country) {
			continue
		}
		rule, known := s.Rules.Of(country)
		if !known {
			continue
		}
		if reason := cmp.Or(s.unfit(from, country), s.advice(from, country)); reason != "" {
			reasons = append(reasons, fmt.Sprintf("%q: %s (%s, %s)", from, reason, rule.Source, rule.Date))
		}
	}
	return reasons
}

// Choices returns the senders that messages without one get.
func (p *Policy) Choices() []Choice { return slices.Clone(p.options.Senders.Choices) }

// isName reports whether a sender is a name, not a number or a short code. "" is the
// vendor's own, of which nothing is known.
func isName(from string) bool {
	return strings.Trim(strings.TrimPrefix(from, "+"), "0123456789") != ""
}

// String describes the rules; "" = there are none.
func (s *Senders) String() string {
	var parts []string
	for i := range s.Choices {
		c := &s.Choices[i]
		part := strings.Join(c.From, ", ") + about(&c.Match)
		if c.Rate > 0 {
			part += fmt.Sprintf(" at %v segments/s", c.Rate)
		}
		parts = append(parts, part)
	}
	if s.Rules != nil {
		parts = append(parts, fmt.Sprintf("rules of %d countries", len(s.Rules.rules)))
	}
	return strings.Join(parts, "; ")
}

// paces are the rates of senders.
type paces map[string]router.Limiter

func (s *Senders) paces(limiter func(from string, perSecond float64) (router.Limiter, error)) (paces, error) {
	list := make(paces)
	for i := range s.Choices {
		c := &s.Choices[i]
		for _, from := range c.From {
			if c.Rate == 0 || list[from] != nil {
				continue
			}
			l, err := limiter(from, c.Rate)
			if err != nil {
				return nil, err
			}
			list[from] = l
		}
	}
	return list, nil
}

// wait waits until the message's sender may send it.
func (ps paces) wait(ctx context.Context, p *passage, sleep func(context.Context, time.Duration) error) error {
	l := ps[p.Message.From]
	if l == nil {
		return nil
	}
	wait, ok, err := l.Reserve(ctx, max(1, p.Segments), p.Patience)
	if err != nil {
		return err
	}
	if !ok {
		return &router.Deferred{Until: p.now.Add(wait), Reason: "senders: the sender is at its segment rate"}
	}
	if wait <= 0 {
		return nil
	}
	began := time.Now()
	if err := sleep(ctx, wait); err != nil {
		_ = l.Return(context.WithoutCancel(ctx), max(1, p.Segments), wait-time.Since(began)) // there is an error already
		return err
	}
	return nil
}
