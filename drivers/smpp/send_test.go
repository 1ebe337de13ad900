package smpp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// open starts a fake SMSC and a provider at it.
func open(t testing.TB, change func(*smpp.Config)) (*smpptest.Server, *smpp.Provider) {
	t.Helper()
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	return server, openAt(t, server, change)
}

func openAt(t testing.TB, server *smpptest.Server, change func(*smpp.Config)) *smpp.Provider {
	t.Helper()
	c := smpp.Config{Address: server.Address(), SystemID: "esme", Password: "secret", ConnectTimeout: provider.Duration(time.Minute)}
	if change != nil {
		change(&c)
	}
	p, err := smpp.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func message(text string) *provider.Message {
	return &provider.Message{To: e164.MustParse("+306900000001"), From: "Example", Text: text}
}

// within is a context for one call.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestSend(t *testing.T) {
	server, p := open(t, nil)
	for name, text := range drivertest.Texts() {
		t.Run(name, func(t *testing.T) {
			r, err := p.Send(t.Context(), message(text))
			require.NoError(t, err)
			got := server.Messages()
			last := got[len(got)-1]
			assert.Equal(t, last.ID, r.ID)
			assert.Zero(t, r.Segments, "the SMSC does not say")
			assert.Equal(t, text, last.Text)
			assert.Equal(t, "306900000001", last.To)
			assert.Equal(t, []byte{5, 0, 1, 1}, []byte{last.SourceTON, last.SourceNPI, last.DestTON, last.DestNPI})
			assert.EqualValues(t, 1, last.RegisteredDelivery)
		})
	}
	transmitters, receivers, transceivers := server.Bound()
	assert.Equal(t, []int{1, 0, 0}, []int{transmitters, receivers, transceivers}, "nobody listens")
}

func TestSegments(t *testing.T) {
	texts := map[string]string{
		"GSM-7": strings.Repeat("abcdefghi€", 40),
		"UCS-2": strings.Repeat("Καλημέρα🙂", 20),
		"Latin": strings.Repeat("Grüße ", 60),
	}
	for _, segments := range []string{"udh8", "udh16", "sar", "payload"} {
		for _, alphabet := range []string{"gsm7", "latin1"} {
			server, p := open(t, func(c *smpp.Config) { c.Segments, c.Alphabet = segments, alphabet })
			for name, text := range texts {
				t.Run(segments+" "+alphabet+" "+name, func(t *testing.T) {
					before := len(server.Messages())
					r, err := p.Send(t.Context(), message(text))
					require.NoError(t, err)
					got := server.Messages()[before:]
					var ids []string
					var whole strings.Builder
					for i, m := range got {
						ids = append(ids, m.ID)
						whole.WriteString(m.Text)
						if segments != "payload" {
							assert.Equal(t, []int{i + 1, len(got), got[0].Ref}, []int{m.Segment, m.Segments, m.Ref})
						}
					}
					assert.Equal(t, text, whole.String())
					assert.Equal(t, ids, provider.SegmentIDs(r.ID))
					if segments == "payload" {
						assert.Len(t, got, 1)
					} else {
						assert.Greater(t, len(got), 1)
					}
				})
			}
		}
	}
}

func TestNationalTables(t *testing.T) {
	server, p := open(t, func(c *smpp.Config) { c.Languages = []string{"tr"} })
	text := strings.Repeat("Şişli'de ğ ", 3)
	_, err := p.Send(t.Context(), message(text))
	require.NoError(t, err)
	got := server.Messages()[0]
	assert.Equal(t, text, got.Text)
	assert.Zero(t, got.DataCoding)
	assert.EqualValues(t, 0x40, got.ESMClass)
}

