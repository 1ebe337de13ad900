// Package apikey knows who may use the gateway: keys with scopes, classes and a rate,
// compared by hash in constant time.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
)

// Prefix begins every key that New makes, so that scanners for leaked secrets can
// recognize one.
const Prefix = "anysms_"

// New makes a key, and what the configuration keeps of it.
func New() (key, sha256Hex string) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	key = Prefix + base64.RawURLEncoding.EncodeToString(random)
	sum := sha256.Sum256([]byte(key))
	return key, hex.EncodeToString(sum[:])
}

// Client is who makes a request.
type Client struct {
	Name   string // the namespace of its refs; "" = this machine, without a key
	scopes []string
	class  []provider.Class
	bucket *bucket // nil = no limit
}

// Local is the client of a gateway without keys, which only loopback can reach. It may
// do everything.
func Local() *Client { return &Client{scopes: []string{settings.ScopeAdmin, settings.ScopeAll}} }

// Has reports whether the client has a scope. Scope admin includes all but scope all.
func (c *Client) Has(scope string) bool {
	if slices.Contains(c.scopes, scope) {
		return true
	}
	return scope != settings.ScopeAll && slices.Contains(c.scopes, settings.ScopeAdmin)
}

// MaySend reports whether the client may send messages of a class; "" is transactional.
func (c *Client) MaySend(class provider.Class) bool {
	if class == "" {
		class = provider.Transactional
	}
	return len(c.class) == 0 || slices.Contains(c.class, class)
}

// Sees reports whether the client may see what belongs to a namespace.
func (c *Client) Sees(namespace string) bool {
	return namespace == c.Name || c.Has(settings.ScopeAll)
}

// Take takes n messages from the client's rate. If it has none left, it returns how
// long until it has.
func (c *Client) Take(n int) (wait time.Duration, ok bool) {
	if c.bucket == nil {
		return 0, true
	}
	return c.bucket.take(n)
}

// Set is the keys of a configuration.
type Set struct {
	keys []key
}

type key struct {
	sum    [sha256.Size]byte
	client *Client
}

// NewSet returns the keys of a configuration that was checked. Keys that keep their name
// and rate keep what they have used of it; old may be nil.
func NewSet(s *settings.Serve, old *Set) *Set {
	set := new(Set)
	for _, k := range s.Keys {
		own := key{sum: sha256.Sum256([]byte(k.Key)), client: &Client{Name: k.Name, scopes: k.Scopes, class: k.Classes}}
		if k.Key == "" {
			_, _ = hex.Decode(own.sum[:], []byte(k.KeySHA256)) // Check has read it
		}
		if k.RateLimit > 0 {
			own.client.bucket = old.bucketOf(k.Name, k.RateLimit)
		}
		set.keys = append(set.keys, own)
	}
	return set
}

func (s *Set) bucketOf(name string, rate float64) *bucket {
	if s != nil {
		for _, k := range s.keys {
			if k.client.Name == name && k.client.bucket != nil && k.client.bucket.rate == rate {
				return k.client.bucket
			}
		}
	}
	return newBucket(rate)
}

// Empty reports whether there are no keys.
func (s *Set) Empty() bool { return len(s.keys) == 0 }

// Find returns the client that has a key; nil = nobody has. It takes the same time for
// every key.
func (s *Set) Find(secret string) *Client {
	sum := sha256.Sum256([]byte(secret))
	var found *Client
	for i := range s.keys {
		if subtle.ConstantTimeCompare(s.keys[i].sum[:], sum[:]) == 1 {
			found = s.keys[i].client
		}
	}
	return found
}

// Bearer returns the key of a request; "" = it has none.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Missing is the problem of a request without a valid key.
func Missing() *problem.Problem {
	return problem.New(http.StatusUnauthorized, problem.Unauthenticated, "want a valid key: Authorization: Bearer KEY")
}
