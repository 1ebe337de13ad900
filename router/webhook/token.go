package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/router/ledger"
)

// The ledger is asked for tokens again after tokensFor, and after a callback with one that
// is not known, but not more often than every tokensPause: forgers do not keep it busy.
const (
	tokensFor   = time.Minute
	tokensPause = time.Second
)

// tokens are those of one endpoint, as they were read from the ledger.
type tokens struct {
	mu   sync.Mutex
	list []ledger.Token
	read time.Time
}

// knows reports whether a token is one of the endpoint's in the ledger.
func (t *tokens) knows(ctx context.Context, l *ledger.Ledger, name, token string) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	age := time.Since(t.read)
	if age < tokensFor && t.has(token) {
		return true, nil
	}
	if age < tokensPause {
		return false, nil
	}
	list, err := l.CallbackTokens(ctx, name)
	if err != nil {
		return false, err
	}
	t.list, t.read = list, time.Now()
	return t.has(token), nil
}

func (t *tokens) has(token string) bool {
	var known []string
	for _, k := range t.list {
		if k.Until.IsZero() || time.Now().Before(k.Until) {
			known = append(known, k.Value)
		}
	}
	return oneOf(token, known)
}

// oneOf compares in constant time.
func oneOf(token string, known []string) bool {
	got, found := sha256.Sum256([]byte(token)), 0
	for _, t := range known {
		want := sha256.Sum256([]byte(t))
		found |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return found == 1
}

// URL returns the callback URL to enter at a vendor: the public URL of the handler, the
// name of the endpoint and its token.
func URL(public, name, token string) string {
	u := strings.TrimSuffix(public, "/") + "/" + url.PathEscape(name)
	if token == "" {
		return u
	}
	return u + "/" + token
}
