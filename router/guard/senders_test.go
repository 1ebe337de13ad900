package guard_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

func TestSenderOfCountryAndClass(t *testing.T) {
	b := start(t, guard.Options{Senders: guard.Senders{Choices: []guard.Choice{
		{Match: guard.Match{Countries: []string{"GR"}, Classes: []provider.Class{provider.OTP}}, From: []string{"Codes"}},
		{Match: guard.Match{Countries: []string{"GR"}}, From: []string{"Shop"}},
	}}}, nil)
	own := to(greek)
	own.From = "Mine"
	for i, m := range []*provider.Message{codeOf(greek), to(greek), to(french), own} {
		assert.Empty(t, b.send(m))
		assert.Equal(t, []string{"Codes", "Shop", "", "Mine"}[i], b.vendor.Messages()[i].Message.From)
	}
}

func TestPoolIsSticky(t *testing.T) {
	pool := []string{"+12025550101", "+12025550102", "+12025550103", "+12025550104"}
	chosen := func(pool []string) (of map[e164.Number]string, count map[string]int) {
		p, err := guard.New(guard.Options{Senders: guard.Senders{Choices: []guard.Choice{{From: pool}}}})
		require.NoError(t, err)
		of, count = make(map[e164.Number]string), make(map[string]int)
		for i := range 4000 {
			n := e164.MustParse(fmt.Sprintf("+3069%08d", i))
			of[n] = p.Sender(to(n))
			count[of[n]]++
			assert.Equal(t, of[n], p.Sender(to(n)))
		}
		return of, count
	}
	before, count := chosen(pool)
	for from, n := range count {
		assert.InDelta(t, 1000, n, 150, from)
	}
	after, _ := chosen(pool[:3])
	for n, from := range before {
		if from != pool[3] {
			require.Equal(t, from, after[n], "only the recipients of the sender that went get another one")
		}
	}
}

func TestSegmentRateOfASender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, guard.Options{Senders: guard.Senders{Choices: []guard.Choice{{From: []string{"+12025550101"}, Rate: 2}}}}, nil)
		began := time.Now()
		assert.Empty(t, b.send(to(greek)))
		assert.Empty(t, b.send(to(greek)))
		assert.Equal(t, 500*time.Millisecond, time.Since(began))
		long := to(greek)
		long.Text = strings.Repeat("a", 600) // four segments
		assert.Empty(t, b.send(long))
		res, err := b.Send(t.Context(), to(greek))
		require.Error(t, err)
		require.NotNil(t, res.Deferred, "more than a second")
		assert.Equal(t, 2*time.Second, time.Until(res.Deferred.Until))

		results, err := b.SendAll(t.Context(), func(yield func(*provider.Message) bool) {
			for range 10 {
				if !yield(to(greek)) {
					return
				}
			}
		})
		require.NoError(t, err)
		began = time.Now()
		for _, err := range results {
			require.NoError(t, err)
		}
		assert.Equal(t, 6500*time.Millisecond, time.Since(began), "SendAll waits for as long as it would for a provider")
	})
}

const someRules = `country,alphanumeric,registration,source,date,note
# a comment
US,no,no,https://example.com/us,2026-11-21,
GR,yes,no,https://example.com/gr,2026-11-21,a note
IN,yes,yes,https://example.com/in,2026-11-21,
`

func TestSenderRules(t *testing.T) {
	rules, err := guard.ReadSenderRules(strings.NewReader(someRules), "rules.csv")
	require.NoError(t, err)
	assert.Equal(t, []string{"GR", "IN", "US"}, rules.Countries())
	american, indian := e164.MustParse("+12125550123"), e164.MustParse("+919812345678")
	o := guard.Options{Senders: guard.Senders{Rules: rules, Registered: map[string][]string{"IN": {"SHOPIN"}}, RequireRegistration: true}}
	b := start(t, o, nil)
	for _, c := range []struct {
		to   e164.Number
		from string
		code provider.Code
	}{
		{american, "Shop", provider.Unsupported},
		{american, "+12025550101", ""},
		{american, "12345", ""},
		{american, "", ""},
		{greek, "Shop", ""},
		{french, "Shop", ""},
		{indian, "Shop", provider.Unsupported},
		{indian, "shopin", ""},
	} {
		m := to(c.to)
		m.From = c.from
		assert.Equal(t, c.code, b.send(m), "%s from %q", c.to, c.from)
	}
	m := to(american)
	m.From = "Shop"
	assert.Equal(t, "US takes only numeric senders", b.Plan(m).Candidates[0].Reason)
}

