package otp_test

import (
	"context"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
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
