package guard_test

import (
	"os"
	"path/filepath"
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

// TestTakeOver counts on under a new policy, as after a reload.
func TestTakeOver(t *testing.T) {
	limited := func() guard.Options {
		return guard.Options{Velocity: []guard.Velocity{{Per: guard.Number, Max: 1, Window: time.Hour}}}
	}
	none, err := guard.New(guard.Options{})
	require.NoError(t, err)
	first := start(t, limited(), nil)
	require.Empty(t, first.send(to(greek)))
	for name, tt := range map[string]struct {
		earlier *guard.Policy
		refused bool
	}{
		"of a policy that counted":   {first.policy, true},
		"of one that counts nothing": {none, false},
		"of none":                    {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, limited(), nil)
			b.policy.TakeOver(tt.earlier)
			assert.Equal(t, tt.refused, b.send(to(greek)) != "")
		})
	}
	none.TakeOver(first.policy)
	(*guard.Policy)(nil).TakeOver(first.policy)
}

func TestLimitsOfRules(t *testing.T) {
	for name, o := range map[string]guard.Options{
		"hour 24":    {Quiet: []guard.Quiet{{From: guard.Clock{Hour: 24}}}},
		"hour -1":    {Quiet: []guard.Quiet{{From: guard.Clock{Hour: -1}}}},
		"minute 60":  {Quiet: []guard.Quiet{{From: guard.Clock{Minute: 60}}}},
		"minute -1":  {Quiet: []guard.Quiet{{From: guard.Clock{Hour: 1}, To: guard.Clock{Minute: -1}}}},
		"unverified": {Pumping: &guard.Pumping{Unverified: -1}},
		"second sender": {Senders: guard.Senders{Choices: []guard.Choice{
			{From: []string{"+301"}}, {From: []string{"+302", "+302"}},
		}}},
		"second country": {Senders: guard.Senders{Choices: []guard.Choice{
			{From: []string{"+301"}}, {From: []string{"+302"}, Match: guard.Match{Countries: []string{"XX"}}},
		}}},
	} {
		_, err := guard.New(o)
		var wrong *provider.ConfigError
		assert.ErrorAs(t, err, &wrong, name)
	}
	for name, o := range map[string]guard.Options{
		"the last minute":    {Quiet: []guard.Quiet{{From: guard.Clock{Hour: 23, Minute: 59}}}},
		"one code":           {Pumping: &guard.Pumping{Unverified: 1}},
		"a warning at once":  {Budgets: []guard.Budget{{Max: guard.Limit{Segments: 1}, Period: guard.Day, Warn: 1}}},
		"the smallest share": {Pumping: &guard.Pumping{MinRatio: 0.001}},
		"the fewest digits":  {Pumping: &guard.Pumping{Digits: 3}},
		"the most digits":    {Pumping: &guard.Pumping{Digits: 9}},
		"a minute":           {Keep: time.Minute},
		"a second":           {Repeats: guard.Repeats{Window: time.Second}},
		"a month":            {Repeats: guard.Repeats{Window: 744 * time.Hour}},
		"the most counters":  {Velocity: manyRules(64)},
		"a budget of each":   {Budgets: []guard.Budget{{Max: guard.Limit{Segments: 1}, Period: guard.Day, Each: guard.Client}}},
		"one rule, other messages": {Velocity: []guard.Velocity{
			{Per: guard.Number, Max: 1, Window: time.Hour},
			{Per: guard.Number, Max: 1, Window: time.Hour, Match: guard.Match{Classes: []provider.Class{provider.OTP}, Countries: []string{"GR"}}},
			{Per: guard.Number, Max: 1, Window: time.Hour, Match: guard.Match{Classes: []provider.Class{provider.OTP}, Clients: []string{"shop"}}},
			{Per: guard.Number, Max: 1, Window: time.Hour, Match: guard.Match{Classes: []provider.Class{provider.OTP}, Tags: []string{"shop"}}},
		}},
	} {
		_, err := guard.New(o)
		assert.NoError(t, err, name)
	}
}

