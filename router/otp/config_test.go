package otp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/otp"
)

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
