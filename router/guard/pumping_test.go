package guard_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

// request is one line of recorded traffic.
type request struct {
	at       time.Duration
	to       e164.Number
	attack   bool
	verifies time.Duration // after how long the code comes back; 0 = never
}

// traffic is a day with an attack: real people in ten countries, of whom 85 % enter
// their code after up to a minute, and from the fifth hour on 100,000 requests over
// sequential numbers in three of these countries.
func traffic(random *rand.Rand) []request {
	prefixes := []string{"3069", "336", "4915", "447", "393", "346", "480", "316", "467", "4366"}
	length := map[string]int{"3069": 12, "336": 11, "4915": 13, "447": 12, "393": 12, "346": 11, "480": 11, "316": 11, "467": 11, "4366": 12}
	number := func(prefix string, rest int) e164.Number {
		digits := fmt.Sprintf("%s%0*d", prefix, length[prefix]-len(prefix), rest)
		return e164.MustParse("+" + digits)
	}
	var list []request
	for range 60_000 {
		prefix := prefixes[random.IntN(len(prefixes))]
		size := 1
		for range length[prefix] - len(prefix) {
			size *= 10
		}
		r := request{at: time.Duration(random.Int64N(int64(24 * time.Hour))), to: number(prefix, random.IntN(size))}
		if random.IntN(100) < 85 {
			r.verifies = time.Duration(5+random.IntN(55)) * time.Second
		}
		list = append(list, r)
	}
	for i, prefix := range []string{"3069", "336", "4915"} {
		first := random.IntN(1_000_000)
		for k := range []int{33_334, 33_333, 33_333}[i] {
			at := 5*time.Hour + time.Duration(k)*1200*time.Millisecond + time.Duration(i)*100*time.Millisecond
			list = append(list, request{at: at, to: number(prefix, first+k), attack: true})
		}
	}
	slices.SortFunc(list, func(a, b request) int { return int(a.at - b.at) })
	return list
}

// TestPumpingAttack plays the attack: it must be stopped within 500 messages, and fewer
// than one in a thousand people must be refused.
func TestPumpingAttack(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 3))
	p, err := guard.New(guard.Options{Pumping: &guard.Pumping{Window: 24 * time.Hour}})
	require.NoError(t, err)
	base := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	var now time.Time
	p.SetClock(func() time.Time { return now })
	type code struct {
		at time.Time
		to e164.Number
	}
	var waiting []code // for their code to be entered, in order of time
	var attack, passed, people, refused int
	for _, r := range traffic(random) {
		now = base.Add(r.at)
		for len(waiting) > 0 && waiting[0].at.Before(now) {
			require.NoError(t, p.Verified(t.Context(), waiting[0].to))
			waiting = waiting[1:]
		}
		a := &router.Admission{Message: codeOf(r.to)}
		err := p.Admit(t.Context(), a)
		if err == nil {
			require.NoError(t, p.Settle(t.Context(), a, &router.Result{Status: provider.OutcomeAccepted, Segments: 1}))
		}
		switch {
		case r.attack:
			attack++
			if err == nil {
				passed++
			}
		default:
			people++
			if err != nil {
				refused++
			} else if r.verifies > 0 {
				c := code{now.Add(r.verifies), r.to}
				i, _ := slices.BinarySearchFunc(waiting, c, func(a, b code) int { return a.at.Compare(b.at) })
				waiting = slices.Insert(waiting, i, c)
			}
		}
	}
	t.Logf("attack: %d requests, %d sent; people: %d requests, %d refused (%.4f %%); seed %d",
		attack, passed, people, refused, 100*float64(refused)/float64(people), seed)
	assert.Equal(t, 100_000, attack)
	assert.LessOrEqual(t, passed, 500)
	assert.Less(t, float64(refused), 0.001*float64(people))
}

func TestPumpingStopsARangeAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, guard.Options{Pumping: &guard.Pumping{Unverified: 10, Window: time.Hour}}, nil)
		number := func(i int) e164.Number { return e164.MustParse(fmt.Sprintf("+3069412%05d", i)) }
		for i := range 10 {
			assert.Empty(t, b.send(codeOf(number(i))))
		}
		assert.Equal(t, provider.Rejected, b.send(codeOf(number(11))))
		assert.Empty(t, b.send(to(number(11))), "other classes pass")
		assert.Empty(t, b.send(codeOf(e164.MustParse("+306941300000"))), "other ranges pass")
		require.Len(t, b.notices, 2)
		assert.Equal(t, "of the codes to numbers that begin with +3069412 (GR) fewer than 20 % are verified", b.notices[0].Reason)
		assert.True(t, strings.HasSuffix(b.notices[1].Reason, "; no more are sent until 2000-01-01T01:00:00Z"), b.notices[1].Reason)
		time.Sleep(time.Hour)
		assert.Empty(t, b.send(codeOf(number(11))))
	})
}

func TestPumpingLeavesRealPeopleAlone(t *testing.T) {
	b := start(t, guard.Options{Pumping: &guard.Pumping{Unverified: 10}}, nil)
	for i := range 500 {
		n := e164.MustParse(fmt.Sprintf("+3069412%05d", i))
		require.Empty(t, b.send(codeOf(n)), i)
		switch i % 6 { // a third of them enter the code
		case 0:
			require.NoError(t, b.policy.Verified(t.Context(), n))
		case 3:
			require.NoError(t, b.policy.VerifiedIn(t.Context(), n.Digits()[:len(n.Digits())-3]))
		}
	}
}

func TestPumpingAlarmOnly(t *testing.T) {
	b := start(t, guard.Options{Pumping: &guard.Pumping{Unverified: 4, AlarmOnly: true}}, nil)
	for i := range 20 {
		assert.Empty(t, b.send(codeOf(e164.MustParse(fmt.Sprintf("+3069412%05d", i)))))
	}
	require.Len(t, b.notices, 2)
	assert.Contains(t, b.notices[1].Reason, "they are still sent")
}

// TestPumpingHalf: half of what stops a range is more than half of the codes if their
// number is odd.
func TestPumpingHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, guard.Options{Pumping: &guard.Pumping{MinRatio: 0.001, Unverified: 3}}, nil)
		for i, want := range []int{0, 1, 2} {
			assert.Empty(t, b.send(codeOf(e164.MustParse(fmt.Sprintf("+3069412%05d", i)))))
			assert.Len(t, b.notices, want)
		}
		assert.Equal(t, provider.Rejected, b.send(codeOf(e164.MustParse("+306941200009"))))
		assert.Equal(t, "pumping: 3 codes to numbers that differ in the last 5 digits, with fewer than 0 % verified, in 1h", b.policy.Rules()[0])
		more, err := guard.New(guard.Options{Pumping: &guard.Pumping{}})
		require.NoError(t, err)
		assert.Contains(t, more.Rules()[0], "fewer than 20 % verified")
	})
}

// TestPumpingRangeOfShortNumbers: a range is never a whole country.
func TestPumpingRangeOfShortNumbers(t *testing.T) {
	b := start(t, guard.Options{Pumping: &guard.Pumping{Unverified: 1, Digits: 9}}, func(o *router.Options) { o.Validation = router.Shape })
	assert.Empty(t, b.send(codeOf(e164.MustParse("+35112345678"))))
	assert.Equal(t, provider.Rejected, b.send(codeOf(e164.MustParse("+35112999999"))), "they differ after two digits")
	assert.Empty(t, b.send(codeOf(e164.MustParse("+35113345678"))))
	assert.Empty(t, b.send(codeOf(e164.MustParse("+35122345678"))))
}
