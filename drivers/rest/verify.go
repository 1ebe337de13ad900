package rest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// verifications are the ways in which a vendor proves its callbacks, the
// strongest first. The first that a callback carries decides: one that is present
// and wrong is never passed over for a weaker one.
type verifications []verification

// UnmarshalYAML reads one way or a list of them.
func (vs *verifications) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]verification)(vs))
	}
	*vs = make(verifications, 1)
	return n.Decode(&(*vs)[0])
}

// usable are the ways whose settings are set.
func (vs verifications) usable(settings map[string]string) []*verification {
	var all []*verification
	for i := range vs {
		if vs[i].missing(settings) == "" {
			all = append(all, &vs[i])
		}
	}
	return all
}

// missing returns the first setting that is not set, if that leaves no way:
// without one there are no callbacks.
func (vs verifications) missing(settings map[string]string) string {
	if len(vs.usable(settings)) > 0 {
		return ""
	}
	return vs[0].missing(settings)
}

// check finds settings that cannot be used.
func (vs verifications) check(settings map[string]string) error {
	for i := range vs {
		if err := vs[i].check(settings); err != nil {
			return err
		}
	}
	return nil
}

// verify returns nil if the callback is proven to come from the vendor.
func (vs verifications) verify(c *provider.Callback, settings map[string]string) error {
	usable := vs.usable(settings)
	for i, v := range usable {
		if i == len(usable)-1 || v.present(c) {
			return v.verify(c, settings)
		}
	}
	return errNoProof
}

// verification is one way in which a callback is proven. Exactly one kind is
// set. Its settings are secrets, and must not be empty.
type verification struct {
	None    string        `yaml:"none"` // why the vendor signs nothing
	Token   *tokenCheck   `yaml:"token"`
	Basic   *basicCheck   `yaml:"basic"`
	IPs     string        `yaml:"ip_list"` // a setting: addresses and blocks, separated by commas
	HMAC    *bodyCheck    `yaml:"hmac_body"`
	URL     *urlCheck     `yaml:"hmac_url"`
	Parts   *partsCheck   `yaml:"hmac_parts"`
	JWT     *jwtCheck     `yaml:"jwt"`
	Ed25519 *ed25519Check `yaml:"ed25519"`
	at      request.Position
}

// UnmarshalYAML reads the kind and keeps its position.
func (v *verification) UnmarshalYAML(n *yaml.Node) error {
	type plain verification
	if err := n.Decode((*plain)(v)); err != nil {
		return err
	}
	v.at = request.At(n)
	return nil
}

// tokenCheck requires a secret in the query or a header, as in the callback
// URL.
type tokenCheck struct {
	Query  string `yaml:"query"`
	Header string `yaml:"header"`
	Secret string `yaml:"secret"`
	// Optional accepts callbacks without it while the setting is not set.
	Optional bool `yaml:"optional"`
}

func (t *tokenCheck) given(c *provider.Callback) string {
	if t.Header != "" {
		return c.Header.Get(t.Header)
	}
	return c.Query.Get(t.Query)
}

// basicCheck requires HTTP Basic credentials.
type basicCheck struct {
	Username string `yaml:"username"`
	Password string `yaml:"password"`
}

// bodyCheck requires a MAC over the body. With a timestamp, the signed data are
// the timestamp, Joint and the body, and it must be within Window of the
// receipt.
type bodyCheck struct {
	Hash      string `yaml:"hash"`
	Header    string `yaml:"header"`
	Encoding  string `yaml:"encoding"` // hex (the default), base64
	Prefix    string `yaml:"prefix"`
	Secret    string `yaml:"secret"`
	Timestamp string `yaml:"timestamp"` // a header with Unix seconds
	Joint     string `yaml:"joint"`
	Window    span   `yaml:"window"`
}

// urlCheck requires a MAC over the URL and the sorted parameters of the form.
type urlCheck struct {
	Hash string `yaml:"hash"`
	// Headers may have the MAC: the same one under another name, or made with
	// another of the account's secrets. One that is right is enough.
	Headers  oneOrMore `yaml:"header"`
	Secret   string    `yaml:"secret"`
	Nonce    string    `yaml:"nonce"`    // a header whose value is signed as well
	BodyHash string    `yaml:"body_sha"` // a query parameter with the SHA-256 of a body that is not a form
	// Pairs is how parameters are joined: plain ("keyvalue…", right after the
	// URL), query ("." and "key=value&…", with the URL's own query sorted as
	// well), or none: the URL without its query and the nonce are all that is
	// signed.
	Pairs string `yaml:"pairs"`
}

var (
	errNoProof   = errors.New("missing signature")
	errProof     = errors.New("invalid signature")
	errAddress   = errors.New("the sender's IP address is not in the list")
	errStale     = errors.New("the signed time differs too much from the time of receipt")
	errNoReceipt = errors.New("the time of receipt is missing, which is needed to check the signed time")
)

// settings lists the settings that the check needs.
func (v *verification) settings() []string {
	switch {
	case v.Token != nil:
		return []string{v.Token.Secret}
	case v.Basic != nil:
		return []string{v.Basic.Username, v.Basic.Password}
	case v.IPs != "":
		return []string{v.IPs}
	case v.HMAC != nil:
		return []string{v.HMAC.Secret}
	case v.URL != nil:
		return []string{v.URL.Secret}
	case v.Parts != nil:
		return []string{v.Parts.Secret}
	case v.JWT != nil:
		return []string{v.JWT.Secret}
	case v.Ed25519 != nil:
		return []string{v.Ed25519.Key}
	}
	return nil
}