func TestRuleFileWithAHole(t *testing.T) {
	head := "country,alphanumeric,registration,source,date,note\n"
	for file, want := range map[string]string{
		"":                                "r.csv: is empty; want a header: country,alphanumeric,registration,source,date,note",
		"country,source\n":                "r.csv:1: the column alphanumeric is missing; want country,alphanumeric,registration,source,date,note",
		head + "GR,yes,no,,2026-11-21,\n": "r.csv:2: source: must not be empty: a rule is whole or not there",
		head + "\nGR,yes,,https://x,2026-11-21,\n":                                 "r.csv:3: registration: must not be empty: a rule is whole or not there",
		head + "GR,maybe,no,https://x,2026-11-21,\n":                               `r.csv:2: alphanumeric: "maybe"; want yes or no`,
		head + "XX,yes,no,https://x,2026-11-21,\n":                                 `r.csv:2: country: unknown country "XX"; want an ISO 3166 code such as GR`,
		head + "GR,yes,no,https://x,November,\n":                                   `r.csv:2: date: "November"; want a day such as 2026-11-21`,
		head + "GR,yes,no,https://x,2026-11-21,\nGR,no,no,https://x,2026-11-21,\n": "r.csv:3: country: GR has a rule already",
		head + "GR,yes\n": "r.csv:2: registration: must not be empty: a rule is whole or not there",
	} {
		_, err := guard.ReadSenderRules(strings.NewReader(file), "r.csv")
		assert.EqualError(t, err, want)
	}
}

// TestBuiltInRules: every row has a source, and the countries with the most people are
// there.
func TestBuiltInRules(t *testing.T) {
	rules, err := guard.LoadSenderRules("")
	require.NoError(t, err)
	for c := range strings.FieldsSeq(`IN CN US ID PK NG BR BD RU ET MX JP EG PH CD VN IR TR DE TH GB TZ FR ZA IT KE MM CO KR
		UG SD ES AR DZ IQ AF PL CA MA SA UA AO UZ YE PE MY GH MZ NP MG CI AU GR`) {
		_, ok := rules.Of(c)
		if c == "IR" || c == "SD" { // the vendor does not send there
			assert.False(t, ok, c)
			continue
		}
		assert.True(t, ok, c)
	}
	for _, c := range rules.Countries() {
		rule, _ := rules.Of(c)
		assert.True(t, strings.HasPrefix(rule.Source, "https://"), c)
		assert.NotEmpty(t, rule.Date, c)
		assert.False(t, rule.Registration && !rule.Alphanumeric, "%s: a name that does not arrive cannot be registered", c)
	}
}

// TestRateWaitsForAsLongAsItMay: a wait of just the patience is no deferral, and a message
// that gives up waiting takes no turn.
func TestRateWaitsForAsLongAsItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := guard.New(guard.Options{Senders: guard.Senders{Choices: []guard.Choice{{From: []string{"+12025550101"}, Rate: 1}}}})
		require.NoError(t, err)
		m := to(greek)
		m.From = "+12025550101"
		admit := func(ctx context.Context, patience time.Duration) (time.Duration, error) {
			began := time.Now()
			err := p.Admit(ctx, &router.Admission{Message: m, Segments: 1, Patience: patience})
			return time.Since(began), err
		}
		waited, err := admit(t.Context(), 0)
		require.NoError(t, err)
		assert.Zero(t, waited)
		_, err = admit(t.Context(), time.Second-1)
		var later *router.Deferred
		require.ErrorAs(t, err, &later)
		assert.Equal(t, time.Now().Add(time.Second), later.Until)

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		waited, err = admit(ctx, time.Hour)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 300*time.Millisecond, waited)
		waited, err = admit(t.Context(), 700*time.Millisecond)
		require.NoError(t, err)
		assert.Equal(t, 700*time.Millisecond, waited, "as if the other had never been")
	})
}

// shared is a limiter of several machines: it says how long to wait, and notes what it gets
// back.
type shared struct{ returned []time.Duration }

func (*shared) Reserve(context.Context, int, time.Duration) (time.Duration, bool, error) {
	return time.Minute, true, nil
}

func (s *shared) Return(_ context.Context, _ int, left time.Duration) error {
	s.returned = append(s.returned, left)
	return nil
}

func TestOwnLimiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := make(map[string][]float64)
		limiter := new(shared)
		own := func(from string, perSecond float64) (router.Limiter, error) {
			made[from] = append(made[from], perSecond)
			return limiter, nil
		}
		p, err := guard.New(guard.Options{Limiter: own, Senders: guard.Senders{Choices: []guard.Choice{
			{From: []string{"+301", "+302"}, Rate: 2}, {From: []string{"+302", "+303"}, Rate: 5}, {From: []string{"+304"}},
		}}})
		require.NoError(t, err)
		assert.Equal(t, map[string][]float64{"+301": {2}, "+302": {2}, "+303": {5}}, made, "one of each, and none without a rate")
		assert.Equal(t, []string{"senders: +301, +302 at 2 segments/s; +302, +303 at 5 segments/s; +304"}, p.Rules())

		m := to(greek)
		m.From = "+301"
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		require.Error(t, p.Admit(ctx, &router.Admission{Message: m, Segments: 1, Patience: time.Hour}))
		assert.Equal(t, []time.Duration{50 * time.Second}, limiter.returned, "it is told how much of the wait was left")

		other := new(shared)
		require.NoError(t, p.ShareRates(func(string, float64) (router.Limiter, error) { return other, nil }))
		none := errors.New("no database")
		require.ErrorIs(t, p.ShareRates(func(string, float64) (router.Limiter, error) { return nil, none }), none)
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		require.Error(t, p.Admit(ctx, &router.Admission{Message: m, Segments: 1, Patience: time.Hour}))
		assert.Len(t, other.returned, 1)
	})
}

