package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/gate"
	"github.com/anysms/anysms/provider/redact"
)

// endGrace is how long a plugin may take to exit.
const endGrace = 2 * time.Second

// process is one run of the program: its process, its connection, its account.
type process struct {
	child  *child
	client *goplugin.Client
	line   line
	driver driverv1.DriverClient

	socketDir string
	conn      atomic.Pointer[grpc.ClientConn] // of go-plugin, as soon as it is used
	connected bool                            // go-plugin knows the connection and can close it

	description Description
	caps        provider.Capabilities
	stream      *sendStream // nil if sends are unary

	gate gate.Gate
	hung chan error // one reason why the process must be replaced
}

// launch starts the program and reads its description. A plugin that is not
// ready when ctx ends is killed.
func launch(ctx context.Context, c *Config) (*process, error) {
	file, err := c.file()
	if err != nil {
		return nil, err
	}
	if err := checkSum(file, c.SHA256); err != nil {
		return nil, err
	}
	out := newOutput(c.logger().With("plugin", filepath.Base(file)))
	out.redact(c.Settings, nil)
	p := &process{child: newChild(file, c.Args, environment(c.Env), out), hung: make(chan error, 1)}
	stop := context.AfterFunc(ctx, p.child.kill)
	defer stop()
	if err := p.connect(ctx, c); err != nil {
		p.kill()
		return nil, startError(ctx, p.child, err)
	}
	return p, nil
}

func environment(env map[string]string) []string {
	list := []string{} // not nil, which means the host's environment
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

func (p *process) connect(ctx context.Context, c *Config) error {
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: versions(provider.Driver{}),
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
			p.socketDir = dir
			p.child.cmd.Env = append(p.child.cmd.Env, cmd.Env...)
			return p.child, nil
		},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         c.TLS != TLSOff,
		SkipHostEnv:      true,
		StartTimeout:     c.StartTimeout.Or(DefaultStartTimeout),
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       p.child.out,
		SyncStderr:       p.child.out,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
			grpc.WithDisableRetry(),
			grpc.WithDisableServiceConfig(),
			grpc.WithStreamInterceptor(p.noteConnection),
		},
	})
	address, err := p.client.Start()
	if err != nil {
		return quoted(err)
	}
	if err := checkAddress(address, p.socketDir, c.TLS); err != nil {
		return err
	}
	if c.TLS != TLSOff && certificateOf(p.child.greeting) == "" {
		return errNoCertificate
	}
	protocol, err := p.client.Client()
	if err != nil {
		return quoted(err)
	}
	p.connected = true
	conn, err := protocol.Dispense(serviceName)
	if err != nil {
		return quoted(err)
	}
	p.line = line{conn.(*grpc.ClientConn), c.Timeout.Or(DefaultTimeout), c.VerdictGrace.Or(DefaultVerdictGrace)}
	p.driver = driverv1.NewDriverClient(p.line)
	return p.describe(ctx, c)
}

// noteConnection keeps the connection of the first stream, which go-plugin
// opens. If that fails, go-plugin drops the connection without closing it.
func (p *process) noteConnection(
	ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	p.conn.CompareAndSwap(nil, conn)
	return next(ctx, desc, conn, method, opts...)
}

// maxQuote limits how much of a plugin's text an error contains.
const maxQuote = 300

// quoted converts an error of go-plugin, which may contain the plugin's text,
// to one line of limited length.
func quoted(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > maxQuote {
		text = strings.ToValidUTF8(text[:maxQuote], "") + "…"
	}
	return errors.New(provider.Mask(text))
}

// checkAddress refuses a plugin that listens where others could connect.
func checkAddress(address net.Addr, socketDir, tls string) error {
	switch a := address.(type) {
	case *net.UnixAddr:
		if tls == TLSOff && filepath.Dir(a.Name) != socketDir {
			return fmt.Errorf("the plugin listens on %s; without TLS it must be in the directory that PLUGIN_UNIX_SOCKET_DIR names", a.Name)
		}
		return nil
	case *net.TCPAddr:
		if tls == TLSOff {
			return errors.New("the plugin listens on TCP; without TLS it must be a unix socket in the directory that PLUGIN_UNIX_SOCKET_DIR names")
		}
		if !a.IP.IsLoopback() {
			return fmt.Errorf("the plugin listens on %s; want a loopback address", a)
		}
		return nil
	}
	return fmt.Errorf("the plugin listens on %s; want a unix socket or a loopback address", address)
}

// certificateOf returns the certificate in a plugin's greeting: core version,
// protocol version, network, address, protocol, certificate.
func certificateOf(greeting string) string {
	fields := strings.Split(strings.TrimSpace(greeting), "|")
	if len(fields) < 6 {
		return ""
	}
	return fields[5]
}

