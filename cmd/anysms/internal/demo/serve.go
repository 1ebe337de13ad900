package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/cmd/anysms/internal/setup"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router/config"
)

// serve runs the gateway over the two fake vendors, posts the messages of the demo to it
// while the first vendor goes down and comes back, and serves until the context ends.
func serve(ctx context.Context, out io.Writer, pace time.Duration) (err error) {
	dir, err := os.MkdirTemp("", "anysms-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	first, second := apifontest.NewServer(apifontest.Options{}), phonifytest.NewServer(phonifytest.Options{})
	defer second.Close()
	defer first.Close()
	path := filepath.Join(dir, "anysms.yaml")
	if err := os.WriteFile(path, serveConfig(first.URL, second.URL), 0o600); err != nil {
		return err
	}
	g, err := gateway.Open(ctx, gateway.Options{Load: loader(path), Log: slog.New(slog.DiscardHandler), Version: setup.Version()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close(context.WithoutCancel(ctx))) }()
	l, err := listen()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, l) }()
	url := "http://" + l.Addr().String()
	fmt.Fprintf(out, "The gateway runs over two fake vendors, %s and %s. Look at it:\n\n  %s/\n\n", First, Second, url)
	if err := post(ctx, out, url, pace, first.SetMode); err != nil && ctx.Err() == nil {
		return errors.Join(err, l.Close(), <-ended)
	}
	if ctx.Err() == nil {
		fmt.Fprintf(out, "\nSend one yourself:\n\n  curl %s/v1/messages -H 'Content-Type: application/json' -d '{\"to\":\"+306971230000\",\"text\":\"Hello\"}'\n\nCtrl-C ends it.\n", url)
	}
	return <-ended
}

func serveConfig(first, second string) []byte {
	return fmt.Appendf(nil, `providers:
  %s: {driver: apifon, base_url: %q, token: %q, secret: %q, sender: Example}
  %s: {driver: phonify, base_url: %q, api_key: %q}
router: {breaker: {failures: 3, open_for: 2s}, retry: {initial: 100ms}}
database: anysms.db
ledger: {text: keep}
`, First, first, apifontest.Token, apifontest.Secret, Second, second, phonifytest.APIKey)
}

func loader(path string) gateway.Load {
	return func(ctx context.Context) (*config.Config, *settings.Serve, error) {
		flag := cli.ConfigFlag{Path: path}
		conf, err := flag.Load(ctx)
		return conf, &flag.Serve, err
	}
}

// listen takes the usual address, or another one if that is in use.
func listen() (net.Listener, error) {
	if l, err := net.Listen("tcp", settings.DefaultListen); err == nil {
		return l, nil
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// post posts the messages of the demo. The first vendor is down for a third of them.
func post(ctx context.Context, out io.Writer, url string, pace time.Duration, setMode func(httpcalltest.Mode) error) error {
	list := messages()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i, m := range list {
		var err error
		switch i {
		case 0:
			fmt.Fprintf(out, "Posting %d messages …\n", len(list))
		case len(list) / 3:
			fmt.Fprintf(out, "%s goes down: it refuses connections\n", First)
			err = setMode(httpcalltest.Down)
		case 2 * len(list) / 3:
			fmt.Fprintf(out, "%s comes back\n", First)
			err = setMode(httpcalltest.Up)
		}
		if err == nil {
			err = postOne(ctx, client, url, map[string]string{"to": m.To.String(), "text": m.Text, "ref": m.Ref, "tag": "demo"})
		}
		if err != nil {
			return err
		}
		select {
		case <-time.After(pace):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	fmt.Fprintf(out, "All %d are durable: the queue sends them.\n", len(list))
	return nil
}

func postOne(ctx context.Context, client *http.Client, url string, message map[string]string) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/messages", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusAccepted && resp.StatusCode != http.StatusUnprocessableEntity { // landlines are refused
		err = fmt.Errorf("the gateway returned %d: %s", resp.StatusCode, said)
	}
	return err
}
