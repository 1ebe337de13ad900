package guard_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
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