// missing returns the first setting that is not set.
func (v *verification) missing(settings map[string]string) string {
	if v.Token != nil && v.Token.Optional {
		return ""
	}
	for _, name := range v.settings() {
		if settings[name] == "" {
			return name
		}
	}
	return ""
}

// check finds settings that cannot be used.
func (v *verification) check(settings map[string]string) error {
	switch {
	case v.missing(settings) != "":
		return nil
	case v.IPs != "":
		if _, err := blocks(settings[v.IPs]); err != nil {
			return provider.ConfigErrorf(v.IPs, "%v", err)
		}
	case v.Ed25519 != nil:
		if _, err := v.Ed25519.key(settings); err != nil {
			return provider.ConfigErrorf(v.Ed25519.Key, "%v", err)
		}
	}
	return nil
}

// present reports whether a callback has what the check verifies.
func (v *verification) present(c *provider.Callback) bool {
	switch {
	case v.Token != nil:
		return v.Token.given(c) != ""
	case v.Basic != nil:
		return c.Header.Get("Authorization") != ""
	case v.HMAC != nil:
		return c.Header.Get(v.HMAC.Header) != ""
	case v.URL != nil:
		return v.URL.given(c) != nil
	case v.Parts != nil:
		return c.Header.Get(v.Parts.Header) != ""
	case v.JWT != nil:
		return c.Header.Get(v.JWT.Header) != ""
	case v.Ed25519 != nil:
		return c.Header.Get(v.Ed25519.Header) != ""
	}
	return true
}

// verify returns nil if the signature of a callback is valid. Secrets are
// compared in constant time.
func (v *verification) verify(c *provider.Callback, settings map[string]string) error {
	switch {
	case v.Token != nil && v.Token.Optional && settings[v.Token.Secret] == "":
		return nil
	case v.Token != nil:
		return same(v.Token.given(c), settings[v.Token.Secret])
	case v.Basic != nil:
		return v.Basic.verify(c, settings)
	case v.IPs != "":
		return fromList(c.RemoteIP, settings[v.IPs])
	case v.HMAC != nil:
		return v.HMAC.verify(c, settings[v.HMAC.Secret])
	case v.URL != nil:
		return v.URL.verify(c, settings[v.URL.Secret])
	case v.Parts != nil:
		return v.Parts.verify(c, settings[v.Parts.Secret])
	case v.JWT != nil:
		return v.JWT.verify(c, settings[v.JWT.Secret])
	case v.Ed25519 != nil:
		return v.Ed25519.verify(c, settings)
	}
	return nil
}

// same compares in constant time, also for different lengths.
func same(got, want string) error {
	if got == "" {
		return errNoProof
	}
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	if want == "" || !hmac.Equal(a[:], b[:]) {
		return errProof
	}
	return nil
}

func (b *basicCheck) verify(c *provider.Callback, settings map[string]string) error {
	encoded, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Basic ")
	if !ok {
		return errNoProof
	}
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return errProof
	}
	return same(string(plain), settings[b.Username]+":"+settings[b.Password])
}

func blocks(list string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		if !strings.Contains(word, "/") {
			a, err := netip.ParseAddr(word)
			if err != nil {
				return nil, errors.New("want addresses or blocks separated by commas, such as 192.0.2.1, 198.51.100.0/24")
			}
			all = append(all, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, errors.New("want addresses or blocks separated by commas, such as 192.0.2.1, 198.51.100.0/24")
		}
		all = append(all, p)
	}
	return all, nil
}

func fromList(remote, list string) error {
	a, err := netip.ParseAddr(remote)
	if err != nil {
		return errNoProof
	}
	all, err := blocks(list)
	if err != nil || !slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) }) {
		return errAddress
	}
	return nil
}

func (b *bodyCheck) verify(c *provider.Callback, secret string) error {
	got, ok := strings.CutPrefix(c.Header.Get(b.Header), b.Prefix)
	if !ok || got == "" {
		return errNoProof
	}
	signed := string(c.Body)
	if b.Timestamp != "" {
		stamp := c.Header.Get(b.Timestamp)
		if err := fresh(stamp, c.ReceivedAt, b.Window.Duration); err != nil {
			return err
		}
		signed = stamp + b.Joint + signed
	}
	return same(strings.TrimSpace(got), sign(b.Hash, b.Encoding, secret, signed))
}

// fresh compares a signed time with that of receipt, so that an intercepted
// callback cannot be replayed later.
func fresh(stamp string, received time.Time, window time.Duration) error {
	if window == 0 {
		return nil
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case err != nil:
		return errNoProof
	case received.IsZero():
		return errNoReceipt
	case received.Sub(time.Unix(seconds, 0)).Abs() > window:
		return errStale
	}
	return nil
}

func sign(hashName, encoding, secret, signed string) string {
	mac := hmac.New(hashOf(hashName), []byte(secret))
	mac.Write([]byte(signed))
	if encoding == "base64" {
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return hex.EncodeToString(mac.Sum(nil))
}

func hashOf(name string) func() hash.Hash {
	switch name {
	case "sha1":
		return sha1.New
	case "sha512":
		return sha512.New
	}
	return sha256.New
}
