package smpp_test

import (
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
)

// certificate returns that of net/http/httptest, which is for 127.0.0.1, and the
// file of its authority.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, block, 0o600))
	return server.TLS.Certificates[0], file
}

func TestTLS(t *testing.T) {
	cert, ca := certificate(t)
	server := smpptest.NewServer(smpptest.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}})
	defer server.Close()
	p := openAt(t, server, func(c *smpp.Config) { c.TLS, c.CAFile = "on", ca })
	r, err := p.Send(t.Context(), message("Hello"))
	require.NoError(t, err)
	assert.Equal(t, "1", r.ID)

	t.Run("events", func(t *testing.T) {
		e := listen(t, server, p)
		require.NoError(t, server.Report("1", smpptest.StateDelivered))
		assert.Equal(t, provider.StatusDelivered, e.next(t).Status)
	})
	t.Run("a response that does not come", func(t *testing.T) {
		server.OnSubmit(func(smpptest.Message) smpptest.Reply { return smpptest.Reply{Drop: true} })
		_, err := p.Send(within(t, 30*time.Second), message("Hello"))
		assert.ErrorIs(t, err, provider.Indeterminate)
		server.OnSubmit(nil)
	})
	t.Run("an authority that is not trusted", func(t *testing.T) {
		stranger := openAt(t, server, func(c *smpp.Config) { c.TLS = "on" })
		_, err := stranger.Send(within(t, 30*time.Second), message("Hello"))
		assert.ErrorIs(t, err, provider.Unavailable)
		assert.ErrorContains(t, err, "certificate")
	})
	t.Run("a server without TLS", func(t *testing.T) {
		plain, _ := open(t, nil)
		p := openAt(t, plain, func(c *smpp.Config) { c.TLS = "on" })
		_, err := p.Send(within(t, 30*time.Second), message("Hello"))
		assert.ErrorIs(t, err, provider.Unavailable)
		assert.Zero(t, plain.Binds(), "the password is not sent")
	})
}

// Over TLS, too, the line takes some bytes and breaks. The record of this message
// has 79 bytes: one that lacks any of them is no message to the SMSC.
func TestTLSLineTakesSomeBytes(t *testing.T) {
	cert, ca := certificate(t)
	for _, room := range []int{1, 5, 20, 60, 78} {
		server := smpptest.NewServer(smpptest.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}})
		line := &cutter{address: server.Address()}
		line.room.Store(-1)
		p := openAt(t, server, func(c *smpp.Config) { c.Dial, c.TLS, c.CAFile = line.dial, "on", ca })
		require.NoError(t, p.Check(t.Context()))
		line.room.Store(int64(room - 1))
		_, err := p.Send(within(t, 30*time.Second), message("Hello"))
		require.ErrorIs(t, err, provider.Indeterminate, "%d bytes of a TLS record", room)
		require.Empty(t, server.Messages())
		require.NoError(t, p.Close())
		server.Close()
	}
}
