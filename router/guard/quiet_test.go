package guard_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

func clock(t *testing.T, s string) guard.Clock {
	t.Helper()
	c, err := guard.ParseClock(s)
	require.NoError(t, err)
	return c
}

func TestQuietHoursDefer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it begins at midnight UTC, 2000-01-01
		b := start(t, guard.Options{Quiet: []guard.Quiet{{
			Match: guard.Match{Classes: []provider.Class{provider.Marketing}}, From: clock(t, "21:00"), To: clock(t, "08:00"),
		}}}, nil)
		m := to(greek)
		assert.Empty(t, b.send(m), "of another class")
		m.Class = provider.Marketing
		res, err := b.Send(t.Context(), m)
		require.Error(t, err)
		require.NotNil(t, res.Deferred)
		assert.Equal(t, "2000-01-01T06:00:00Z", res.Deferred.Until.UTC().Format(time.RFC3339), "08:00 in Athens")
		assert.Equal(t, "quiet hours: 21:00 to 08:00 of the recipient's time (class marketing)", res.Deferred.Reason)
		time.Sleep(time.Until(res.Deferred.Until))
		assert.Empty(t, b.send(m))
		m.SendAt = time.Now().Add(14 * time.Hour) // 22:00 there
		res, _ = b.Send(t.Context(), m)
		assert.Equal(t, provider.Unavailable, res.Code, "what counts is when the vendor sends it: %s", res.Message)
	})
}

func TestQuietHoursThatEndSoonAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, guard.Options{Quiet: []guard.Quiet{{From: clock(t, "21:00"), To: clock(t, "08:00")}}}, nil)
		eight := time.Date(2000, 1, 1, 6, 0, 0, 0, time.UTC)
		time.Sleep(time.Until(eight) - 5*time.Minute)
		assert.Equal(t, provider.Unavailable, b.send(to(greek)), "a bare Send waits a second")
		results, err := b.SendAll(t.Context(), func(yield func(*provider.Message) bool) { yield(to(greek)) })
		require.NoError(t, err)
		for res, err := range results {
			require.NoError(t, err)
			assert.Equal(t, provider.OutcomeAccepted, res.Status)
		}
		assert.Equal(t, eight, time.Now().UTC(), "SendAll holds messages for ten minutes")
	})
}

// inQuiet is the naive oracle: it looks at the minute on the wall.
func inQuiet(t time.Time, from, to guard.Clock, zone *time.Location) bool {
	local := t.In(zone)
	now, begin, end := 60*local.Hour()+local.Minute(), 60*from.Hour+from.Minute, 60*to.Hour+to.Minute
	if begin < end {
		return now >= begin && now < end
	}
	return now >= begin || now < end
}

// TestQuietHoursAgainstTheWall compares with looking at the clock minute by minute, in
// all the zones that a number may be in.
func TestQuietHoursAgainstTheWall(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2))
	several := 0
	for _, text := range []string{"+306941234567", "+61412345678", "+12125550123", "+18005550123", "+5511961234567", "+79161234567", "+9779841234567", "+628123456789"} {
		n := e164.MustParse(text)
		names, err := phonenumbers.GetTimezonesForPrefix(text)
		require.NoError(t, err)
		if len(names) > 1 {
			several++
		}
		var zones []*time.Location
		for _, name := range names {
			zone, err := time.LoadLocation(name)
			require.NoError(t, err)
			zones = append(zones, zone)
		}
		for range 40 {
			from := guard.Clock{Hour: random.IntN(24), Minute: 15 * random.IntN(4)}
			until := guard.Clock{Hour: (from.Hour + 1 + random.IntN(11)) % 24, Minute: from.Minute}
			now := time.Date(2026, time.Month(1+random.IntN(12)), 1+random.IntN(28), random.IntN(24), random.IntN(60), 0, 0, time.UTC)
			want := now
			for anyQuiet(want, from, until, zones) && want.Sub(now) < 10*24*time.Hour {
				want = want.Add(time.Minute)
			}
			never := want.Sub(now) >= 10*24*time.Hour
			p, err := guard.New(guard.Options{Quiet: []guard.Quiet{{From: from, To: until}}})
			require.NoError(t, err)
			p.SetClock(func() time.Time { return now })
			verdicts := p.Explain(t.Context(), &router.Admission{Message: to(n)})
			require.Len(t, verdicts, 1)
			if never {
				require.Equal(t, provider.Rejected, verdicts[0].Code, verdicts[0].Reason)
				continue
			}
			got := now
			if verdicts[0].Until != nil {
				got = verdicts[0].Until.UTC()
			}
			require.Equal(t, want, got, "%s at %s, quiet from %s to %s, seed %d", text, now, from, until, seed)
		}
	}
	assert.Positive(t, several, "numbers that may be in several zones")
}

