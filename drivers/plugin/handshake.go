package plugin

import (
	"context"
	"errors"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

// ProtocolVersion is the protocol version of this package, which supports no
// older one.
const ProtocolVersion = 1

// The cookie lets a plugin that is started by hand exit instead of waiting for
// a host. It is not a secret and proves nothing.
const (
	cookieKey   = "ANYSMS_PLUGIN"
	cookieValue = "b2e4a7c0-driver"
)

// serviceName is the driver's name in go-plugin's plugin set, which has only
// this one.
const serviceName = "driver"

var handshake = goplugin.HandshakeConfig{MagicCookieKey: cookieKey, MagicCookieValue: cookieValue}

// bridge is the only go-plugin plugin type.
type bridge struct {
	goplugin.NetRPCUnsupportedPlugin
	driver provider.Driver // on the plugin's side
}

// GRPCServer is the plugin's side.
func (b bridge) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	driverv1.RegisterDriverServer(s, &server{driver: b.driver})
	return nil
}

// GRPCClient is the host's side.
func (bridge) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

func versions(d provider.Driver) map[int]goplugin.PluginSet {
	return map[int]goplugin.PluginSet{ProtocolVersion: {serviceName: bridge{driver: d}}}
}

var errNoCertificate = errors.New(`the plugin sent no certificate; a plugin without TLS needs the setting tls: off`)
