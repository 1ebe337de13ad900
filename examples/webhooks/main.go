// Command webhooks takes what the gateway says of each message: it starts a gateway with
// a fake vendor, sends through it, verifies the signed events and prints them.
//
//	go run ./examples/webhooks
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	anysms := flag.String("anysms", "", "the program anysms; without it, it is built")
	flag.Parse()
	if err := run(context.Background(), *anysms); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, program string) error {
	key := make([]byte, 24)
	_, _ = rand.Read(key) // it never fails
	secret := "whsec_" + base64.StdEncoding.EncodeToString(key)
	verify, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	events := make(chan event)
	shop := httptest.NewServer(receiver{verify, events})
	defer shop.Close()

	dir, err := os.MkdirTemp("", "webhooks-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if program == "" {
		program = filepath.Join(dir, "anysms.exe") // a name that every system runs
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/anysms/anysms/cmd/anysms").CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	url, stop, err := start(ctx, program, dir, shop.URL, secret)
	if err != nil {
		return err
	}
	defer stop()
	if err := send(ctx, url); err != nil {
		return err
	}
	select {
	case e := <-events:
		fmt.Printf("%s %s\n", e.Type, e.Data.Ref)
		return nil
	case <-time.After(time.Minute):
		return errors.New("no event within a minute")
	}
}

// event is what this program needs of an event.
type event struct {
	Type string `json:"type"`
	Data struct {
		Ref string `json:"ref"`
	} `json:"data"`
}

// receiver takes the events. One may come twice: a program that acts on them keeps the
// webhook-id.
type receiver struct {
	verify *standardwebhooks.Webhook
	events chan<- event
}

func (rc receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = rc.verify.Verify(body, r.Header)
	}
	var e event
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	if e.Type == "message.accepted" {
		rc.events <- e
	}
}

// start starts the gateway and waits until it serves.
func start(ctx context.Context, program, dir, shop, secret string) (url string, stop func(), err error) {
	address, err := free()
	if err != nil {
		return "", nil, err
	}
	path := filepath.Join(dir, "anysms.yaml")
	err = os.WriteFile(path, fmt.Appendf(nil, `
providers:
  fake: {driver: memory}
database: anysms.db
serve:
  listen: %s
  webhooks:
    - {url: %q, secret: %q, events: [accepted], allow_private: true}
`, address, shop+"/sms", secret), 0o600)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, program, "serve", "--config", path)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		return "", nil, err
	}
	stop = func() {
		cancel()
		_ = cmd.Wait()
	}
	url = "http://" + address
	for range 600 {
		if resp, err := http.Get(url + "/healthz"); err == nil {
			resp.Body.Close()
			return url, stop, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return "", nil, errors.New("the gateway does not serve")
}

// free is an address that nothing listens on.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func send(ctx context.Context, url string) error {
	body := []byte(`{"to": "+306971234567", "text": "Your order is on its way", "ref": "order-1042"}`)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/messages", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the gateway returned %s", resp.Status)
	}
	return nil
}
