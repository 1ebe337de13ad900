package httpcall_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

// acme is a minimal driver.
type acme struct {
	http *httpcall.Client
	key  provider.Secret
}

func (a *acme) Capabilities() provider.Capabilities { return provider.Capabilities{} }

func (a *acme) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	r, err := httpcall.JSON("POST", "/messages", map[string]string{"to": m.To.String(), "text": m.Text})
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	r.Sign = func(req *http.Request) { req.Header.Set("Authorization", "Bearer "+a.key.Reveal()) }
	resp, err := a.http.Do(ctx, r)
	if err != nil {
		return nil, err // unavailable or indeterminate
	}
	var response struct{ ID, Error string }
	unread := resp.Decode(&response)
	switch {
	case unread == nil && response.Error == "no_credit": // documented
		return nil, resp.Failed(provider.InsufficientFunds, response.Error, "")
	case !resp.OK():
		return nil, resp.ByStatus()
	case unread != nil:
		return nil, resp.Indeterminate(unread)
	case response.ID == "":
		return nil, resp.Indeterminate(errors.New("the response has no id"))
	}
	return &provider.Receipt{ID: response.ID, Raw: resp.Raw()}, nil
}

// A driver's Send: one request, and what the response says about the message.
func Example() {
	responses := []string{`{"id":"17"}`, `{"error":"no_credit"}`, `<html>Welcome to the hotel</html>`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, responses[0])
		responses = responses[1:]
	}))
	defer server.Close()
	const key = provider.Secret("k3y")
	client, err := httpcall.New(httpcall.Config{BaseURL: server.URL}, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	p := &acme{client, key}
	m := &provider.Message{To: e164.MustParse("+306900000001"), Text: "Hello"}
	send := func() {
		receipt, err := p.Send(context.Background(), m)
		fmt.Println(provider.OutcomeOf(err), receipt, err)
	}
	send()
	send()
	send()
	// Output:
	// accepted receipt{id: 17} <nil>
	// not_sent <nil> insufficient_funds (vendor code no_credit): HTTP status 200
	// unknown <nil> indeterminate: HTTP status 200: the response is not the expected JSON
}

// An account that authenticates by OAuth2: the token is fetched before the first
// request and shared by those that follow.
func ExampleTokenSource() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("token request with", r.FormValue("grant_type"))
		_, _ = io.WriteString(w, `{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("POST /messages", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("message with", r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"id":"17"}`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	config := httpcall.Config{BaseURL: server.URL}
	client, err := httpcall.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	tokens, err := httpcall.NewTokenSource(config, httpcall.ClientCredentials{
		TokenURL: server.URL + "/oauth2/token", ClientID: "demo", ClientSecret: "s3cr3t",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tokens.Close()

	for range 2 {
		r := httpcall.Form("POST", "/messages", url.Values{"to": {"+306900000001"}, "text": {"Hello"}})
		r.Tokens = tokens
		if _, err := client.Do(context.Background(), r); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// token request with client_credentials
	// message with Bearer 2YotnFZFEjr1zCsicMWpAA
	// message with Bearer 2YotnFZFEjr1zCsicMWpAA
}