// TestPumpingAnnouncesALineOnce: what goes on behind a line is no news.
func TestPumpingAnnouncesALineOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, guard.Options{Pumping: &guard.Pumping{Unverified: 10, Window: 3 * time.Hour}}, nil)
		for i := range 9 {
			assert.Empty(t, b.send(codeOf(e164.MustParse("+30694121234"+string(rune('0'+i))))))
			time.Sleep(11 * time.Minute)
		}
		assert.Len(t, b.notices, 1)
	})
}

// TestQuietHoursThatEndWithinThePatience waits for exactly as long as SendAll holds.
func TestQuietHoursThatEndWithinThePatience(t *testing.T) {
	for _, tt := range []struct {
		before time.Duration
		want   provider.Outcome
	}{{10 * time.Minute, provider.OutcomeAccepted}, {10*time.Minute + 1, provider.OutcomeNotSent}} {
		synctest.Test(t, func(t *testing.T) {
			b := start(t, guard.Options{Quiet: []guard.Quiet{{From: clock(t, "21:00"), To: clock(t, "08:00")}}}, nil)
			eight := time.Date(2000, 1, 1, 6, 0, 0, 0, time.UTC)
			time.Sleep(time.Until(eight) - tt.before)
			results, err := b.SendAll(t.Context(), func(yield func(*provider.Message) bool) { yield(to(greek)) })
			require.NoError(t, err)
			for res := range results {
				assert.Equal(t, tt.want, res.Status)
			}
		})
	}
}

func TestOwnSenderRules(t *testing.T) {
	builtIn, err := guard.LoadSenderRules("")
	require.NoError(t, err)
	rule, ok := builtIn.Of("US")
	require.True(t, ok)
	require.False(t, rule.Alphanumeric)

	path := filepath.Join(t.TempDir(), "rules.csv")
	require.NoError(t, os.WriteFile(path, []byte("country,alphanumeric,registration,source,date,note\nUS,yes,no,https://x,2026-11-21,\n"), 0o600))
	own, err := guard.LoadSenderRules(path)
	require.NoError(t, err)
	rule, _ = own.Of("US")
	assert.True(t, rule.Alphanumeric, "the file's")
	want, _ := builtIn.Of("CA")
	rule, ok = own.Of("CA")
	assert.True(t, ok)
	assert.Equal(t, want, rule, "the built-in one")
	_, err = guard.LoadSenderRules(path + ".not")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte("nonsense\n"), 0o600))
	_, err = guard.LoadSenderRules(path)
	require.ErrorContains(t, err, path)

	policy, err := guard.New(guard.Options{Senders: guard.Senders{Rules: builtIn, Choices: []guard.Choice{{From: []string{"+301"}, Rate: 2}}}})
	require.NoError(t, err)
	require.Len(t, policy.Rules(), 1)
	assert.Contains(t, policy.Rules()[0], "+301 at 2 segments/s")
	assert.Regexp(t, `rules of \d+ countries`, policy.Rules()[0])
	advice := func(from string) string {
		verdicts := policy.Explain(t.Context(), &router.Admission{Message: &provider.Message{To: e164.MustParse("+4915112345678"), From: from, Text: "x"}})
		return verdicts[len(verdicts)-1].Reason
	}
	assert.Equal(t, "+301", advice("+301"), "numbers need no advice")
}

// TestPoolChoosesTheSame: a new version must not move recipients to other senders.
func TestPoolChoosesTheSame(t *testing.T) {
	p, err := guard.New(guard.Options{Senders: guard.Senders{Choices: []guard.Choice{{From: []string{"+301", "+302", "+303"}}}}})
	require.NoError(t, err)
	var chosen []string
	for _, n := range []string{"+306941234567", "+306941234568", "+306941234569", "+33612345678", "+33612345679", "+12125550123"} {
		chosen = append(chosen, p.Sender(to(e164.MustParse(n))))
	}
	assert.Equal(t, []string{"+302", "+302", "+302", "+301", "+303", "+301"}, chosen)
}
