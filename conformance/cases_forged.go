package conformance

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/anysms/anysms/provider"
)

func callbacksForged(t *trial) {
	b := t.parser()
	signed, unsigned := 0, 0
	for _, g := range b.goldens() {
		unsigned += asOne(g.unsigned)
		if g.signature == "" {
			continue
		}
		signed++
		for what, forged := range g.forgeries() {
			events, err := b.parse(forged)
			if !errors.Is(err, provider.ErrBadSignature) {
				t.failf("%s %s: ParseCallback returned %d events and error %v, want an error that wraps ErrBadSignature", g.file, what, len(events), err)
			}
			if err != nil {
				t.leaks(g.file+" "+what+": the error", printed(err))
			}
		}
	}
	switch {
	case signed > 0:
	case unsigned > 0:
		t.notApplicable("the vendor does not sign its callbacks, as the callback files say")
	default:
		t.unproven(`no callbacks/*.http says how the vendor proves itself; want "# signature: header NAME", "# signature: query NAME", "# signature: remote_ip", or "# signature: none: " and the reason`)
	}
}

// forgeries returns the callback with other signatures, and with a changed body.
func (g golden) forgeries() map[string]provider.Callback {
	if g.signature == "remote_ip" {
		without, wrong := copyCallback(g.callback), copyCallback(g.callback)
		without.RemoteIP, wrong.RemoteIP = "", "203.0.113.77"
		return map[string]provider.Callback{"from no address": without, "from another address": wrong}
	}
	right := g.signed()
	forged := map[string]provider.Callback{"without its signature": g.signedWith()}
	for what, signature := range map[string]string{
		"with a wrong signature":                      twist(right),
		"with an empty signature":                     "",
		"with half of its signature":                  right[:len(right)/2],
		"with a signature without its last character": right[:max(0, len(right)-1)],
		"with a longer signature":                     right + "0",
		"with its signature in another case":          swapCase(right),
	} {
		if signature != right {
			forged[what] = g.signedWith(signature)
		}
	}
	if g.covers && len(g.callback.Body) > 0 {
		changed := copyCallback(g.callback)
		var ok bool
		if changed.Body, ok = mapStrings(changed.Body, func(s string) any { return s + "0" }); !ok {
			changed.Body = append(slices.Clip(g.callback.Body), '0')
		}
		forged["with a changed body"] = changed
	}
	return forged
}

// signed returns the signature of the callback.
func (g golden) signed() string {
	kind, name, _ := strings.Cut(g.signature, " ")
	if kind == "header" {
		return g.callback.Header.Get(name)
	}
	return g.callback.Query.Get(name)
}

// signedWith returns the callback with another signature, or without one.
func (g golden) signedWith(signatures ...string) provider.Callback {
	c := copyCallback(g.callback)
	kind, name, _ := strings.Cut(g.signature, " ")
	if kind != "header" {
		setQuery(&c, name, signatures)
		return c
	}
	c.Header.Del(name)
	for _, s := range signatures {
		c.Header.Set(name, s)
	}
	return c
}

// swapCase changes the case of all letters. The case of hexadecimal digits has no
// meaning and is kept.
func swapCase(signature string) string {
	if strings.Trim(signature, "0123456789abcdefABCDEF") == "" {
		return signature
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, signature)
}

// setQuery replaces a query parameter in Query and in URL.
func setQuery(c *provider.Callback, name string, values []string) {
	delete(c.Query, name)
	if len(values) > 0 {
		c.Query[name] = values
	}
	if u, err := url.Parse(c.URL); err == nil {
		u.RawQuery = c.Query.Encode()
		c.URL = u.String()
	}
}

// twist changes one character in the middle of a signature.
func twist(signature string) string {
	if signature == "" {
		return "0"
	}
	changed := []byte(signature)
	at := len(changed) / 2
	if changed[at] == '1' {
		changed[at] = '2'
	} else {
		changed[at] = '1'
	}
	return string(changed)
}
