package guard_test

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

// allGuards is every rule at once, with limits that a benchmark does not reach.
func allGuards(tb testing.TB) *guard.Policy {
	rules, err := guard.LoadSenderRules("")
	require.NoError(tb, err)
	const many = math.MaxInt32
	p, err := guard.New(guard.Options{
		Countries: guard.Countries{Allow: []string{"GR", "FR", "US"}, Deny: []string{"DE"}},
		Velocity: []guard.Velocity{
			{Per: guard.Number, Max: many, Window: time.Hour}, {Per: guard.Block, Max: many, Window: time.Hour},
			{Per: guard.Country, Max: many, Window: time.Hour}, {Per: guard.Client, Max: many, Window: time.Hour},
		},
		Repeats: guard.Repeats{Window: time.Minute},
		Budgets: []guard.Budget{{Max: euros(1 << 30), Period: guard.Day}, {Max: guard.Limit{Segments: many}, Period: guard.Month, Each: guard.Country}},
		Quiet:   []guard.Quiet{{From: guard.Clock{Hour: 3}, To: guard.Clock{Hour: 3, Minute: 1}}},
		Senders: guard.Senders{Choices: []guard.Choice{{From: []string{"+12025550101", "+12025550102", "+12025550103"}}}, Rules: rules},
		Pumping: &guard.Pumping{Unverified: 1 << 30},
	})
	require.NoError(tb, err)
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	p.SetClock(func() time.Time { return noon.Add(time.Duration(time.Now().Nanosecond())) })
	return p
}

// BenchmarkAllGuards is what all rules together add to a message.
func BenchmarkAllGuards(b *testing.B) {
	p := allGuards(b)
	numbers := make([]e164.Number, 100_000)
	for i := range numbers {
		numbers[i] = e164.MustParse("+3069" + strconv.Itoa(10_000_000+i*7))
	}
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = "Your code is " + strconv.Itoa(100_000+i)
	}
	costs := []provider.Money{{Micros: 40_000, Currency: "EUR"}, {Micros: 50_000, Currency: "EUR"}}
	result := &router.Result{Status: provider.OutcomeAccepted, Segments: 1}
	m := &provider.Message{Class: provider.OTP}
	a := &router.Admission{}
	ctx := b.Context()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m.To, m.Text, m.From = numbers[i%len(numbers)], texts[i/len(numbers)%len(texts)], ""
		i++
		m.From = p.Sender(m)
		if p.Unfit(m) != "" {
			b.Fatal("unfit")
		}
		*a = router.Admission{Message: m, Country: "GR", Segments: 1, Costs: costs, Client: "shop"}
		if err := p.Admit(ctx, a); err != nil {
			b.Fatal(err)
		}
		if err := p.Settle(ctx, a, result); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllGuardsAllocateLittle holds the number of allocations, which does not depend on
// the machine.
func TestAllGuardsAllocateLittle(t *testing.T) {
	p := allGuards(t)
	costs := []provider.Money{{Micros: 40_000, Currency: "EUR"}}
	result := &router.Result{Status: provider.OutcomeAccepted, Segments: 1}
	m := codeOf(greek)
	a := &router.Admission{}
	i := 0
	allocs := testing.AllocsPerRun(2000, func() {
		i++
		m.Text, m.From = strconv.Itoa(i), ""
		m.From = p.Sender(m)
		_ = p.Unfit(m)
		*a = router.Admission{Message: m, Country: "GR", Segments: 1, Costs: costs, Client: "shop"}
		if err := p.Admit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := p.Settle(t.Context(), a, result); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v allocations", allocs)
	if allocs > 7 && !raceDetector { // one of them is the test's own text
		t.Errorf("%v allocations for a message; want at most 6 besides the text", allocs)
	}
}
