package rest

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// jwtCheck requires a JSON Web Token signed with HS256 (RFC 7519, RFC 7515). No
// other algorithm is accepted, whatever the token's header says.
type jwtCheck struct {
	Header string `yaml:"header"`
	Scheme string `yaml:"scheme"` // before the token in the header, such as Bearer
	Secret string `yaml:"secret"`
	// BodyHash is the claim with the body's SHA-256 in hexadecimal. Without one
	// the token's payload must be the body itself.
	BodyHash string `yaml:"body_hash"`
	// URLHash is the claim with the SHA-256 of the callback's URL. With it a
	// callback without a body needs no BodyHash.
	URLHash string `yaml:"url_hash"`
	Issued  string `yaml:"issued"` // the claim with the time of Window, iat if empty
	Window  span   `yaml:"window"`
}

func (j *jwtCheck) verify(c *provider.Callback, secret string) error {
	token := strings.TrimSpace(c.Header.Get(j.Header))
	if j.Scheme != "" {
		rest, ok := strings.CutPrefix(token, j.Scheme+" ")
		if !ok {
			return errNoProof
		}
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return errNoProof
	}
	payload, err := readJWT(token, secret)
	if err != nil {
		return err
	}
	var claims map[string]any
	tree, err := request.ReadJSON(payload)
	if err != nil {
		return errProof
	}
	claims, _ = tree.(map[string]any)
	if j.Window.Duration > 0 {
		if err := fresh(request.WordOf(claims[cmp.Or(j.Issued, "iat")]), c.ReceivedAt, j.Window.Duration); err != nil {
			return err
		}
	}
	if j.URLHash != "" {
		if err := sameHash(claims[j.URLHash], []byte(c.URL)); err != nil {
			return err
		}
		if len(c.Body) == 0 && claims[j.BodyHash] == nil {
			return nil
		}
	}
	if j.BodyHash == "" {
		return sameJSON(tree, c.Body)
	}
	return sameHash(claims[j.BodyHash], c.Body)
}

// sameHash compares a claim with the SHA-256 of what it is about.
func sameHash(claim any, of []byte) error {
	sum := sha256.Sum256(of)
	return same(strings.ToLower(request.WordOf(claim)), hex.EncodeToString(sum[:]))
}

// readJWT returns the payload of a token with a valid signature.
func readJWT(token, secret string) ([]byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errProof
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return nil, errProof
	}
	var header struct {
		Alg string `json:"alg"`
	}
	if json.Unmarshal(head, &header) != nil || header.Alg != "HS256" {
		return nil, errProof
	}
	got, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, errProof
	}
	want := sign("sha256", "hex", secret, parts[0]+"."+parts[1])
	if err := same(hex.EncodeToString(got), want); err != nil {
		return nil, err
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errProof
	}
	return payload, nil
}

// sameJSON compares a token's payload with the body, member by member.
func sameJSON(payload any, body []byte) error {
	tree, err := request.ReadJSON(body)
	if err != nil {
		return errProof
	}
	a, errA := json.Marshal(payload)
	b, errB := json.Marshal(tree)
	if errA != nil || errB != nil {
		return errProof
	}
	return same(string(a), string(b))
}

// ed25519Check requires a signature over the timestamp, Joint and the body.
type ed25519Check struct {
	Header    string `yaml:"header"`
	Timestamp string `yaml:"timestamp"`
	Joint     string `yaml:"joint"`
	Key       string `yaml:"public_key"` // a setting, in base64
	Window    span   `yaml:"window"`
}

func (e *ed25519Check) key(settings map[string]string) (ed25519.PublicKey, error) {
	raw, err := base64.StdEncoding.DecodeString(settings[e.Key])
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, errors.New("is not an Ed25519 public key, " + strconv.Itoa(ed25519.PublicKeySize) + " bytes in base64")
	}
	return raw, nil
}

func (e *ed25519Check) verify(c *provider.Callback, settings map[string]string) error {
	got, err := base64.StdEncoding.DecodeString(c.Header.Get(e.Header))
	if err != nil || len(got) == 0 {
		return errNoProof
	}
	stamp := c.Header.Get(e.Timestamp)
	if err := fresh(stamp, c.ReceivedAt, e.Window.Duration); err != nil {
		return err
	}
	key, err := e.key(settings)
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, []byte(stamp+e.Joint+string(c.Body)), got) {
		return errProof
	}
	return nil
}
