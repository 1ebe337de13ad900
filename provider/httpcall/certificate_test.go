package httpcall_test

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// A server that wants a client certificate has not read the request, although under
// TLS 1.3 the client has written it by then.
func TestClientCertificateWanted(t *testing.T) {
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			config, ca := serverTLS(t)
			config.MinVersion, config.MaxVersion, config.ClientAuth = version, version, tls.RequireAnyClientCert
			s := serve(t, func(_ *socket, c net.Conn, _ *bufio.Reader) {
				if tls.Server(c, config).Handshake() != nil {
					_, _ = io.Copy(io.Discard, c) // so that no reset overtakes the alert
				}
			})
			client := newClient(t, httpcall.Config{BaseURL: strings.Replace(s.url, "http", "https", 1), CAFile: ca})
			named := 0
			for range 20 {
				_, err := client.Do(t.Context(), post(strings.Repeat("x", 2000)))
				require.ErrorIs(t, err, provider.Unavailable)
				if strings.Contains(err.Error(), "tls: ") {
					named++
				} else { // the alert came before the request, which found the connection closed
					assert.ErrorContains(t, err, "closed network connection")
				}
			}
			assert.Positive(t, named)
		})
	}
}

// Any other alert proves nothing, even where we could guess.
func TestOtherAlertsProveNothing(t *testing.T) {
	config, ca := serverTLS(t)
	config.MinVersion = tls.VersionTLS13
	s := serve(t, func(_ *socket, c net.Conn, in *bufio.Reader) {
		own := config.Clone()
		own.VerifyConnection = func(tls.ConnectionState) error {
			_, err := in.Peek(in.Buffered() + 1000) // the client has written its request
			return errors.Join(errors.New("no"), err)
		}
		_ = tls.Server(readFirst{c, in}, own).Handshake()
		_, _ = io.Copy(io.Discard, c)
	})
	client := newClient(t, httpcall.Config{BaseURL: strings.Replace(s.url, "http", "https", 1), CAFile: ca})
	_, err := client.Do(t.Context(), post(strings.Repeat("x", 2000)))
	require.ErrorIs(t, err, provider.Indeterminate)
	assert.ErrorContains(t, err, "remote error: tls: bad certificate")
}

// readFirst is a connection that is read through a buffer.
type readFirst struct {
	net.Conn
	in *bufio.Reader
}

func (r readFirst) Read(b []byte) (int, error) { return r.in.Read(b) }

// serverTLS returns the settings of a server for 127.0.0.1, and the file with its
// certificate authority.
func serverTLS(t *testing.T) (config *tls.Config, caFile string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	require.NoError(t, os.WriteFile(caFile, pem.EncodeToMemory(&block), 0o600))
	return server.TLS.Clone(), caFile
}
