package plugin_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

// A send through a plugin with the memory driver, compared with the reference: a bare
// gRPC call of the same size to another process on a unix socket. window is how
// many are in flight.
func BenchmarkSend(b *testing.B) {
	const text = "Your code is 1234"
	for _, window := range []int{1, 64} {
		b.Run("window="+strconv.Itoa(window), func(b *testing.B) {
			b.Run("reference", func(b *testing.B) {
				driver := bareCall(b)
				request := &driverv1.SendRequest{Message: &driverv1.Message{To: "+306900000001", From: "Example", Text: text, Ref: "r-1"}}
				keepInFlight(b, window, func() error {
					_, err := driver.Send(context.Background(), request)
					return err
				})
			})
			for _, line := range []string{"unary", "stream"} {
				for _, tls := range []string{plugin.TLSOff, plugin.TLSAuto} {
					b.Run(line+"/tls="+tls, func(b *testing.B) {
						c := config(b, "memory", `{"ledger": -1}`)
						c.Unary, c.TLS = line == "unary", tls
						p := open(b, c)
						m := message(text)
						keepInFlight(b, window, func() error {
							_, err := p.Send(context.Background(), m)
							return err
						})
					})
				}
			}
		})
	}
}

// keepInFlight keeps a number of calls under way.
func keepInFlight(b *testing.B, window int, call func() error) {
	b.ReportAllocs()
	b.ResetTimer()
	done := make(chan error)
	calls := make(chan struct{}, window)
	for range window {
		go func() {
			var failed error
			for range calls {
				if err := call(); err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	for range b.N {
		calls <- struct{}{}
	}
	close(calls)
	for range window {
		require.NoError(b, <-done)
	}
}

// bareCall connects to the program "bare": gRPC without anything around it.
func bareCall(b *testing.B) driverv1.DriverClient {
	socket := filepath.Join(b.TempDir(), "s")
	self, err := os.Executable()
	require.NoError(b, err)
	process, err := os.StartProcess(self, []string{self, "bare", socket}, &os.ProcAttr{
		Env: []string{"ANYSMS_PLUGIN=x"}, Files: []*os.File{nil, nil, os.Stderr},
	})
	require.NoError(b, err)
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
	b.Cleanup(func() {
		conn.Close()
		_ = process.Kill()
		_, _ = process.Wait()
	})
	driver := driverv1.NewDriverClient(conn)
	_, err = driver.Send(b.Context(), &driverv1.SendRequest{}, grpc.WaitForReady(true))
	require.NoError(b, err)
	return driver
}

// serveBare is the program of bareCall.
func serveBare() {
	l, err := net.Listen("unix", os.Args[2])
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	driverv1.RegisterDriverServer(s, bare{})
	_ = s.Serve(l)
}

type bare struct {
	driverv1.UnimplementedDriverServer
}

func (bare) Send(context.Context, *driverv1.SendRequest) (*driverv1.SendResponse, error) {
	return &driverv1.SendResponse{Receipt: &driverv1.Receipt{Id: "m1"}}, nil
}

// From the start of the program until the account is open, and its end.
func BenchmarkStart(b *testing.B) {
	for _, tls := range []string{plugin.TLSOff, plugin.TLSAuto} {
		b.Run("tls="+tls, func(b *testing.B) {
			c := config(b, "memory", `{}`)
			c.TLS = tls
			for b.Loop() {
				p, err := plugin.New(c)
				require.NoError(b, err)
				b.StopTimer()
				require.NoError(b, p.Close())
				b.StartTimer()
			}
		})
	}
}

// The memory use of a plugin with the memory driver.
func BenchmarkMemory(b *testing.B) {
	p := open(b, config(b, "odd", `{}`))
	pid := ask(b, p, "pid")
	for b.Loop() {
		_, err := p.Send(context.Background(), &provider.Message{To: message("x").To, Text: "x"})
		require.NoError(b, err)
	}
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		b.Skip("no /proc here")
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(kib)[0], 64)
			require.NoError(b, err)
			b.ReportMetric(n/1024, "MiB")
		}
	}
}
