package settings

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/suggest"
)

// The scopes of a key.
const (
	ScopeSend    = "send"    // messages, cancel, verifications, analyse
	ScopeRead    = "read"    // what became of messages, providers, events
	ScopeOptOuts = "optouts" // the list of opt-outs
	ScopeAdmin   = "admin"   // everything, of its own messages
	ScopeAll     = "all"     // the messages of the other keys too
)

// Scopes lists the scopes.
func Scopes() []string { return []string{ScopeSend, ScopeRead, ScopeOptOuts, ScopeAdmin, ScopeAll} }

// Events lists the short names of events.
func Events() []string {
	return []string{
		"accepted", "sent", "delivered", "undelivered", "expired", "rejected", "refused", "not_sent", "unknown", "cancelled",
		"received", "optout.added", "optout.removed",
	}
}

// minKey is the length of a key that is given in full, in characters.
const minKey = 32

var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

const maxName = 64

// standIn is a secret that is valid wherever one is wanted.
const standIn provider.Secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// fillIn puts a stand-in where a secret is missing.
func (s *Serve) fillIn() {
	if s.Placeholder == "" {
		return
	}
	var secrets []*provider.Secret
	for i := range s.Keys {
		secrets = append(secrets, &s.Keys[i].Key)
	}
	for i := range s.Webhooks {
		secrets = append(secrets, &s.Webhooks[i].Secret)
	}
	for i := range s.Hooks {
		secrets = append(secrets, &s.Hooks[i].Secret, &s.Hooks[i].Token)
	}
	for _, secret := range secrets {
		if strings.Contains(secret.Reveal(), s.Placeholder) {
			*secret = standIn
		}
	}
}

// Check returns what is wrong as a [*provider.ConfigError].
func (s *Serve) Check() error {
	s.fillIn()
	if err := checkAddress(s.Address()); err != nil {
		return err
	}
	if len(s.Keys) == 0 && !s.Loopback() {
		return provider.ConfigErrorf("listen", "%s can be reached from other machines; want keys, of which \"anysms serve key new\" makes one, or a loopback address such as %s", s.Address(), DefaultListen)
	}
	if s.PublicURL != "" {
		if err := checkURL("public_url", s.PublicURL); err != nil {
			return err
		}
	}
	if t := s.TLS; t != nil && (t.CertFile == "" || t.KeyFile == "") {
		return provider.ConfigErrorf("tls", "want both cert_file and key_file")
	}
	if s.MaxConnections < 0 {
		return provider.ConfigErrorf("max_connections", "%d; want a positive number, or 0 for %d", s.MaxConnections, DefaultConnections)
	}
	return firstError(s.checkKeys, s.checkCallbacks, s.checkWebhooks, s.checkHooks)
}

func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Serve) checkKeys() error {
	seen := make(map[string]bool)
	for i := range s.Keys {
		path := fmt.Sprintf("keys[%d]", i)
		if err := s.Keys[i].check(path); err != nil {
			return err
		}
		if seen[s.Keys[i].Name] {
			return provider.ConfigErrorf(path+".name", "duplicate key name %q", s.Keys[i].Name)
		}
		seen[s.Keys[i].Name] = true
	}
	return nil
}

// CheckName returns what is wrong with the name of a key.
func CheckName(s string) error {
	if len(s) > maxName || !name.MatchString(s) {
		return fmt.Errorf("%q; want 1 to 64 letters, digits, dots, dashes and underscores", s)
	}
	return nil
}

