package otp_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/otp"
)

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
