package ledgertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// sumDays is over how many days the messages of testSums are spread.
const sumDays = 12

// testSums changes messages of many days in every way that there is, sums up now and then,
// and compares the sums with those that are made of the attempts each time.
func testSums(l *lab) {
	random := rand.New(rand.NewPCG(20, 26))
	now := time.Now()
	sumUp := func() {
		l.Helper()
		require.NoError(l, l.SumUp(l.Context(), now.AddDate(0, 0, -2*sumDays), now.Add(time.Hour)))
	}
	l.Ledger = l.open(ledger.Options{Retention: (sumDays - 2) * 24 * time.Hour})
	const messages = 60
	for i := range messages {
		at := now.Add(-time.Duration(random.Int64N(int64(sumDays * 24 * time.Hour))))
		l.insertOld(i, at, at)
	}
	day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	l.insertOld(messages, day.Add(-156*time.Hour), day.Add(time.Hour)) // it was not made at first, and begun anew
	someID := func() string { return fmt.Sprint("v", random.IntN(messages)) }
	cost := func() *provider.Money {
		return &provider.Money{Micros: 1000 * random.Int64N(90), Currency: []string{"EUR", "USD"}[random.IntN(2)]}
	}
	changes := []struct {
		name   string
		change func(n int)
	}{
		{"reported", func(int) { l.record("athens", report(someID(), provider.StatusDelivered)) }},
		{"failed", func(int) { l.record("sydney", report(someID(), provider.StatusUndelivered)) }},
		{"charged", func(n int) {
			l.record("athens", priced(someID(), provider.StatusDelivered, time.Duration(n)*time.Second, cost()))
		}},
		{"sent", func(n int) {
			o := []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeNotSent, provider.OutcomeUnknown, provider.OutcomeRefused}[random.IntN(4)]
			l.sendPriced(fmt.Sprint("new", n), []string{"athens", "sydney"}[random.IntN(2)], o, fmt.Sprint("n", n), nil, cost())
		}},
		{"settled", func(int) {
			page, _, err := l.Messages(l.Context(), ledger.Filter{Status: ledger.Unknown})
			require.NoError(l, err)
			if len(page) > 0 {
				require.NoError(l, l.Resolve(l.Context(), page[random.IntN(len(page))].ID, provider.OutcomeAccepted))
			}
		}},
		{"erased", func(int) {
			_, err := l.Erase(l.Context(), fmt.Sprintf("+3069400000%02d", random.IntN(messages)))
			require.NoError(l, err)
		}},
		{"under way", func(n int) { l.begin(l.claim(fmt.Sprint("open", n), "ann"), "athens") }},
		{"summed up", func(int) { sumUp() }},
	}
	l.assertSums("at first")
	require.NoError(l, l.SumUp(l.Context(), now.Add(-72*time.Hour), now.Add(-time.Hour)))
	assert.GreaterOrEqual(l, l.summedParts(), int(71*time.Hour.Milliseconds()>>20), "those of three days at least")
	l.assertSums("summed up in part")
	sumUp()
	l.assertSums("summed up")
	all := l.summedParts()
	l.record("athens", report("v30", provider.StatusSent))
	assert.Equal(l, all-1, l.summedParts(), "what has changed is not true any more")
	sumUp()
	assert.Equal(l, all, l.summedParts(), "and all else is")
	l.begin(l.claim("open", "ann"), "athens")
	sumUp()
	assert.Equal(l, all-1, l.summedParts(), "what is under way changes soon")
	for n := range 40 {
		c := changes[random.IntN(len(changes))]
		c.change(n)
		l.assertSums(fmt.Sprintf("%d: %s", n, c.name))
		if n%3 == 0 {
			sumUp()
			l.assertSums(fmt.Sprintf("%d: %s and summed up", n, c.name))
		}
	}
	before := l.firstParts()
	p, err := l.Prune(l.Context())
	require.NoError(l, err)
	require.NotZero(l, p.Messages)
	l.assertSums("pruned")
	sumUp()
	l.assertSums("pruned and summed up")
	for i, first := range l.firstParts() {
		assert.Greater(l, first, before[i], "the sums of what was pruned are forgotten")
	}
}

