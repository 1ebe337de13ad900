package httpcall

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/redact"
)

// maxWords is the maximum length of another party's words in an error, in bytes.
const maxWords = 1000

func shorten(s string) string {
	if len(s) <= maxWords {
		return s
	}
	return strings.ToValidUTF8(s[:maxWords], "") + "…"
}

// unquoted drops what the text of an error quotes: package net/http quotes a
// response that it cannot read, and that may repeat the message.
func unquoted(err error) error {
	text, _, quotes := strings.Cut(err.Error(), `"`)
	if !quotes {
		return err
	}
	return errors.New(strings.TrimRight(text, ": "))
}

// hidden returns an error whose text has passed hide and is not too long; what it
// wraps stays reachable only if that does not change it.
func hidden(err error, hide func(string) string) error {
	text := err.Error()
	if clean := shorten(hide(text)); clean != text {
		return errors.New(clean)
	}
	return err
}

// proxySecrets are the credentials in the proxy's URL, by themselves and as they
// are sent: a proxy may repeat them when it refuses them.
func proxySecrets(proxy provider.Secret) []provider.Secret {
	u, err := url.Parse(proxy.Reveal())
	if err != nil || u.User == nil {
		return nil
	}
	password, _ := u.User.Password()
	return []provider.Secret{proxy, provider.Secret(password), provider.Secret(u.User.Username() + ":" + password), provider.Secret(u.User.String())}
}

// signature hides what a signed request is authenticated by, as whole headers and by
// itself: a vendor may repeat it when it refuses it. nil hides nothing.
type signature struct {
	parts   []string
	secrets func() redact.Secrets // made when needed, as each request has its own
}

func newSignature(h http.Header) *signature {
	s := new(signature)
	for name, values := range h {
		if name != "Authorization" && !strings.HasSuffix(name, "-Signature") {
			continue
		}
		for _, value := range values {
			s.parts = append(s.parts, value)
			if _, alone, ok := strings.Cut(value, "Signature="); ok {
				s.parts = append(s.parts, alone)
			}
		}
	}
	s.secrets = sync.OnceValue(func() redact.Secrets {
		var all []provider.Secret
		for _, part := range s.parts {
			all = append(all, provider.Secret(part))
		}
		return redact.NewSecrets(all...)
	})
	return s
}

func (s *signature) hide(text string) string {
	if s == nil {
		return text
	}
	return s.secrets().Hide(text)
}

// isIn reports whether the text has the signature as it was sent. It is for
// acceptances, which hardly ever have it.
func (s *signature) isIn(text string) bool {
	return s != nil && slices.ContainsFunc(s.parts, func(part string) bool { return strings.Contains(text, part) })
}
