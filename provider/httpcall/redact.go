package httpcall

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// minSecret is the length of the shortest secret that is searched for: a
// shorter one would also match parts of ordinary words.
const minSecret = 4

// unquoted drops what the text of an error quotes: package net/http quotes a
// response that it cannot read, and that may repeat the message.
func unquoted(err error) error {
	text, _, quotes := strings.Cut(err.Error(), `"`)
	if !quotes {
		return err
	}
	return errors.New(strings.TrimRight(text, ": "))
}

// redactor removes secrets from what a vendor or the network says.
type redactor struct{ replacer *strings.Replacer }

func newRedactor(secrets []provider.Secret) redactor {
	var forms []string
	for _, s := range secrets {
		plain := s.Reveal()
		if len(plain) < minSecret {
			continue
		}
		for _, form := range []string{plain, url.QueryEscape(plain), url.PathEscape(plain), base64.StdEncoding.EncodeToString([]byte(plain))} {
			forms = append(forms, form, inJSON(form, false), inJSON(form, true), strings.ReplaceAll(inJSON(form, false), "/", `\/`))
		}
	}
	// The longest comes first: a secret that contains another must be removed
	// as a whole.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, "[redacted]")
	}
	return redactor{strings.NewReplacer(pairs...)}
}

// inJSON returns a text as it stands between the quotes of a JSON string.
func inJSON(s string, escapeHTML bool) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	if encoder.Encode(s) != nil {
		return s
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

func (r redactor) scrub(s string) string { return r.replacer.Replace(s) }

// wrap returns an error whose text has no secret; what it wraps stays
// reachable.
func (r redactor) wrap(err error) error {
	text := err.Error()
	if clean := r.scrub(text); clean != text {
		return errors.New(clean)
	}
	return err
}