// TestQuietHoursWhenClocksChange looks at every half hour of nights in which clocks skip
// an hour or show one twice.
func TestQuietHoursWhenClocksChange(t *testing.T) {
	for _, tt := range []struct {
		zone string
		noon time.Time // of the day before, UTC
	}{
		{"Europe/Athens", time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)},
		{"Europe/Athens", time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)},
		{"America/New_York", time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC)},
		{"America/New_York", time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC)},
	} {
		zone, err := time.LoadLocation(tt.zone)
		require.NoError(t, err)
		for _, q := range []string{"22:00 02:30", "22:00 01:30", "01:30 03:30", "02:30 03:15", "02:30 01:45", "00:00 03:00", "01:00 02:00"} {
			from, until := clock(t, q[:5]), clock(t, q[6:])
			now := tt.noon
			p, err := guard.New(guard.Options{Quiet: []guard.Quiet{{From: from, To: until, Zone: zone}}})
			require.NoError(t, err)
			p.SetClock(func() time.Time { return now })
			for now.Before(tt.noon.Add(20 * time.Hour)) {
				want := now
				for inQuiet(want, from, until, zone) {
					want = want.Add(time.Minute)
				}
				got := now
				if v := p.Explain(t.Context(), &router.Admission{Message: to(e164.MustParse("+88299999999"))})[0]; v.Until != nil {
					got = v.Until.UTC()
				}
				require.Equal(t, want, got, "%s at %s, quiet %s", tt.zone, now, q)
				now = now.Add(30 * time.Minute)
			}
		}
	}
}

func anyQuiet(t time.Time, from, to guard.Clock, zones []*time.Location) bool {
	for _, zone := range zones {
		if inQuiet(t, from, to, zone) {
			return true
		}
	}
	return false
}

func TestQuietDays(t *testing.T) {
	now := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC) // a Friday; Saturday 01:00 in Athens
	p, err := guard.New(guard.Options{Quiet: []guard.Quiet{{From: guard.Clock{}, To: guard.Clock{}, Days: []time.Weekday{time.Saturday, time.Sunday}}}})
	require.NoError(t, err)
	p.SetClock(func() time.Time { return now })
	v := p.Explain(t.Context(), &router.Admission{Message: to(greek)})
	require.NotNil(t, v[0].Until)
	assert.Equal(t, "2026-11-22T22:00:00Z", v[0].Until.UTC().Format(time.RFC3339), "Monday 00:00 in Athens")
	now = now.Add(-2 * time.Hour)
	assert.Equal(t, "pass", p.Explain(t.Context(), &router.Admission{Message: to(greek)})[0].Verdict)
}

// TestQuietDayFromMorningToMorning: with From and To alike a quiet day ends on the next one.
func TestQuietDayFromMorningToMorning(t *testing.T) {
	athens, err := time.LoadLocation("Europe/Athens")
	require.NoError(t, err)
	p, err := guard.New(guard.Options{Quiet: []guard.Quiet{{From: clock(t, "08:00"), To: clock(t, "08:00"), Days: []time.Weekday{time.Saturday}}}})
	require.NoError(t, err)
	sunday := time.Date(2026, 11, 22, 8, 0, 0, 0, athens)
	for name, tt := range map[string]struct {
		now   time.Time
		quiet bool
	}{
		"before it begins":  {sunday.Add(-24*time.Hour - 1), false},
		"as it begins":      {sunday.Add(-24 * time.Hour), true},
		"at midnight":       {sunday.Add(-8 * time.Hour), true},
		"the last moment":   {sunday.Add(-1), true},
		"half a second off": {sunday.Add(-time.Hour - 30*time.Second - 500*time.Millisecond), true},
		"as it ends":        {sunday, false},
	} {
		p.SetClock(func() time.Time { return tt.now })
		v := p.Explain(t.Context(), &router.Admission{Message: to(greek)})[0]
		require.Equal(t, tt.quiet, v.Until != nil, name)
		if tt.quiet {
			assert.Equal(t, sunday.UTC(), v.Until.UTC(), name)
		}
	}
}

func TestParseClock(t *testing.T) {
	for text, want := range map[string]guard.Clock{"00:00": {}, "21:30": {Hour: 21, Minute: 30}, "23:59": {Hour: 23, Minute: 59}, "24:00": {}} {
		c, err := guard.ParseClock(text)
		require.NoError(t, err)
		assert.Equal(t, want, c, text)
	}
	for _, text := range []string{"", "24:01", "21", "9pm", "12:60"} {
		_, err := guard.ParseClock(text)
		require.EqualError(t, err, `"`+text+`" is not a time of day such as 21:30`)
	}
}
