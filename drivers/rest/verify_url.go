package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// verify checks the MAC over the URL and its parameters. The header may contain
// several, separated by commas, while the vendor changes keys.
func (u *urlCheck) verify(c *provider.Callback, secret string) error {
	given := u.given(c)
	if given == nil {
		return errNoProof
	}
	signed, err := u.signed(c)
	if err != nil {
		return err
	}
	want := sign(u.Hash, "base64", secret, signed)
	for _, got := range given {
		if err = same(got, want); err == nil {
			return nil
		}
	}
	return err
}

// given lists the signatures in the headers.
func (u *urlCheck) given(c *provider.Callback) []string {
	var all []string
	for _, name := range u.Headers {
		for got := range strings.SplitSeq(c.Header.Get(name), ",") {
			if got = strings.TrimSpace(got); got != "" {
				all = append(all, got)
			}
		}
	}
	return all
}

func (u *urlCheck) signed(c *provider.Callback) (string, error) {
	form, isForm, err := formOf(c)
	if err != nil {
		return "", errProof
	}
	switch u.Pairs {
	case "query":
		return u.signedQuery(c, form)
	case "none":
		return u.signedURL(c)
	}
	if !isForm && u.BodyHash != "" && c.Query.Get(u.BodyHash) != "" {
		sum := sha256.Sum256(c.Body)
		return c.URL, same(c.Query.Get(u.BodyHash), hex.EncodeToString(sum[:]))
	}
	return c.URL + pairs(form, "", ""), nil
}

// signedURL is the URL without query, and the nonce.
func (u *urlCheck) signedURL(c *provider.Callback) (string, error) {
	at, err := url.Parse(c.URL)
	if err != nil {
		return "", errProof
	}
	nonce := c.Header.Get(u.Nonce)
	if u.Nonce != "" && nonce == "" {
		return "", errNoProof
	}
	at.RawQuery, at.Fragment = "", ""
	return at.String() + nonce, nil
}

// signedQuery is "URL?sorted query.sorted form.nonce"; a part without
// parameters is left out with its mark.
func (u *urlCheck) signedQuery(c *provider.Callback, form url.Values) (string, error) {
	at, err := url.Parse(c.URL)
	if err != nil {
		return "", errProof
	}
	nonce := c.Header.Get(u.Nonce)
	if u.Nonce != "" && nonce == "" {
		return "", errNoProof
	}
	query := at.Query()
	at.RawQuery, at.Fragment = "", ""
	signed := at.String()
	if len(query) > 0 || len(form) > 0 {
		signed += "?" + pairs(query, "=", "&")
	}
	if len(form) > 0 {
		if len(query) > 0 {
			signed += "."
		}
		signed += pairs(form, "", "")
	}
	if u.Nonce != "" {
		signed += "." + nonce
	}
	return signed, nil
}

func formOf(c *provider.Callback) (form url.Values, isForm bool, err error) {
	media, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if media != "application/x-www-form-urlencoded" {
		return nil, false, nil
	}
	form, err = url.ParseQuery(string(c.Body))
	return form, true, err
}

// pairs joins keys and values, sorted by key and then by value.
func pairs(values url.Values, equals, and string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list := slices.Clone(values[key])
		slices.Sort(list)
		for _, v := range slices.Compact(list) {
			all = append(all, key+equals+v)
		}
	}
	return strings.Join(all, and)
}