func (p *process) describe(ctx context.Context, c *Config) error {
	d, err := p.driver.Describe(ctx, &driverv1.DescribeRequest{})
	if err != nil {
		return fmt.Errorf("describe: %w", lineError(ctx, err))
	}
	p.description = Description{
		Name:     d.GetName(),
		Doc:      d.GetDoc(),
		Version:  d.GetVersion(),
		Protocol: p.client.NegotiatedVersion(),
		Settings: fromproto.Settings(d.GetSettings()),
	}
	p.child.out.redact(c.Settings, p.description.Settings)
	return checkLeaks(c, p.description.Settings)
}

// checkLeaks finds credentials in settings that other users of the machine can
// read.
func checkLeaks(c *Config, settings []provider.Setting) error {
	var values map[string]any
	if json.Unmarshal(c.Settings, &values) != nil {
		return nil
	}
	for _, s := range settings {
		secret, _ := values[s.Name].(string)
		if !s.Secret || len(secret) < redact.MinSecret {
			continue
		}
		for i, arg := range c.Args {
			if strings.Contains(arg, secret) {
				return provider.ConfigErrorf(fmt.Sprintf("args[%d]", i), "contains the value of config.%s, a credential; remove it: the plugin gets it with its settings", s.Name)
			}
		}
		for name, value := range c.Env {
			if strings.Contains(value, secret) {
				return provider.ConfigErrorf("env."+name, "contains the value of config.%s, a credential; remove it: the plugin gets it with its settings", s.Name)
			}
		}
	}
	return nil
}

// open opens the account.
func (p *process) open(ctx context.Context, c *Config) error {
	answer, err := p.driver.Open(ctx, &driverv1.OpenRequest{Settings: c.Settings})
	if err != nil {
		return fmt.Errorf("open: %w", lineError(ctx, err))
	}
	if wrong := answer.GetConfigError(); wrong != nil {
		path := "config"
		if wrong.GetPath() != "" {
			path += "." + wrong.GetPath()
		}
		return &provider.ConfigError{Path: path, Reason: wrong.GetReason()}
	}
	if err := fromproto.Error(answer.GetError()); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if answer.GetCapabilities() == nil {
		return errors.New("open: the plugin did not send its capabilities")
	}
	caps, streams := fromproto.Capabilities(answer.GetCapabilities())
	p.caps = caps
	if streams && !c.Unary {
		p.stream = &sendStream{
			driver: p.driver, timeout: p.line.timeout, grace: p.line.grace, patient: c.HealthTimeout.Or(DefaultHealthTimeout), condemn: p.condemn,
		}
	}
	return nil
}

// condemn notes why the process must be replaced; the first reason counts.
func (p *process) condemn(why error) {
	select {
	case p.hung <- why:
	default:
	}
}

// healthy asks the health service. Any response in time will do, except "not
// serving".
func (p *process) healthy(timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer, err := grpc_health_v1.NewHealthClient(p.line.ClientConn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: goplugin.GRPCServiceName})
	switch code := status.Code(err); {
	case code == codes.Unimplemented || code == codes.NotFound:
		return nil
	case err != nil:
		return fmt.Errorf("health check failed: %s", code)
	case answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
		return fmt.Errorf("health check: the status is %s", answer.GetStatus())
	}
	return nil
}

// end closes the account and lets the program exit. Willing is false if it had
// to be killed.
func (p *process) end() (willing bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), endGrace)
	defer cancel()
	answer, err := p.driver.Close(ctx, &driverv1.CloseRequest{})
	backstop := time.AfterFunc(endGrace, p.child.kill)
	p.client.Kill()
	willing = backstop.Stop()
	if err != nil {
		return willing, nil // it has ended, as intended
	}
	return willing, fromproto.Error(answer.GetError())
}

// kill ends the program at once.
func (p *process) kill() {
	p.child.kill()
	if p.connected {
		p.client.Kill()
		return
	}
	// go-plugin's Kill would connect first.
	if conn := p.conn.Load(); conn != nil {
		conn.Close()
	}
	if p.socketDir != "" {
		os.RemoveAll(p.socketDir)
	}
}

// startError says why a plugin did not start, with its last output. The process
// has been killed.
func startError(ctx context.Context, c *child, err error) error {
	if wrong, ok := errors.AsType[*provider.ConfigError](err); ok {
		return &provider.ConfigError{Path: wrong.Path, Reason: c.out.hide(wrong.Reason)}
	}
	err = redact.Error(err, c.out.hide)
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		err = errors.New("it was not ready within start_timeout")
	}
	if words := c.lastWords(); words != "" {
		return fmt.Errorf("plugin %s: %w; it wrote:\n%s", c.Name(), err, words)
	}
	return fmt.Errorf("plugin %s: %w", c.Name(), err)
}