// TestCheckSender names each country that does not take a sender, with the source.
func TestCheckSender(t *testing.T) {
	rules, err := guard.ReadSenderRules(strings.NewReader(someRules), "rules.csv")
	require.NoError(t, err)
	american := `"Shop": US takes only numeric senders (https://example.com/us, 2026-11-21)`
	indian := `"Shop": IN wants names registered, and this one is not listed as registered (https://example.com/in, 2026-11-21)`
	strict := `"Shop": IN takes only registered names, and this one is not listed as registered (https://example.com/in, 2026-11-21)`
	all := []string{"GR", "US", "IN", "FR"} // nothing is known of the last
	for name, tt := range map[string]struct {
		options guard.Options
		from    string
		want    []string
	}{
		"a name":              {guard.Options{}, "Shop", []string{american, indian}},
		"a registered name":   {guard.Options{Senders: guard.Senders{Registered: map[string][]string{"IN": {"SHOP"}}}}, "Shop", []string{american}},
		"with registration":   {guard.Options{Senders: guard.Senders{RequireRegistration: true}}, "Shop", []string{american, strict}},
		"a number":            {guard.Options{}, "+12025550101", nil},
		"a denied country":    {guard.Options{Countries: guard.Countries{Deny: []string{"US"}}}, "Shop", []string{indian}},
		"the only country":    {guard.Options{Countries: guard.Countries{Allow: []string{"IN"}}}, "Shop", []string{indian}},
		"allowed, and denied": {guard.Options{Countries: guard.Countries{Allow: []string{"IN", "US"}, Deny: []string{"IN"}}}, "Shop", []string{american}},
	} {
		tt.options.Senders.Rules = rules
		p, err := guard.New(tt.options)
		require.NoError(t, err)
		assert.Equal(t, tt.want, p.CheckSender(tt.from, all), name)
	}
	none, err := guard.New(guard.Options{})
	require.NoError(t, err)
	assert.Nil(t, none.CheckSender("Shop", all), "no rules")
}

// TestExplainSenders says what people should know of a sender that passes.
func TestExplainSenders(t *testing.T) {
	rules, err := guard.ReadSenderRules(strings.NewReader(someRules), "rules.csv")
	require.NoError(t, err)
	indian := e164.MustParse("+919812345678")
	registered := map[string][]string{"IN": {"SHOPIN"}}
	for name, tt := range map[string]struct {
		senders guard.Senders
		to      e164.Number
		from    string
		want    string // "" = senders are not spoken of
	}{
		"no rules, no choices":   {guard.Senders{}, greek, "Shop", ""},
		"choices only":           {guard.Senders{Choices: []guard.Choice{{From: []string{"+301"}}}}, greek, "Shop", "Shop"},
		"rules only":             {guard.Senders{Rules: rules}, greek, "Shop", "Shop"},
		"the vendor's own":       {guard.Senders{Rules: rules}, french, "", "the provider's own sender"},
		"nothing is known":       {guard.Senders{Rules: rules}, french, "Shop", "Shop: no rule is known for FR"},
		"a number":               {guard.Senders{Rules: rules}, french, "+301", "+301"},
		"not registered":         {guard.Senders{Rules: rules, Registered: registered}, indian, "Shop", "Shop: IN wants names registered, and this one is not listed as registered"},
		"registered":             {guard.Senders{Rules: rules, Registered: registered}, indian, "ShopIn", "ShopIn"},
		"no registration wanted": {guard.Senders{Rules: rules, Registered: registered}, greek, "Shop", "Shop"},
	} {
		p, err := guard.New(guard.Options{Senders: tt.senders})
		require.NoError(t, err)
		m := to(tt.to)
		m.From = tt.from
		list := p.Explain(t.Context(), &router.Admission{Message: m, Country: map[e164.Number]string{greek: "GR", french: "FR", indian: "IN"}[tt.to]})
		if tt.want == "" {
			assert.Empty(t, list, name)
			continue
		}
		if assert.Len(t, list, 1, name) {
			assert.Equal(t, router.GuardVerdict{Guard: "senders", Verdict: "pass", Reason: tt.want}, list[0], name)
		}
	}
}
