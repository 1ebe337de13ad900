package rest

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestIsPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "203.1.113.1": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false,
		"::ffff:10.0.0.1": false, "::ffff:127.0.0.1": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false, "2001:db8::1": false,
	} {
		assert.Equal(t, want, isPublic(netip.MustParseAddr(address)), address)
	}
}

// The guard judges addresses when it connects, so that a name cannot lead it
// astray; here the address stands for what a name resolves to.
func TestPrivateAddressesAreNotConnectedTo(t *testing.T) {
	r, err := Load("transmitsms")
	require.NoError(t, err)
	m := &provider.Message{To: e164.MustParse("+61491570156"), Text: "Hello"}
	config := Config{
		Values: map[string]provider.Secret{"username": "user", "password": "secret456"},
		Config: httpcall.Config{BaseURL: "https://169.254.169.254"},
	}
	p, err := r.NewProvider(config)
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Send(t.Context(), m)
	require.ErrorIs(t, err, provider.Unavailable)
	assert.ErrorContains(t, err, "not a public address; allow_private: true allows it")

	assert.NotNil(t, config.guarded("https://api.example.com").DialControl)
	assert.Nil(t, config.guarded("http://127.0.0.1:8080").DialControl, "the user named loopback")
	config.AllowPrivateHTTP = true
	assert.NotNil(t, config.guarded("https://10.0.0.1").DialControl, "the other setting is about http")
	assert.Nil(t, config.guarded("http://10.0.0.1").DialControl, "package httpcall checks it")
	config.AllowPrivate = true
	assert.Nil(t, config.guarded("https://10.0.0.1").DialControl)
}
