package guard_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

// TestExplain asks before and after every message: what Explain says is what happens to
// the next one, and asking changes nothing.
func TestExplain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, guard.Options{
			OptOuts:   &guard.OptOuts{OptedOut: func(_ context.Context, m *provider.Message) (bool, error) { return m.To == french, nil }},
			Countries: guard.Countries{Deny: []string{"US"}},
			Velocity:  []guard.Velocity{{Per: guard.Number, Max: 4, Window: time.Hour}},
			Budgets:   []guard.Budget{{Max: guard.Limit{Segments: 3}, Period: guard.Day}},
			Pumping:   &guard.Pumping{Unverified: 10, Window: time.Hour},
		}, nil)
		assert.Equal(t, []string{
			"optouts: by the program's list",
			"countries: not US",
		}, b.policy.Rules()[:2])
		explain := func(m *provider.Message) (all []string, refused bool) {
			for _, v := range b.policy.Explain(t.Context(), &router.Admission{Message: m, Segments: 1}) {
				all = append(all, v.Guard+" "+v.Verdict+" "+v.Reason)
				refused = refused || v.Verdict != "pass"
			}
			return all, refused
		}
		for i, used := range []struct{ messages, percent, segments string }{
			{"0 used", "at 0 %", "0 segments used"}, {"1 used", "at 10 %", "1 segment used"}, {"2 used", "at 20 %", "2 segments used"},
			{"3 used", "at 30 %", "3 segments per day is used up: 3 segments are spent, the message takes up to 1 segment"},
		} {
			all, refused := explain(codeOf(greek))
			require.Len(t, all, 5)
			assert.Equal(t, i == 3, refused)
			for k, want := range []string{"", "", used.messages, used.percent, used.segments} {
				assert.True(t, strings.HasSuffix(all[k], want), "%q does not end with %q", all[k], want)
			}
			assert.Equal(t, refused, b.send(codeOf(greek)) != "")
		}
		all, refused := explain(to(french))
		assert.True(t, refused)
		assert.Equal(t, "optouts refuse the recipient has opted out", all[0])
	})
}

func TestRulesAreDescribed(t *testing.T) {
	for want, c := range map[string]guard.Countries{
		"only FR, GR":         {Allow: []string{"FR", "GR"}},
		"not US":              {Deny: []string{"US"}},
		"only FR, GR; not US": {Allow: []string{"FR", "GR"}, Deny: []string{"US"}},
	} {
		assert.Equal(t, want, c.String())
	}
	none, err := guard.New(guard.Options{})
	require.NoError(t, err)
	assert.Empty(t, none.Rules())
}
