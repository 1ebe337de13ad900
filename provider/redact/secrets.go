// Package redact hides what must not come out in a vendor's words: credentials,
// and the text and the number of a message, which vendors like to repeat.
package redact

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// What stands in place of what is hidden.
const (
	SecretMark = "[redacted]"
	TextMark   = "[text]"
	NumberMark = "[number]"
)

// MinSecret is the length in bytes of the shortest secret that is looked for: a
// shorter one would also match parts of ordinary words.
const MinSecret = 4

// Secrets hides credentials as they are and in the encodings in which they
// travel: percent, JSON, HTML, hexadecimal and base64, there also inside a longer
// value such as "user:password". The zero value hides nothing. It is safe for
// concurrent use.
type Secrets struct{ replacer *strings.Replacer }

// NewSecrets makes Secrets. Those shorter than [MinSecret] are left out.
func NewSecrets(secrets ...provider.Secret) Secrets {
	var forms []string
	for _, s := range secrets {
		if plain := s.Reveal(); len(plain) >= MinSecret {
			forms = append(forms, encodings(plain)...)
		}
	}
	// The longest comes first: a secret that contains another must be hidden as a
	// whole.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, SecretMark)
	}
	return Secrets{strings.NewReplacer(pairs...)}
}

// Hide returns the text with [SecretMark] in place of each secret.
func (s Secrets) Hide(text string) string {
	if s.replacer == nil {
		return text
	}
	return s.replacer.Replace(text)
}

// encodings lists the forms of a secret.
func encodings(plain string) []string {
	var forms []string
	for _, form := range []string{plain, url.QueryEscape(plain), url.PathEscape(plain), base64.StdEncoding.EncodeToString([]byte(plain))} {
		forms = append(forms, form, lowerPercent(form), inJSON(form, false), inJSON(form, true), strings.ReplaceAll(inJSON(form, false), "/", `\/`))
	}
	inHex := hex.EncodeToString([]byte(plain))
	forms = append(forms, html.EscapeString(plain), inHex, strings.ToUpper(inHex), base64.URLEncoding.EncodeToString([]byte(plain)))
	return append(forms, inBase64(plain)...)
}

// minInside is the length of the shortest part of a base64 text that is looked
// for, for the reason of MinSecret.
const minInside = 8

// inBase64 lists what a secret looks like inside the base64 of a longer value: one
// form for each position modulo 3, without the characters that depend on what
// stands around it.
func inBase64(plain string) []string {
	var forms []string
	for before := range 3 {
		padded := append(make([]byte, before), plain...)
		first, end := (before*8+5)/6, len(padded)*8/6
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if form := encoding.EncodeToString(padded)[first:end]; len(form) >= minInside {
				forms = append(forms, form, strings.ReplaceAll(form, "/", `\/`), url.QueryEscape(form))
			}
		}
	}
	return forms
}

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// lowerPercent writes percent encodings with small letters.
func lowerPercent(s string) string { return percent.ReplaceAllStringFunc(s, strings.ToLower) }

// inJSON returns a text as it stands between the quotes of a JSON string.
func inJSON(s string, escapeHTML bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	if encoder.Encode(s) != nil {
		return s
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}