// assertSums compares the sums since some days, of a namespace and of all. Of the first day
// all counts, whatever the time.
func (l *lab) assertSums(step string) {
	l.Helper()
	for _, days := range []int{3, 2 * sumDays} {
		since := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -days)
		for _, namespace := range []string{"shop", ledger.AllNamespaces} {
			want, err := l.StatsOf(l.Context(), namespace, since, time.Now().Add(time.Hour))
			require.NoError(l, err)
			for i := range want {
				want[i].DeliveryP50, want[i].DeliveryP95 = 0, 0
			}
			got, err := l.DailySums(l.Context(), namespace, since.Add(23*time.Hour))
			require.NoError(l, err)
			require.Equal(l, want, got, "%s: since %d days, namespace %q", step, days, namespace)
		}
	}
}

func (l *lab) summedParts() (n int) {
	l.Helper()
	require.NoError(l, l.Database().Read(l.Context(), func(tx ledger.Tx) error {
		return tx.Query(l.Context(), func(scan func(...any) error) error { return scan(&n) }, `SELECT count(*) FROM anysms_sum_parts WHERE state = 'summed'`)
	}))
	return n
}

// firstParts returns the first part that sums are kept of, and the first that is known.
func (l *lab) firstParts() []string {
	l.Helper()
	parts := make([]string, 2)
	require.NoError(l, l.Database().Read(l.Context(), func(tx ledger.Tx) error {
		return tx.Query(l.Context(), func(scan func(...any) error) error { return scan(&parts[0], &parts[1]) },
			`SELECT (SELECT min(part) FROM anysms_sums), (SELECT min(part) FROM anysms_sum_parts)`)
	}))
	return parts
}

// insertOld writes a message of a time with an attempt that began at the same time or
// later, as it would be in the tables if it had been sent then.
func (l *lab) insertOld(i int, at, begun time.Time) {
	l.Helper()
	ms := fmt.Sprintf("%012x", at.UnixMilli())
	id := fmt.Sprintf("%s-%s-7000-8000-%012x", ms[:8], ms[8:], i)
	status, outcome := "accepted", "accepted"
	if i%5 == 0 {
		status, outcome = "unknown", "unknown"
	}
	name := []string{"athens", "sydney"}[i%2]
	card, currency := int64(40_000), "EUR"
	if i%3 == 0 {
		card, currency = 0, ""
	}
	require.NoError(l, l.Database().Write(l.Context(), func(tx ledger.Tx) error {
		_, err := tx.Exec(context.Background(), `INSERT INTO anysms_messages (id, namespace, ref, status, code, reason, recipient, sender, body, class, tag,
			country, provider, provider_id, encoding, segments, cost_micros, cost_currency, cost_estimated, duplicate_possible, ignored, created_at,
			updated_at, last_attempt_at, concluded, cancelled)
			VALUES ($1, $2, '', $3, '', '', $4, 'Example', '', 'transactional', '', $5, $6, $7, 'gsm7', 1, 0, '', 0, 0, '', $8, $8, $8, $9, 0)`,
			[]any{
				"msg_" + id, []string{"", "shop"}[i%2], status, fmt.Sprintf("+3069400000%02d", i), []string{"GR", "DE", "US"}[i%3], name,
				fmt.Sprint("v", i), at.UnixMicro(), outcome,
			})
		if err != nil {
			return err
		}
		_, err = tx.Exec(context.Background(), `INSERT INTO anysms_attempts (id, message, owner, run, provider, outcome, settled, contradicted, code,
			vendor_code, reason, provider_id, started_at, duration_us, reconciled, abandoned, charged_micros, charged_currency, card_micros, card_currency)
			VALUES ($1, $2, '', '', $3, $4, $4, 0, '', '', '', $5, $6, $7, 0, 0, 0, '', $8, $9)`,
			[]any{"att_" + id, "msg_" + id, name, outcome, fmt.Sprint("v", i), begun.UnixMicro(), 1000 * (i + 1), card, currency})
		return err
	}))
}
