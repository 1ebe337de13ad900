package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tolerance is how far the timestamp of a signature may be from our clock.
const tolerance = 5 * time.Minute

// authentic reports whether the caller knows the secrets of the hook: all of them, if
// it has several.
func (e *endpoint) authentic(h http.Header, body []byte, now time.Time) bool {
	if e.config.Token != "" && !sameToken(h.Get("Authorization"), e.config.Token.Reveal()) {
		return false
	}
	return e.config.Secret == "" || e.preset.signature(h, body, e.keys, now)
}

// sameToken compares in constant time. The header is "Bearer TOKEN", "Basic" with the
// token as the password, or the token itself, as software whose header is free text
// sends it.
func sameToken(header, token string) bool {
	got := header
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		got = strings.TrimSpace(rest)
	case strings.EqualFold(scheme, "Basic"):
		pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		if err != nil {
			return false
		}
		_, got, _ = strings.Cut(string(pair), ":")
	}
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// standardWebhooks checks the headers webhook-id, -timestamp and -signature. Supabase
// joins several signatures by ", " where the specification has a blank.
func standardWebhooks(h http.Header, body []byte, keys [][]byte, now time.Time) bool {
	id, at := h.Get("webhook-id"), h.Get("webhook-timestamp")
	if id == "" || !timely(at, now) {
		return false
	}
	known := 0
	for signature := range strings.FieldsSeq(h.Get("webhook-signature")) {
		encoded, isV1 := strings.CutPrefix(strings.TrimSuffix(signature, ","), "v1,")
		got, err := base64.StdEncoding.DecodeString(encoded)
		if !isV1 || err != nil {
			continue
		}
		for _, key := range keys {
			known |= subtle.ConstantTimeCompare(got, sum(key, id, ".", at, ".", string(body)))
		}
	}
	return known == 1
}

// zitadelSignature checks ZITADEL-Signature: t=SECONDS,v1=HEX,v1=HEX.
func zitadelSignature(h http.Header, body []byte, keys [][]byte, now time.Time) bool {
	var at string
	var got [][]byte
	for part := range strings.SplitSeq(h.Get("ZITADEL-Signature"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			at = value
		case "v1":
			if b, err := hex.DecodeString(value); err == nil {
				got = append(got, b)
			}
		}
	}
	if !timely(at, now) {
		return false
	}
	known := 0
	for _, signature := range got {
		known |= subtle.ConstantTimeCompare(signature, sum(keys[0], at, ".", string(body)))
	}
	return known == 1
}

// grafanaTimestamp is the name that the contact point must be given for its timestamp
// header: without it Grafana signs no time.
const grafanaTimestamp = "X-Grafana-Alerting-Timestamp"

// grafanaSignature checks X-Grafana-Alerting-Signature.
func grafanaSignature(h http.Header, body []byte, keys [][]byte, now time.Time) bool {
	at := h.Get(grafanaTimestamp)
	got, err := hex.DecodeString(h.Get("X-Grafana-Alerting-Signature"))
	if err != nil || !timely(at, now) {
		return false
	}
	return subtle.ConstantTimeCompare(got, sum(keys[0], at, ":", string(body))) == 1
}

// timely reports whether a time in Unix seconds is close to now.
func timely(seconds string, now time.Time) bool {
	n, err := strconv.ParseInt(seconds, 10, 64)
	return err == nil && now.Sub(time.Unix(n, 0)).Abs() <= tolerance
}

func sum(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}
