// Command reports sends a message through Apifon and prints the vendor's delivery
// reports. Vendors send them to a public https address; a proxy in front of this
// program terminates TLS.
//
//	export APIFON_TOKEN=… APIFON_SECRET=… CALLBACK_SECRET=… PUBLIC_URL=https://sms.example.com
//	go run ./examples/reports +306900000001 "Your table is ready"
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: reports NUMBER TEXT")
	}
	publicURL := os.Getenv("PUBLIC_URL")
	athens, err := apifon.New(apifon.Config{
		Config: httpcall.Config{CallbackURL: publicURL + "/reports/athens"},
		Token:  secret("APIFON_TOKEN"), Secret: secret("APIFON_SECRET"), CallbackSecret: secret("CALLBACK_SECRET"), Sender: "Example",
	})
	check(err)
	sms, err := router.New([]router.Upstream{{Name: "athens", Provider: athens}}, nil)
	check(err)
	http.Handle("/reports/athens", reports(athens, publicURL, func(ctx context.Context, e provider.Event) error {
		fmt.Println(e.Kind, e.ID, e.Status)
		return sms.Observe(ctx, "athens", e)
	}))
	go func() { log.Fatal(http.ListenAndServe(":8080", nil)) }()

	to, err := e164.Parse(os.Args[1])
	check(err)
	result, err := sms.Send(context.Background(), &provider.Message{To: to, Text: os.Args[2]})
	fmt.Println(result.Status, result.ID, err)
	select {} // reports arrive for days
}

// reports handles the vendor's callbacks and passes each event to keep. Vendors repeat
// callbacks until they get a 2xx, which is therefore sent last.
func reports(p provider.Provider, publicURL string, keep func(context.Context, provider.Event) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
			return
		}
		events, err := provider.ParseCallback(r.Context(), p, &provider.Callback{
			Method: r.Method, URL: publicURL + r.URL.RequestURI(), Query: r.URL.Query(),
			Header: r.Header, Body: body, ReceivedAt: time.Now(),
		})
		if errors.Is(err, provider.ErrBadSignature) {
			http.Error(w, "not signed by the vendor", http.StatusForbidden)
			return
		}
		if err != nil {
			http.Error(w, "invalid callback", http.StatusBadRequest)
			return
		}
		for _, event := range events {
			if err := keep(r.Context(), event); err != nil {
				http.Error(w, "not stored; send it again", http.StatusServiceUnavailable)
				return
			}
		}
	})
}

func secret(variable string) provider.Secret { return provider.Secret(os.Getenv(variable)) }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
