package otp_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/otp"
)

var (
	testKey = []byte("a key of thirty-two bytes or more")
	number  = e164.MustParse("+306971234567")
)

// lab is a service over a router with one provider, which keeps its messages.
type lab struct {
	*testing.T
	*otp.Service
	vendor *memory.Provider
}

func newVendor(t *testing.T) *memory.Provider {
	t.Helper()
	p, err := memory.New(memory.Config{})
	require.NoError(t, err)
	return p
}

func newLab(t *testing.T, c otp.Config) *lab {
	t.Helper()
	l := &lab{T: t, vendor: newVendor(t)}
	r, err := router.New([]router.Upstream{{Name: "a", Provider: l.vendor}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	l.Service, err = otp.New(r.Send, c)
	require.NoError(t, err)
	return l
}

func (l *lab) start(to e164.Number, o otp.Options) *otp.Verification {
	l.Helper()
	v, err := l.Start(l.Context(), to, o)
	require.NoError(l, err)
	return v
}

func (l *lab) check(id, code string) otp.Checked {
	l.Helper()
	c, err := l.Check(l.Context(), id, code)
	require.NoError(l, err)
	return c
}

var digits = regexp.MustCompile(`[0-9]+`)

// code is the code in the last message.
func (l *lab) code() string {
	l.Helper()
	sent := l.vendor.Messages()
	require.NotEmpty(l, sent)
	return digits.FindString(sent[len(sent)-1].Message.Text)
}

// wrong is another code of the same length.
func wrong(code string) string { return code[:len(code)-1] + string('0'+(code[len(code)-1]-'0'+1)%10) }

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

func TestFullStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, otp.Config{Store: otp.NewMemoryStore(3), NumberSends: -1})
		v := l.start(number, otp.Options{})
		l.start(number, otp.Options{})
		_, err := l.Start(t.Context(), number, otp.Options{})
		require.ErrorIs(t, err, otp.ErrStoreFull)
		assert.Len(t, l.vendor.Messages(), 2, "nothing is sent that cannot be checked")
		_, err = l.Start(t.Context(), number, otp.Options{ID: v.ID})
		require.NoError(t, err, "this one is in the store")
		time.Sleep(8 * time.Minute)
		l.start(number, otp.Options{})
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

func TestTyped(t *testing.T) {
	for _, form := range []string{"%s%s", " %s %s\n", "%s-%s", "%s\u00a0%s"} {
		l := newLab(t, otp.Config{})
		v := l.start(number, otp.Options{})
		assert.True(t, l.check(v.ID, fmt.Sprintf(form, l.code()[:3], l.code()[3:])).Valid, "%q", form)
	}
	for _, zero := range []rune{'٠', '۰', '०', '０'} {
		l := newLab(t, otp.Config{})
		v := l.start(number, otp.Options{})
		typed := strings.Map(func(r rune) rune { return r - '0' + zero }, l.code())
		assert.True(t, l.check(v.ID, typed).Valid, typed)
	}
	l := newLab(t, otp.Config{NumberTries: -1, Tries: 100})
	v := l.start(number, otp.Options{})
	for _, typed := range []string{"0" + l.code(), l.code() + "0", l.code()[1:], "+" + l.code(), "\x00", strings.Repeat("9", 1<<16), "\xff\xfe"} {
		assert.False(t, l.check(v.ID, typed).Valid, "%.20q", typed)
	}
	for _, id := range []string{"", "otp_", v.ID + "a", v.ID[:len(v.ID)-1], "msg_" + v.ID[4:], strings.ToUpper(v.ID), "otp_\x00", strings.Repeat("a", 1<<16)} {
		assert.Equal(t, otp.Checked{}, l.check(id, l.code()), "%.40q", id)
	}
	assert.True(t, l.check(v.ID, l.code()).Valid)
}

func TestSettings(t *testing.T) {
	send := func(context.Context, *provider.Message) (*router.Result, error) { return nil, nil }
	for want, c := range map[string]otp.Config{
		"key: has 5 bytes; want at least 32":             {Key: []byte("short")},
		"length: 3; want 4 to 10":                        {Length: 3},
		"length: 11; want 4 to 10":                       {Length: 11},
		"ttl: 59s; want 1m0s to 1h0m0s":                  {TTL: 59 * time.Second},
		"ttl: 1h0m0.000000001s; want 1m0s to 1h0m0s":     {TTL: time.Hour + 1},
		"tries: -1; want 1 to 100":                       {Tries: -1},
		"resends: 101; want 0 to 100":                    {Resends: 101},
		"number.window: 1s; want 1m to 24h":              {NumberWindow: time.Second},
		"text: has no {code}, which stands for the code": {Text: "Your code"},
		"text: {Code} is no placeholder; want {code}":    {Text: "{code} {Code}"},
		`domain: "https://example.com"; want a host name in lower case, without https:// and port, such as example.com`: {Domain: "https://example.com"},
		"text: takes 2 segments as gsm7 with a code of 6 digits; want at most 1":                                        {Text: "{code}" + strings.Repeat("a", 155)},
		"text: takes 2 segments as ucs2 with a code of 6 digits; want at most 1: characters outside the GSM alphabet leave room for 70 in a segment, not 160": {
			Text: "{code}" + strings.Repeat("я", 65),
		},
		"text: takes 2 segments as gsm7 with a code of 10 digits; want at most 1": {
			Text: "{code}" + strings.Repeat("a", 138), Domain: "a.com", Length: 10,
		},
		"key: must not be empty with a store that outlives the process": {Store: elsewhere{}},
	} {
		_, err := otp.New(send, c)
		_, ok := errors.AsType[*provider.ConfigError](err)
		require.True(t, ok, "%v", want)
		assert.EqualError(t, err, want)
	}
	for name, o := range map[string]otp.Options{
		"a text without the code": {Text: "Hello"}, "a length": {Length: 12}, "a ttl": {TTL: time.Second}, "both": {Ref: "a", ID: "b"},
		"a text that is too long for the length": {Text: "{code}" + strings.Repeat("a", 151), Length: 10},
	} {
		l := newLab(t, otp.Config{})
		_, err := l.Start(t.Context(), number, o)
		assert.ErrorIs(t, err, provider.InvalidMessage, name)
		assert.Empty(t, l.vendor.Messages())
	}
	l := newLab(t, otp.Config{Text: "{code}" + strings.Repeat("a", 154)})
	l.start(number, otp.Options{})
	_, err := l.Start(t.Context(), e164.Number{}, otp.Options{})
	assert.ErrorIs(t, err, provider.InvalidRecipient)
}

type elsewhere struct{ otp.Store }

// The last line has the form of the specification "Origin-bound one-time codes delivered
// via SMS" of the Web Platform Incubator Community Group.
func TestDomain(t *testing.T) {
	l := newLab(t, otp.Config{Domain: "example.com", Text: "Ο κωδικός σας: {code}"})
	v := l.start(number, otp.Options{})
	code := l.code()
	assert.Equal(t, "Ο κωδικός σας: "+code+"\n@example.com #"+code, l.vendor.Messages()[0].Message.Text)
	assert.True(t, l.check(v.ID, code).Valid)
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

func TestNothingIsShown(t *testing.T) {
	var log strings.Builder
	vendor := newVendor(t)
	r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor}}, &router.Options{
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	store := &spy{Store: otp.NewMemoryStore(0)}
	s, err := otp.New(r.Send, otp.Config{Key: testKey, Store: store, Length: 10})
	require.NoError(t, err)
	v, err := s.Start(t.Context(), number, otp.Options{Ref: "somebody"})
	require.NoError(t, err)
	code := digits.FindString(vendor.Messages()[0].Message.Text)
	_, err = s.Start(t.Context(), e164.MustParse("+306971234599"), otp.Options{ID: v.ID})
	for _, shown := range []string{log.String(), fmt.Sprintf("%+v %v %#v", *v, err, *v), fmt.Sprintf("%+v", store.keys)} {
		assert.NotContains(t, shown, code)
		assert.NotContains(t, shown, "6971234")
	}
	require.NotEmpty(t, store.records)
	for _, r := range store.records {
		assert.Equal(t, "otp.Record{redacted}", fmt.Sprintf("%+v", r))
		fields := fmt.Sprintln(r.Text, r.Number, r.Prefix, r.Country, r.Provider, r.Sends, r.Tries, r.Length)
		assert.NotContains(t, fields, code)
		assert.NotContains(t, fields, number.Digits())
	}
}

// spy keeps what is put into a store.
type spy struct {
	otp.Store
	keys    []string
	records []otp.Record
}

func (s *spy) Update(ctx context.Context, f func(otp.Tx) error) error {
	return s.Store.Update(ctx, func(tx otp.Tx) error { return f(spyTx{tx, s}) })
}

type spyTx struct {
	otp.Tx
	spy *spy
}

func (t spyTx) Put(key string, r *otp.Record) error {
	t.spy.keys, t.spy.records = append(t.spy.keys, key), append(t.spy.records, *r)
	return t.Tx.Put(key, r)
}

// Digits are unbiased: no word yields a digit more often than any other. The oracle counts
// over a space small enough to see all of it, and the edges of the real one.
func TestBelow(t *testing.T) {
	const size = 1_000_000
	last := ^uint64(0) - (^uint64(0)%size+1)%size
	for word, want := range map[uint64]struct {
		n  uint64
		ok bool
	}{0: {0, true}, size - 1: {size - 1, true}, size: {0, true}, last: {size - 1, true}, last + 1: {0, false}, ^uint64(0): {0, false}} {
		n, ok := otp.Below(size, bigEndian(word))
		assert.Equal(t, want.ok, ok, word)
		assert.Equal(t, want.n, n, word)
	}
	n, ok := otp.Below(size, append(bigEndian(^uint64(0)), bigEndian(7)...))
	assert.True(t, ok)
	assert.Equal(t, uint64(7), n, "the next word takes its place")
}

func bigEndian(n uint64) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[7-i] = byte(n >> (8 * i))
	}
	return b
}

