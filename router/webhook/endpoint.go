package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// minToken is the shortest token that is not taken to be guessable.
const minToken = 16

// Endpoint is the callback address of one provider.
type Endpoint struct {
	Name     string // of the provider, in the path and in the ledger
	Provider provider.Provider
	// Token is the secret in the path; OldTokens are still taken too. "" = those that
	// the ledger has for Name, see [ledger.Ledger.CallbackTokens].
	Token     string
	OldTokens []string
	// NoToken takes callbacks at /NAME, whatever follows: for vendors at which no URL with
	// a secret can be entered. Then From is set, or the driver verifies callbacks.
	NoToken bool
	// From lists the addresses that the vendor calls from; nil = any.
	From []netip.Prefix
	// Insecure allows an endpoint that is [Endpoint.Open].
	Insecure bool
	// Acknowledge is the response that the vendor expects; the zero value is a 200
	// without a body.
	Acknowledge Acknowledgement
}

// Acknowledgement is the response to a callback that was received.
type Acknowledgement struct {
	Status      int
	Body        string
	ContentType string
}

// Open reports whether anybody can report anything: callbacks need no token, come from any
// address, and are not verified by the driver. To find that out, it gives the driver a
// callback without a signature.
func (e *Endpoint) Open(ctx context.Context) bool {
	if !e.NoToken || e.From != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	unsigned := &provider.Callback{Method: http.MethodPost, URL: "https://localhost/" + e.Name, Query: map[string][]string{}, Header: http.Header{}}
	_, err := parse(ctx, e.Provider, unsigned)
	return !errors.Is(err, provider.ErrBadSignature)
}

// check returns what is wrong with an endpoint.
func (e *Endpoint) check() error {
	switch {
	case e.Name == "" || strings.Contains(e.Name, "/"):
		return errors.New("the name must not be empty, and must not have a slash")
	case !e.Provider.Capabilities().Has(provider.HasCallbacks):
		return errors.New("the driver reads no callbacks")
	case e.NoToken && (e.Token != "" || len(e.OldTokens) > 0):
		return errors.New("NoToken and a token are both set")
	case e.Token != "" && len(e.Token) < minToken:
		return fmt.Errorf("the token has %d characters; want at least %d", len(e.Token), minToken)
	case !e.Insecure && e.Open(context.Background()):
		return errors.New("anybody could report anything, as it has neither a token nor From, and the driver verifies no callbacks; want one of these, or Insecure")
	}
	return nil
}

// endpoint is an Endpoint that is served.
type endpoint struct {
	Endpoint
	tokens tokens // in the ledger
	noted  sync.Once
}

// knows reports whether a token is one of the endpoint's.
func (e *endpoint) knows(ctx context.Context, l *ledger.Ledger, token string) (bool, error) {
	switch {
	case e.NoToken:
		return true, nil
	case e.Token == "":
		return e.tokens.knows(ctx, l, e.Name, token)
	}
	return oneOf(token, append([]string{e.Token}, e.OldTokens...)), nil
}

func (e *Endpoint) allows(from netip.Addr) bool { return e.From == nil || within(e.From, from) }

func (a Acknowledgement) write(w http.ResponseWriter) {
	if a.Body != "" {
		w.Header().Set("Content-Type", cmp.Or(a.ContentType, "text/plain; charset=utf-8"))
	}
	w.WriteHeader(cmp.Or(a.Status, http.StatusOK))
	_, _ = io.WriteString(w, a.Body) // a vendor that has gone repeats the callback
}

// ClientAddr returns the address that a request comes from: the last one in its
// X-Forwarded-For header that is no trusted proxy, if a trusted proxy sent it, else the
// peer's. The zero Addr = not known.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !within(trusted, a) {
			break
		}
		next, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		a = next
	}
	return a
}

// parseHop reads an address of X-Forwarded-For; some proxies add the port.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap(), true
	}
	a, err := netip.ParseAddrPort(s)
	return a.Addr().Unmap(), err == nil
}

func within(prefixes []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}
