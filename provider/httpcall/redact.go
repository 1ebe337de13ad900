package httpcall

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/anysms/anysms/provider"
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

// signatures are what a signed request is authenticated by, as whole headers and by
// themselves: a vendor may repeat them when it refuses them.
func signatures(h http.Header) []provider.Secret {
	var all []provider.Secret
	for name, values := range h {
		if name != "Authorization" && !strings.HasSuffix(name, "-Signature") {
			continue
		}
		for _, value := range values {
			all = append(all, provider.Secret(value))
			if _, signature, ok := strings.Cut(value, "Signature="); ok {
				all = append(all, provider.Secret(signature))
			}
		}
	}
	return all
}
