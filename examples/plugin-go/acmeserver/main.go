// Command acmeserver is a fake of the vendor of the plugin examples, on
// 127.0.0.1:8025. With the token "example" it accepts all messages and prints them.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
)

func main() {
	fmt.Fprintln(os.Stderr, "Acme listens on http://127.0.0.1:8025")
	if err := http.ListenAndServe("127.0.0.1:8025", newHandler()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newHandler() http.Handler {
	var last atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /messages", func(w http.ResponseWriter, r *http.Request) {
		var m struct{ To, Text string }
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || m.To == "" || m.Text == "" {
			refuse(w, http.StatusUnprocessableEntity, "invalid_text", "to and text are required")
			return
		}
		fmt.Printf("to %s: %s\n", m.To, m.Text)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":"acme-%d","segments":1}`, last.Add(1))
	})
	mux.HandleFunc("GET /balance", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"amount":"12.50","currency":"EUR"}`)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer example" {
			refuse(w, http.StatusUnauthorized, "bad_token", "unknown token")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":%q}}`, code, message)
}