func TestParameters(t *testing.T) {
	server, p := open(t, func(c *smpp.Config) {
		c.DLTEntity, c.DLTTemplate, c.ServiceType = "1101", "1107", "OTP"
		c.TLVs = map[string]string{"0x1402": "hex:0A0B"}
	})
	m := message("Hello")
	m.Extra = map[string]string{"smpp.dlt_template": "1108", "smpp.service_type": "PROMO", "other.key": "v"}
	_, err := p.Send(t.Context(), m)
	require.NoError(t, err)
	got := server.Messages()[0]
	assert.Equal(t, map[uint16][]byte{0x1400: []byte("1101"), 0x1401: []byte("1108"), 0x1402: {10, 11}}, got.Params)
	assert.Equal(t, "PROMO", got.ServiceType)
	m.Extra = map[string]string{"smpp.priority": "1"}
	_, err = p.Send(t.Context(), m)
	assert.ErrorIs(t, err, provider.Unsupported)
}

func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		reply smpptest.Reply
		want  provider.Code
	}{
		"accepted":            {smpptest.Reply{}, ""},
		"id without NUL":      {smpptest.Reply{NUL: true}, ""},
		"two responses":       {smpptest.Reply{Twice: true}, ""},
		"message length":      {smpptest.Reply{Status: 0x01}, provider.InvalidMessage},
		"source address":      {smpptest.Reply{Status: 0x0A}, provider.SenderRejected},
		"destination address": {smpptest.Reply{Status: 0x0B}, provider.InvalidRecipient},
		"queue full":          {smpptest.Reply{Status: 0x14}, provider.RateLimited},
		"throttled":           {smpptest.Reply{Status: 0x58}, provider.RateLimited},
		"system error":        {smpptest.Reply{Status: 0x08}, provider.Unavailable},
		"submit failed":       {smpptest.Reply{Status: 0x45}, provider.Rejected},
		"reserved":            {smpptest.Reply{Status: 0x0345}, provider.Rejected},
		"operator's own":      {smpptest.Reply{Status: 0x0404}, provider.NoRoute},
		"operator's range":    {smpptest.Reply{Status: 0x0418}, provider.OptedOut},
		"generic_nack":        {smpptest.Reply{Nack: true, Status: 0x03}, provider.Indeterminate},
		"no response":         {smpptest.Reply{Silent: true}, provider.Indeterminate},
		"dropped":             {smpptest.Reply{Drop: true}, provider.Indeterminate},
		"cut within":          {smpptest.Reply{Partial: 10}, provider.Indeterminate},
		"no body":             {smpptest.Reply{Bare: true}, provider.Indeterminate},
		"another number":      {smpptest.Reply{Wrong: true}, provider.Indeterminate},
		"length too small":    {smpptest.Reply{Raw: []byte("\x00\x00\x00\x0f\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x02")}, provider.Indeterminate},
		"length too large":    {smpptest.Reply{Raw: []byte("\x7f\x00\x00\x10\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x02")}, provider.Indeterminate},
		"another command":     {smpptest.Reply{Raw: []byte("\x00\x00\x00\x10\x80\x00\x00\x15\x00\x00\x00\x00\x00\x00\x00\x02")}, provider.Indeterminate},
		"not SMPP":            {smpptest.Reply{Raw: []byte("HTTP/1.1 400 Bad Request\r\n\r\n")}, provider.Indeterminate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, p := open(t, func(c *smpp.Config) {
				c.StatusCodes = map[string]provider.Code{"0x0404": provider.NoRoute, "0x0410-0x041f": provider.OptedOut}
			})
			ctx, cancel := context.WithCancel(within(t, time.Minute))
			server.OnSubmit(func(smpptest.Message) smpptest.Reply {
				if c.want == provider.Indeterminate {
					time.AfterFunc(300*time.Millisecond, cancel)
				}
				return c.reply
			})
			r, err := p.Send(ctx, message("Hello"))
			assert.Equal(t, c.want, provider.CodeOf(err), "%v", err)
			if c.want == "" {
				assert.Equal(t, "1", r.ID)
			} else {
				assert.Nil(t, r)
			}
			assert.LessOrEqual(t, server.Submits(), 1, "one submit_sm for one segment")
			if e, ok := errors.AsType[*provider.Error](err); ok && e.Code == provider.RateLimited {
				assert.Positive(t, e.RetryAfter)
			}
		})
	}
}

