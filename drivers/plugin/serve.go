package plugin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/anysms/anysms/provider"
)

// Serve makes the program a plugin: it serves the driver to the host that
// started the program, until that host ends it or is gone. It does not return.
// Started by hand, the program says what it is and exits with status 1.
//
// What the driver writes to standard output and standard error goes to the
// host's log. A panic of the driver makes that call provider.Indeterminate, and
// no other.
func Serve(d provider.Driver) {
	if os.Getenv(cookieKey) != cookieValue {
		name := filepath.Base(os.Args[0])
		fmt.Fprintf(os.Stderr, "%s is a plugin for anysms: the driver %q. %s\nIt is started by its host, as the provider {driver: plugin, path: ./%s}.\n", name, d.Name, d.Doc, name)
		os.Exit(1)
	}
	go exitWithHost()
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: versions(d),
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr}),
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options,
				grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage), grpc.UnaryInterceptor(intercept))...)
		},
	})
	os.Exit(0)
}

// exitWithHost ends a plugin whose host is gone, where the kernel does not.
func exitWithHost() {
	if runtime.GOOS == "windows" {
		return // a process there keeps its parent's pid
	}
	host := os.Getppid()
	for range time.Tick(time.Second) {
		if os.Getppid() != host {
			os.Exit(1)
		}
	}
}

// intercept gives a call its context.
func intercept(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, cancel := incoming(ctx)
	defer cancel()
	return handler(ctx, request)
}

// guard turns a driver's panic into an error of this call, whose outcome is
// unknown.
func guard(err *error) {
	if r := recover(); r != nil {
		fmt.Fprintf(os.Stderr, "panic: %v\n%s", r, debug.Stack())
		*err = provider.NewError(provider.Indeterminate, "the driver panicked")
	}
}
