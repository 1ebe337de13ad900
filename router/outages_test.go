package router

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// An outage lasts from the first message that found the provider out until it has worked
// since.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		h := &outages{limit: 10 * time.Minute}
		u := &upstream{health: newHealth(Breaker{}.withDefaults())}
		assert.False(t, h.due(u), "there is none")
		lasted, announced := h.over(u)
		assert.Zero(t, lasted)
		assert.False(t, announced)

		u.health.noteWorked()
		time.Sleep(time.Second)
		assert.Equal(t, began.Add(time.Second+10*time.Minute), h.until(u))
		time.Sleep(time.Second - 1)
		assert.Equal(t, began.Add(time.Second+10*time.Minute), h.until(u))
		assert.False(t, h.due(u), "a short one is not announced")
		time.Sleep(time.Nanosecond)
		assert.True(t, h.due(u))
		assert.False(t, h.due(u))
		time.Sleep(30*time.Second - 1)
		assert.False(t, h.due(u))
		time.Sleep(time.Nanosecond)
		assert.True(t, h.due(u), "again after 30 s")

		u.health.noteWorked()
		time.Sleep(time.Second)
		assert.Equal(t, began.Add(33*time.Second+10*time.Minute), h.until(u), "a new one")
		time.Sleep(500 * time.Millisecond)
		lasted, announced = h.over(u)
		assert.Equal(t, 500*time.Millisecond, lasted)
		assert.False(t, announced)

		h.until(u)
		time.Sleep(time.Minute)
		assert.True(t, h.due(u))
		lasted, announced = h.over(u)
		assert.Equal(t, time.Minute, lasted)
		assert.True(t, announced)
		_, announced = h.over(u)
		assert.False(t, announced, "once")
	})
}

// A message that fails again and again, while the provider takes others, waits in vain.
func TestInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &upstream{health: newHealth(Breaker{}.withDefaults())}
		d := &dispatcher{}
		d.options = &Options{Retry: Retry{MaxAttempts: 2}}
		fails := &try{candidate: &candidate{upstream: u}}
		u.health.noteWorked()
		for range 5 {
			time.Sleep(time.Second)
			assert.False(t, d.inVain(fails), "the provider has worked before, but not since")
		}
		u.health.noteWorked()
		time.Sleep(time.Second)
		assert.False(t, d.inVain(fails), "once may be chance")
		time.Sleep(time.Second)
		assert.False(t, d.inVain(fails))
		u.health.noteWorked()
		time.Sleep(time.Second)
		assert.True(t, d.inVain(fails))
	})
}

// drawn is how long each of some reservations would wait, "-" if it is not made.
func drawn(b *bucket, units int, patience time.Duration, times int) (waits []string) {
	for range times {
		wait, ok, _ := b.Reserve(context.Background(), units, patience)
		if ok {
			waits = append(waits, wait.String())
		} else {
			waits = append(waits, "-"+wait.String())
		}
	}
	return waits
}

// A rate lets through what a tenth of a second brings at once, and then one by one.
func TestBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{}
		assert.Equal(t, []string{"0s", "0s"}, drawn(b, 1000, 0, 2), "no limit")
		assert.Zero(t, b.peek(1000))

		b.set(10, 1)
		assert.Zero(t, b.peek(1))
		assert.Equal(t, []string{"0s", "100ms", "200ms", "-300ms", "-300ms"}, drawn(b, 1, 200*time.Millisecond, 5))
		assert.Equal(t, 300*time.Millisecond, b.peek(1))
		assert.Equal(t, 300*time.Millisecond, b.peek(2), "more than a burst goes at once, and is paid for afterwards")
		time.Sleep(250 * time.Millisecond)
		assert.Equal(t, 50*time.Millisecond, b.peek(1))
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"0s", "500ms", "1s"}, drawn(b, 5, Forever, 3))

		b = &bucket{}
		b.set(100, 1)
		assert.Equal(t, []string{"0s", "0s", "0s", "0s", "0s", "0s", "0s", "0s", "0s", "0s", "10ms", "20ms"}, drawn(b, 1, Forever, 12))
		b = &bucket{}
		b.set(1, 3)
		assert.Equal(t, []string{"0s", "0s", "0s", "1s"}, drawn(b, 1, Forever, 4), "three at once, whatever the rate")
	})
}

// Another rate keeps what was taken ahead; one that was lifted begins anew.
func TestBucketChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{}
		b.set(10, 1)
		drawn(b, 1, Forever, 10)
		assert.Equal(t, time.Second, b.peek(1))
		b.set(20, 1)
		assert.Equal(t, 450*time.Millisecond, b.peek(1), "eleven units, of which two go at once")
		assert.NoError(t, b.Return(t.Context(), 1, 0))
		b.set(10, 1)
		assert.Equal(t, time.Second, b.peek(1), "what was given back counted by the other rate")
		b.set(0, 1)
		assert.Zero(t, b.peek(1))
		b.set(10, 1)
		assert.Zero(t, b.peek(1), "what went meanwhile was not counted")
	})
}

// Times that are given back are used first, while they are not long past.
func TestBucketReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{}
		assert.NoError(t, b.Return(t.Context(), 1, 0))
		assert.Empty(t, b.back, "without a limit there is nothing to keep")
		b.set(10, 1)
		drawn(b, 1, Forever, 10)
		assert.NoError(t, b.Return(t.Context(), 1, 500*time.Millisecond))
		assert.NoError(t, b.Return(t.Context(), 1, 200*time.Millisecond))
		assert.Zero(t, b.peek(1), "worth looking")
		assert.Equal(t, []string{"-200ms", "-200ms"}, drawn(b, 1, 199*time.Millisecond, 2))
		assert.Equal(t, []string{"-1s"}, drawn(b, 2, 0, 1), "too few are given back")
		assert.Equal(t, []string{"200ms"}, drawn(b, 1, 200*time.Millisecond, 1), "no longer than the patience")
		assert.Equal(t, []string{"500ms", "1s"}, drawn(b, 1, Forever, 2))

		assert.NoError(t, b.Return(t.Context(), 2, 0))
		time.Sleep(100 * time.Millisecond)
		assert.Equal(t, []string{"0s"}, drawn(b, 1, Forever, 1), "one of them, just in time")
		time.Sleep(time.Nanosecond)
		assert.Equal(t, []string{"-999.999999ms"}, drawn(b, 1, 0, 1), "the other is too late")
	})
}