func TestLaterSegments(t *testing.T) {
	long := strings.Repeat("0123456789", 40) // three segments
	third := func(reply smpptest.Reply, times int) func(smpptest.Message) smpptest.Reply {
		return func(m smpptest.Message) smpptest.Reply {
			if m.Segment == 3 && times > 0 {
				times--
				return reply
			}
			return smpptest.Reply{}
		}
	}
	t.Run("throttled for a while", func(t *testing.T) {
		t.Parallel()
		server, p := open(t, nil)
		server.OnSubmit(third(smpptest.Reply{Status: 0x58}, 2))
		r, err := p.Send(within(t, time.Minute), message(long))
		require.NoError(t, err)
		assert.Equal(t, "1,2,3", r.ID)
		assert.Equal(t, 5, server.Submits())
	})
	for name, reply := range map[string]smpptest.Reply{
		"throttled": {Status: 0x58}, "refused": {Status: 0x45}, "silent": {Silent: true}, "dropped": {Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drivertest.InTime(t, 700*time.Millisecond, func(d time.Duration) bool {
				server, p := open(t, nil)
				server.OnSubmit(third(reply, 100))
				_, err := p.Send(within(t, d), message(long))
				if server.Submits() < 3 {
					return false
				}
				require.ErrorIs(t, err, provider.Indeterminate)
				var partial *smpp.PartialError
				require.ErrorAs(t, err, &partial)
				assert.Equal(t, []string{"1", "2"}, partial.IDs)
				assert.Equal(t, 3, partial.Segments)
				own, _ := errors.AsType[*provider.Error](err)
				assert.Equal(t, "1,2,", own.ID, "reports find the message")
				return true
			})
		})
	}
	t.Run("the first is refused", func(t *testing.T) {
		t.Parallel()
		server, p := open(t, nil)
		server.OnSubmit(func(smpptest.Message) smpptest.Reply { return smpptest.Reply{Status: 0x58} })
		_, err := p.Send(t.Context(), message(long))
		require.ErrorIs(t, err, provider.RateLimited)
		assert.Equal(t, 1, server.Submits())
	})
}

func TestBindFailures(t *testing.T) {
	for name, c := range map[string]struct {
		status   uint32
		password provider.Secret
		want     provider.Code
	}{
		"wrong password": {0, "wrong", provider.Unauthenticated},
		"bind failed":    {0x0D, "secret", provider.Unauthenticated},
		"system id":      {0x0F, "secret", provider.Unauthenticated},
		"already bound":  {0x05, "secret", provider.Unavailable},
		"system error":   {0x08, "secret", provider.Unavailable},
		"something else": {0x45, "secret", provider.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, p := open(t, func(config *smpp.Config) { config.Password = c.password })
			server.OnBind(c.status)
			_, err := p.Send(t.Context(), message("Hello"))
			require.ErrorIs(t, err, c.want)
			assert.NotContains(t, err.Error(), string(c.password))
			assert.Regexp(t, `0x00[0-9A-F]{2}`, provider.Mask(err.Error()), "the status is not masked as a number")
			_, err = p.Send(t.Context(), message("Hello"))
			require.ErrorIs(t, err, c.want, "without another bind, until the pause is over")
			var e *provider.Error
			require.ErrorAs(t, err, &e)
			if c.want == provider.Unauthenticated {
				assert.Positive(t, e.RetryAfter)
				assert.Equal(t, 1, server.Binds())
			}
			assert.ErrorIs(t, p.Check(t.Context()), c.want)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		server := smpptest.NewServer(smpptest.Config{})
		p := openAt(t, server, nil)
		server.Close()
		_, err := p.Send(t.Context(), message("Hello"))
		assert.ErrorIs(t, err, provider.Unavailable)
	})
}

func TestCheck(t *testing.T) {
	_, p := open(t, nil)
	assert.NoError(t, p.Check(t.Context()))
	require.NoError(t, p.Close())
	assert.ErrorIs(t, p.Check(t.Context()), provider.Unavailable)
	_, err := p.Send(t.Context(), message("Hello"))
	assert.ErrorIs(t, err, provider.Unavailable)
}
