package conformance

import (
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// scheduled sends messages for two times and looks for these in the requests.
func scheduled(t *trial) {
	b := t.bench(accept)
	first := time.Now().Add(26 * time.Hour).Truncate(time.Hour).UTC()
	if !b.has(provider.CanSchedule) {
		b.refusesOption(func(m *provider.Message) { m.SendAt = first })
		return
	}
	// The second has another date in some zones, and is given in one of them.
	second := first.Add(7*time.Hour + 37*time.Minute).In(time.FixedZone("", -5*60*60))
	for _, at := range []time.Time{first, second} {
		set := func(m *provider.Message) { m.SendAt = at }
		own, refused := b.ownValues(set, at.Equal(second))
		if refused || t.lab == nil {
			continue
		}
		if !b.hasTime(own, at) {
			t.failf("SendAt %s is not in the request%s; the values that a message without it does not have: %q",
				at.Format(time.RFC3339), t.formHint(), own)
		}
	}
}

func (t *trial) formHint() string {
	if t.sendAt != nil {
		return " in the form that accepted." + t.lab.Extension() + " gives"
	}
	return ""
}

// hasTime looks for a time. In a form that the suite does not know, it cannot say.
func (b *bench) hasTime(own []string, at time.Time) bool {
	forms := learnedForms()
	if b.sendAt != nil {
		forms = []timeForm{*b.sendAt}
	}
	read := false
	for _, f := range forms {
		for _, value := range own {
			got, ok := f.read(value)
			read = read || ok && got.Sub(at).Abs() < 72*time.Hour
			if ok && got.Equal(at) {
				return true
			}
		}
	}
	if !read && b.sendAt == nil && len(own) > 0 {
		b.unproven(`the capability schedule is set, but the suite cannot read the vendor's form of a time among %q; say it in accepted.%s, such as "# send_at: 2006-01-02 15:04:05 in Europe/Athens"`,
			own, b.lab.Extension())
	}
	return false
}

// validityKept sends messages with two validities and looks for these in the
// requests.
func validityKept(t *trial) {
	b := t.bench(accept)
	if !b.has(provider.CanSetValidity) {
		b.refusesOption(func(m *provider.Message) { m.Validity = time.Hour })
		return
	}
	for _, validity := range []time.Duration{time.Hour, 3 * time.Hour} {
		given := time.Now()
		own, _ := b.ownValues(func(m *provider.Message) { m.Validity = validity }, false)
		if t.lab == nil {
			continue
		}
		if t.validity == nil {
			t.unproven(`the capability validity is set, but a number does not show its unit; say it in accepted.%s, such as "# validity: seconds"`, t.lab.Extension())
		}
		if !slices.ContainsFunc(own, func(v string) bool { return t.validity.is(v, validity, given) }) {
			t.failf("Validity %s is not in the request in the form that accepted.%s gives; the values that a message without it does not have: %q",
				validity, t.lab.Extension(), own)
		}
	}
}

// refusesOption checks that a message with an option that the driver does not claim
// is refused.
func (b *bench) refusesOption(set func(*provider.Message)) {
	m := b.message("Hello")
	set(m)
	b.wantUnsupported(m)
}

// ownValues sends a message with an option and without it. It returns the values
// that only the first request has. refused is true if the driver refuses the option
// as unsupported without a request, which mayRefuse permits.
func (b *bench) ownValues(set func(*provider.Message), mayRefuse bool) (own []string, refused bool) {
	b.reset(accept)
	plain, with := b.plain("Hello"), b.plain("Hello")
	set(with)
	b.wantAccepted(b.send(plain))
	r := b.send(with)
	if mayRefuse && provider.CodeOf(r.err) == provider.Unsupported && b.count() <= 1 {
		return nil, true
	}
	b.wantAccepted(r)
	if b.lab == nil {
		return nil, false
	}
	b.wantSends(2)
	requests := b.taken()
	if len(requests) < 2 {
		return nil, false
	}
	for _, v := range requests[1].Values {
		if !values(requests[0].Values).has(v) && !isNumber(v, with.To) && v != with.Ref && !slices.Contains(own, v) {
			own = append(own, v)
		}
	}
	return own, false
}