func (k *Key) check(path string) error {
	if err := CheckName(k.Name); err != nil {
		return provider.ConfigErrorf(path+".name", "%v", err)
	}
	switch {
	case (k.Key == "") == (k.KeySHA256 == ""):
		return provider.ConfigErrorf(path, "want key or key_sha256; \"anysms serve key new\" makes both")
	case k.Key != "" && len(k.Key) < minKey:
		return provider.ConfigErrorf(path+".key", "has %d characters; want at least %d, such as \"anysms serve key new\" makes", len(k.Key), minKey)
	case strings.ContainsFunc(k.Key.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }):
		return provider.ConfigErrorf(path+".key", "has characters that a header cannot carry; want letters, digits and punctuation without spaces")
	case len(k.Scopes) == 0:
		return provider.ConfigErrorf(path+".scopes", "must not be empty; want some of %s", strings.Join(Scopes(), ", "))
	case k.RateLimit < 0:
		return provider.ConfigErrorf(path+".rate_limit", "%v; want messages per second, 0 = no limit", k.RateLimit)
	}
	if sum, err := hex.DecodeString(k.KeySHA256); err != nil || len(sum) != 32 && k.KeySHA256 != "" {
		return provider.ConfigErrorf(path+".key_sha256", "want 64 hexadecimal digits")
	}
	for i, scope := range k.Scopes {
		if err := oneOf(fmt.Sprintf("%s.scopes[%d]", path, i), scope, Scopes()); err != nil {
			return err
		}
	}
	for i, class := range k.Classes {
		if err := checkClass(fmt.Sprintf("%s.classes[%d]", path, i), class); err != nil {
			return err
		}
	}
	return nil
}

func (s *Serve) checkWebhooks() error {
	for i := range s.Webhooks {
		w, path := &s.Webhooks[i], fmt.Sprintf("webhooks[%d]", i)
		if err := checkURL(path+".url", w.URL); err != nil {
			return err
		}
		if strings.HasPrefix(w.URL, "http:") && !w.AllowPrivate {
			return provider.ConfigErrorf(path+".url", "numbers and texts would travel unencrypted; want https://, or allow_private: true for an address in your own network")
		}
		if slices.ContainsFunc(s.Webhooks[:i], func(o Webhook) bool { return o.URL == w.URL }) {
			return provider.ConfigErrorf(path+".url", "duplicate url")
		}
		if _, err := WebhookSecret(w.Secret); err != nil {
			return provider.ConfigErrorf(path+".secret", "%v", err)
		}
		for j, event := range w.Events {
			if err := oneOf(fmt.Sprintf("%s.events[%d]", path, j), event, Events()); err != nil {
				return err
			}
		}
		if w.Key != "" && !slices.ContainsFunc(s.Keys, func(k Key) bool { return k.Name == w.Key }) {
			return provider.ConfigErrorf(path+".key", "unknown key %q", w.Key)
		}
	}
	return nil
}

// WebhookSecret reads a secret as Standard Webhooks write it: "whsec_" and base64, of at
// least 24 bytes. Without the prefix it is taken as it is.
func WebhookSecret(s provider.Secret) ([]byte, error) {
	const least = 24
	secret := []byte(s.Reveal())
	if encoded, ok := strings.CutPrefix(s.Reveal(), "whsec_"); ok {
		var err error
		if secret, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return nil, fmt.Errorf("want base64 after whsec_")
		}
	}
	if len(secret) < least {
		return nil, fmt.Errorf("has %d bytes; want at least %d, such as whsec_ and the base64 of random bytes", len(secret), least)
	}
	return secret, nil
}

func (s *Serve) checkHooks() error {
	err := hook.Check(s.Hooks)
	if wrong, ok := errors.AsType[*provider.ConfigError](err); ok {
		return provider.ConfigErrorf("hooks"+wrong.Path, "%s", wrong.Reason)
	}
	return err
}

func checkURL(path, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return provider.ConfigErrorf(path, "want an https:// or http:// URL without a user, such as https://sms.example.com")
	}
	return nil
}

func checkClass(path string, c provider.Class) error {
	return oneOf(path, string(c), []string{string(provider.OTP), string(provider.Transactional), string(provider.Marketing)})
}

func oneOf(path, got string, want []string) error {
	if slices.Contains(want, got) {
		return nil
	}
	return provider.ConfigErrorf(path, "%q%s; want one of %s", got, suggest.DidYouMean(got, want), strings.Join(want, ", "))
}
