package otp_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/otp"
)

func TestVerification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, otp.Config{})
		v := l.start(number, otp.Options{From: "Example", Tag: "login"})
		assert.True(t, otp.IsID(v.ID))
		assert.Equal(t, time.Now().Add(5*time.Minute), v.ExpiresAt.Local())
		assert.Equal(t, 3, v.SendsLeft)
		m := l.vendor.Messages()[0].Message
		assert.Equal(t, l.code()+" is your code.", m.Text)
		assert.Len(t, l.code(), 6)
		assert.Equal(t, provider.OTP, m.Class)
		assert.Equal(t, "login", m.Tag)
		assert.Zero(t, m.Validity, "providers that cannot limit it may carry it")
		assert.True(t, m.Deadline.Equal(v.ExpiresAt))

		assert.Equal(t, otp.Checked{TriesLeft: 4}, l.check(v.ID, wrong(l.code())))
		assert.Equal(t, otp.Checked{TriesLeft: 4}, l.check(v.ID, " "), "nothing typed is no try")
		assert.Equal(t, otp.Checked{Valid: true}, l.check(v.ID, l.code()))
		assert.Equal(t, otp.Checked{}, l.check(v.ID, l.code()), "a code is valid once")
	})
}

func TestWhatEndsAVerification(t *testing.T) {
	for name, end := range map[string]func(*lab, *otp.Verification){
		"its time":    func(_ *lab, v *otp.Verification) { time.Sleep(time.Until(v.ExpiresAt)) },
		"wrong codes": func(l *lab, v *otp.Verification) { tryWrong(l, v.ID, 5) },
		"the right one": func(l *lab, v *otp.Verification) {
			assert.True(l, l.check(v.ID, l.code()).Valid)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, otp.Config{})
				v := l.start(number, otp.Options{})
				code := l.code()
				end(l, v)
				assert.Equal(t, otp.Checked{}, l.check(v.ID, code))
				_, err := l.Render(t.Context(), v.ID)
				assert.ErrorIs(t, err, otp.ErrEnded)
				_, err = l.Start(t.Context(), number, otp.Options{ID: v.ID})
				assert.ErrorIs(t, err, otp.ErrEnded)
				assert.Len(t, l.vendor.Messages(), 1)
			})
		})
	}
	t.Run("a moment before its time it has not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, otp.Config{TTL: time.Minute})
			v := l.start(number, otp.Options{})
			time.Sleep(time.Until(v.ExpiresAt) - time.Microsecond)
			assert.True(t, l.check(v.ID, l.code()).Valid)
		})
	})
}

func tryWrong(l *lab, id string, n int) {
	l.Helper()
	for range n {
		require.False(l, l.check(id, wrong(l.code())).Valid)
	}
}

func TestSentOnceMore(t *testing.T) {
	for name, again := range map[string]func(*otp.Verification) otp.Options{
		"by ref": func(*otp.Verification) otp.Options { return otp.Options{Ref: "login-1", Length: 8} },
		"by id":  func(v *otp.Verification) otp.Options { return otp.Options{ID: v.ID, TTL: time.Hour} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, otp.Config{Text: "Code {code}"})
				v := l.start(number, otp.Options{Ref: "login-1", Text: "Your code: {code}"})
				first := l.vendor.Messages()[0].Message
				time.Sleep(time.Minute)
				more := l.start(number, again(v))
				assert.Equal(t, v.ID, more.ID)
				assert.Equal(t, v.ExpiresAt, more.ExpiresAt)
				assert.Equal(t, 2, more.SendsLeft)
				second := l.vendor.Messages()[1].Message
				assert.Equal(t, first.Text, second.Text)
				assert.NotEqual(t, first.Ref, second.Ref, "it is another message")
				rendered, err := l.Render(t.Context(), second.Ref)
				require.NoError(t, err)
				assert.Equal(t, first.Text, rendered)

				_, err = l.Start(t.Context(), e164.MustParse("+306971234568"), again(v))
				assert.ErrorIs(t, err, otp.ErrOtherNumber)
				assert.True(t, l.check(v.ID, l.code()).Valid)
			})
		})
	}
}

