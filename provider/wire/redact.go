package wire

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/anysms/anysms/provider"
)

// minSecret is the shortest secret that is searched for: a shorter one would
// tear holes into ordinary words.
const minSecret = 4

// redactor takes secrets out of what a vendor or the network says.
type redactor struct{ replacer *strings.Replacer }

func newRedactor(secrets []provider.Secret) redactor {
	var pairs []string
	for _, s := range secrets {
		plain := s.Reveal()
		if len(plain) < minSecret {
			continue
		}
		for _, form := range []string{plain, url.QueryEscape(plain), base64.StdEncoding.EncodeToString([]byte(plain))} {
			pairs = append(pairs, form, "[redacted]")
		}
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func (r redactor) scrub(s string) string { return r.replacer.Replace(s) }

// wrap gives an error whose text has no secret; what it wraps stays reachable.
func (r redactor) wrap(err error) error {
	text := err.Error()
	if clean := r.scrub(text); clean != text {
		return errors.New(clean)
	}
	return err
}
