package smpp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// An SMSC finds a message by its id and its sender together.
func TestStatusAndCancelNameTheSender(t *testing.T) {
	for name, c := range map[string]struct{ account, from, text string }{
		"the account's own":          {"Shop", "", "Hello"},
		"the account's own, spelled": {"Shop", "Shop", "Hello"},
		"the message's own":          {"Shop", "Example", "Hello"},
		"a number":                   {"Shop", "+306900000009", "Hello"},
		"several segments":           {"Shop", "Example", strings.Repeat("0123456789", 40)},
		"the SMSC's":                 {"", "", "Hello"},
		"only the message's":         {"", "12345", "Hello"},
	} {
		t.Run(name, func(t *testing.T) {
			server, p := open(t, func(config *smpp.Config) { config.Sender, config.Query, config.Cancel = c.account, true, true })
			r, err := p.Send(t.Context(), &provider.Message{To: e164.MustParse("+306900000001"), From: c.from, Text: c.text})
			require.NoError(t, err)
			e, err := p.Status(t.Context(), r.ID)
			require.NoError(t, err)
			assert.Equal(t, r.ID, e.ID)
			assert.Equal(t, "ENROUTE", e.VendorStatus)
			assert.False(t, e.Final)
			require.NoError(t, p.Cancel(t.Context(), r.ID))
			for _, m := range server.Messages() {
				assert.EqualValues(t, smpptest.StateDeleted, m.State)
			}
			e, err = p.Status(t.Context(), r.ID)
			require.NoError(t, err)
			assert.Equal(t, provider.StatusCancelled, e.Status)

			// The id tells another process the sender.
			other := openAt(t, server, func(config *smpp.Config) { config.Sender, config.Query = c.account, true })
			e, err = other.Status(t.Context(), r.ID)
			require.NoError(t, err)
			assert.Equal(t, provider.StatusCancelled, e.Status)
		})
	}
}
