// Command driver sends through a driver of its own, which the configuration names like
// those that come with anysms. The vendor is a fake.
//
//	go run ./examples/driver
//
// "anysms conformance new --driver NAME" writes such a package to start from, with its
// test; examples/plugin-go/acme is a larger one.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/examples/plugin-go/acme"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/config"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	vendor := httptest.NewServer(http.HandlerFunc(accept))
	defer vendor.Close()
	drivers := builtin.Registry()
	if err := drivers.Add(acme.Driver); err != nil {
		return err
	}
	conf, err := config.Read(ctx, strings.NewReader(fmt.Sprintf(`
providers:
  ours: {driver: acme, base_url: %q, token: example}
`, vendor.URL)), "anysms.yaml", ".", drivers, nil)
	if err != nil {
		return err
	}
	sms := conf.Router()
	defer sms.Close(ctx)

	to, err := e164.Parse("+306971234567")
	if err != nil {
		return err
	}
	result, err := sms.Send(ctx, &provider.Message{To: to, Text: "Hello from a driver of our own"})
	if err != nil {
		return err
	}
	fmt.Println(result.Status, result.Provider, result.ID)
	return nil
}

// accept is the vendor.
func accept(w http.ResponseWriter, r *http.Request) {
	var m struct{ To, Text string }
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil || r.Header.Get("Authorization") != "Bearer example" {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	fmt.Printf("the vendor has: %s\n", m.Text)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"id": "a-1", "segments": 1}`)
}