// Over many verifications each digit comes equally often in each place (chi-squared with
// 9 degrees of freedom; 33.7 is exceeded by chance once in 10,000 times), and no code
// follows from another.
func TestCodesAreSpread(t *testing.T) {
	s, err := otp.New(func(_ context.Context, m *provider.Message) (*router.Result, error) { return nil, nil },
		otp.Config{Key: testKey, NumberSends: -1, Text: "{code}"})
	require.NoError(t, err)
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s.SetClock(func() time.Time { return at }) // and refs instead of random ids: the test is the same each time
	const codes = 20_000
	var counts [6][10]float64
	for i := range codes {
		v, err := s.Start(t.Context(), number, otp.Options{Ref: fmt.Sprint(i)})
		require.NoError(t, err)
		code, err := s.Render(t.Context(), v.ID)
		require.NoError(t, err)
		require.Len(t, code, 6)
		for place, digit := range code {
			counts[place][digit-'0']++
		}
	}
	for place, list := range counts {
		squared := 0.0
		for _, n := range list {
			squared += (n - codes/10) * (n - codes/10) / (codes / 10)
		}
		assert.Less(t, squared, 33.7, "place %d: %v", place, list)
	}
}

func FuzzText(f *testing.F) {
	f.Add("{code}", "example.com", 6)
	f.Add("{code} {code} {x}", "", 4)
	f.Add("Κωδικός {code}\n", "a.b", 10)
	f.Add("{{code}}", "-", 5)
	send := func(context.Context, *provider.Message) (*router.Result, error) { return nil, nil }
	f.Fuzz(func(t *testing.T, text, domain string, length int) {
		c := otp.Config{Text: text, Domain: domain, Length: length}
		s, err := otp.New(send, c)
		if err != nil {
			if _, ok := errors.AsType[*provider.ConfigError](err); !ok {
				t.Fatalf("%v is no ConfigError", err)
			}
			return
		}
		v, err := s.Start(t.Context(), number, otp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Render(t.Context(), v.ID)
		if err != nil {
			t.Fatal(err)
		}
		a, err := segment.Analyze(got, nil)
		if err != nil || a.Segments > 1 {
			t.Fatalf("%q takes %d segments: %v", got, a.Segments, err)
		}
		if strings.Contains(got, "{code}") && !strings.Contains(strings.ReplaceAll(text, "{code}", "0"), "{code}") {
			t.Fatalf("%q has a placeholder left", got)
		}
		if _, last, found := strings.Cut(got, "\n@"+domain+" #"); domain != "" && (!found || length != 0 && len(last) != length) {
			t.Fatalf("%q does not end in the domain's line", got)
		}
	})
}