// A ref whose verification has ended begins another one, with another code.
func TestRefAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, otp.Config{Length: 10})
		v := l.start(number, otp.Options{Ref: "login-1"})
		code := l.code()
		require.True(t, l.check(v.ID, code).Valid)
		time.Sleep(time.Second)
		again := l.start(number, otp.Options{Ref: "login-1"})
		assert.Equal(t, v.ID, again.ID)
		assert.NotEqual(t, code, l.code())
		assert.False(t, l.check(v.ID, code).Valid)
		assert.True(t, l.check(v.ID, l.code()).Valid)
	})
}

func TestLimits(t *testing.T) {
	limited := func(t *testing.T, err error, wait time.Duration) {
		t.Helper()
		require.ErrorIs(t, err, otp.ErrLimit)
		require.ErrorIs(t, err, provider.RateLimited)
		e, _ := errors.AsType[*provider.Error](err)
		assert.Equal(t, wait, e.RetryAfter)
	}
	t.Run("messages of a verification", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, otp.Config{Resends: 2, NumberSends: -1})
			for left := 2; left >= 0; left-- {
				assert.Equal(t, left, l.start(number, otp.Options{Ref: "r"}).SendsLeft)
			}
			time.Sleep(time.Minute)
			_, err := l.Start(t.Context(), number, otp.Options{Ref: "r"})
			limited(t, err, 4*time.Minute)
			time.Sleep(4 * time.Minute)
			l.start(number, otp.Options{Ref: "r"})
		})
	})
	t.Run("messages to a number", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, otp.Config{NumberSends: 2})
			l.start(number, otp.Options{})
			time.Sleep(10 * time.Minute)
			assert.Equal(t, 0, l.start(number, otp.Options{}).SendsLeft)
			_, err := l.Start(t.Context(), number, otp.Options{})
			limited(t, err, 50*time.Minute)
			l.start(e164.MustParse("+306971234568"), otp.Options{})
			time.Sleep(50 * time.Minute)
			l.start(number, otp.Options{})
		})
	})
	t.Run("wrong codes for a number", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, otp.Config{Tries: 3, NumberTries: 4})
			v := l.start(number, otp.Options{})
			tryWrong(l, v.ID, 3)
			v = l.start(number, otp.Options{})
			assert.Equal(t, otp.Checked{}, l.check(v.ID, wrong(l.code())), "the number has no tries left")
			assert.Equal(t, otp.Checked{}, l.check(v.ID, l.code()))
			_, err := l.Start(t.Context(), number, otp.Options{})
			limited(t, err, time.Hour)
		})
	})
	t.Run("the right code clears them", func(t *testing.T) {
		l := newLab(t, otp.Config{NumberSends: 1, NumberTries: 2})
		for range 5 {
			v := l.start(number, otp.Options{})
			tryWrong(l, v.ID, 1)
			require.True(t, l.check(v.ID, l.code()).Valid)
		}
	})
	t.Run("what was not sent does not count", func(t *testing.T) {
		l := newLab(t, otp.Config{NumberSends: 1, Resends: -1})
		for range 3 {
			l.vendor.Script(memory.Answer{Err: provider.NewError(provider.InvalidRecipient, "no")})
			v, err := l.Start(t.Context(), number, otp.Options{Ref: "r"})
			require.ErrorIs(t, err, provider.InvalidRecipient)
			assert.Nil(t, v)
		}
		l.start(number, otp.Options{Ref: "r"})
	})
	t.Run("what may have been sent does", func(t *testing.T) {
		l := newLab(t, otp.Config{NumberSends: 1})
		l.vendor.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "?"), Taken: true}, memory.Answer{Err: provider.NewError(provider.Indeterminate, "?"), Taken: true})
		v, err := l.Start(t.Context(), number, otp.Options{})
		require.ErrorIs(t, err, provider.Indeterminate)
		require.NotNil(t, v, "the person may have the code")
		assert.True(t, l.check(v.ID, l.code()).Valid)
	})
}

