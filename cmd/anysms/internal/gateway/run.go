package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
)

// Limits of connections.
const (
	headerTimeout   = 5 * time.Second  // to send the header of a request
	requestTimeout  = 20 * time.Second // to send the whole request
	responseTimeout = 60 * time.Second // to take the response; longer than the longest ?wait
	idleTimeout     = 90 * time.Second
	maxHeader       = 16 << 10

	// drain is how long a shutdown waits for requests and messages under way.
	drain = 60 * time.Second
	// lastHeaders is how long it waits for a header that has not arrived as a whole.
	lastHeaders = 500 * time.Millisecond
)

// Listen opens the address of the configuration.
func (g *Gateway) Listen() (net.Listener, error) {
	l, err := net.Listen("tcp", g.serve().Address())
	if err != nil {
		return nil, fmt.Errorf("serve.listen: %w", err)
	}
	files := g.serve().TLS
	if files == nil {
		return l, nil
	}
	certificate := certificates{gateway: g}
	if _, err := certificate.get(nil); err != nil {
		return nil, errors.Join(fmt.Errorf("serve.tls: %w", err), l.Close())
	}
	return tls.NewListener(l, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: certificate.get, NextProtos: []string{"h2", "http/1.1"},
	}), nil
}

// certificates reads the certificate again when its file has changed or a reload names
// another, so that one that was renewed is used without a restart.
type certificates struct {
	gateway *Gateway

	mu   sync.Mutex
	from settings.TLS
	at   time.Time
	last *tls.Certificate
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	files := *c.gateway.serve().TLS
	info, err := os.Stat(files.CertFile)
	if err == nil && c.last != nil && files == c.from && info.ModTime().Equal(c.at) {
		return c.last, nil
	}
	pair, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	if err != nil {
		if c.last != nil { // the old one is better than none
			c.gateway.log.Error("the certificate cannot be read", "error", err)
			return c.last, nil
		}
		return nil, err
	}
	c.from, c.last = files, &pair
	if info != nil {
		c.at = info.ModTime()
	}
	return c.last, nil
}

// Run serves until the context ends. Then it takes no more requests, lets finish what is
// under way, and returns. It does not close the gateway.
func (g *Gateway) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: g.connections.busy(g), ConnContext: g.connections.enter, ConnState: g.connections.leave,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: responseTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var work sync.WaitGroup
	work.Go(func() { g.ledger.Maintain(background) })
	work.Go(func() { g.sumUp(background) })
	work.Go(func() { g.sweepCodes(background) })
	work.Go(func() { g.whileLoaded(background, g.follow) })
	work.Go(func() { g.source.Run(background) })

	ended := make(chan error, 2)
	work.Go(func() {
		if err := g.queue.Run(background); err != nil {
			ended <- err
		}
	})
	go func() { ended <- server.Serve(l) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	close(g.closing)
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	late := time.AfterFunc(lastHeaders, g.connections.dropNew) // the server would wait for five seconds
	err = errors.Join(err, server.Shutdown(shutdown))
	late.Stop()
	stop()
	work.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(errors.New("requests were still under way"), server.Close())
	}
	return err
}