// A message that one provider may have goes to the next one with the same code.
func TestFailover(t *testing.T) {
	a, b := newVendor(t), newVendor(t)
	a.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "?"), Taken: true})
	r, err := router.New([]router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}}, nil)
	require.NoError(t, err)
	s, err := otp.New(r.Send, otp.Config{})
	require.NoError(t, err)
	v, err := s.Start(t.Context(), number, otp.Options{})
	require.NoError(t, err)
	assert.Equal(t, "b", v.Result.Provider)
	assert.Equal(t, a.Messages()[0].Message.Text, b.Messages()[0].Message.Text)
}

func TestConversions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []otp.Conversion
		l := newLab(t, otp.Config{OnConversion: func(c otp.Conversion) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, c)
		}})
		v := l.start(number, otp.Options{})
		time.Sleep(20 * time.Second)
		l.check(v.ID, wrong(l.code()))
		l.check(v.ID, l.code())
		l.check(v.ID, l.code())
		want := otp.Conversion{Verified: true, Sends: 1, After: 20 * time.Second, Provider: "a", Country: "GR", Prefix: "306971234"}
		assert.Equal(t, []otp.Conversion{want}, got)

		l.start(number, otp.Options{})
		lost := l.start(number, otp.Options{Ref: "r"})
		tryWrong(l, lost.ID, 5)
		l.start(number, otp.Options{Ref: "r"}) // takes the place of the one with the wrong codes
		unverified := otp.Conversion{Sends: 1, Provider: "a", Country: "GR", Prefix: "306971234"}
		assert.Equal(t, []otp.Conversion{want, unverified}, got)
		time.Sleep(8 * time.Minute)
		n, err := l.Sweep(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 3, n)
		assert.Equal(t, []otp.Conversion{want, unverified, unverified, unverified}, got)
		time.Sleep(time.Hour)
		n, err = l.Sweep(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, n, "the number's counters")
		assert.Len(t, got, 4, "each verification is reported once")
	})
}

// Start sweeps as it goes, once a minute.
func TestSweptByStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, otp.Config{Store: otp.NewMemoryStore(20), NumberSends: -1})
		for range 200 {
			l.start(number, otp.Options{})
			time.Sleep(30 * time.Second)
		}
	})
}

// The clock of a machine is set wrong, and put right.
func TestClocksThatJump(t *testing.T) {
	for name, c := range map[string]struct {
		jump  time.Duration
		valid bool
	}{
		"none":                 {0, true},
		"a minute back":        {-59 * time.Second, true},
		"more than that":       {-61 * time.Second, false},
		"a year back":          {-365 * 24 * time.Hour, false},
		"forth within its ttl": {4 * time.Minute, true},
		"a day forth":          {24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, otp.Config{})
			offset := time.Duration(0)
			l.SetClock(func() time.Time { return time.Now().Add(offset) })
			v := l.start(number, otp.Options{})
			offset = c.jump
			assert.Equal(t, c.valid, l.check(v.ID, l.code()).Valid)
		})
	}
	t.Run("limits do not last for a year", func(t *testing.T) {
		l := newLab(t, otp.Config{NumberSends: 1})
		offset := 365 * 24 * time.Hour
		l.SetClock(func() time.Time { return time.Now().Add(offset) })
		l.start(number, otp.Options{})
		offset = 0
		_, err := l.Start(t.Context(), number, otp.Options{})
		require.ErrorIs(t, err, otp.ErrLimit)
		e, _ := errors.AsType[*provider.Error](err)
		assert.Equal(t, time.Hour, e.RetryAfter)
	})
}

// A queue takes the message and renders it later.
func TestQueued(t *testing.T) {
	var queued *provider.Message
	s, err := otp.New(func(_ context.Context, m *provider.Message) (*router.Result, error) {
		queued = m
		return nil, nil
	}, otp.Config{Key: testKey})
	require.NoError(t, err)
	v, err := s.Start(t.Context(), number, otp.Options{})
	require.NoError(t, err)
	assert.Nil(t, v.Result)
	text, err := s.Render(t.Context(), queued.Ref)
	require.NoError(t, err)
	assert.Equal(t, queued.Text, text)
	_, err = s.Render(t.Context(), "order-1")
	assert.ErrorIs(t, err, otp.ErrEnded)
}
