package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
)

var received = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func hmacHex(key, s string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(s))
	return hex.EncodeToString(mac.Sum(nil))
}

func jwtOf(head, payload, key string) string {
	e := base64.RawURLEncoding.EncodeToString
	signed := e([]byte(head)) + "." + e([]byte(payload))
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + e(mac.Sum(nil))
}

func TestVerification(t *testing.T) {
	settings := map[string]string{"s": "shared-secret", "u": "user", "ips": "192.0.2.1, 198.51.100.0/24"}
	body := `{"id":1}`
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	stamp := strconv.FormatInt(received.Unix(), 10)
	old := strconv.FormatInt(received.Add(-time.Hour).Unix(), 10)
	stamped := &verification{HMAC: &bodyCheck{Hash: "sha256", Header: "X-Sig", Prefix: "sha256=", Secret: "s", Timestamp: "X-Time", Joint: ".", Window: span{Duration: 5 * time.Minute}}}
	parts := &verification{Parts: &partsCheck{
		Hash: "sha256", Header: "X-Sig", Secret: "s", Joint: "\n", Timestamp: "X-Time", Window: span{Duration: 5 * time.Minute},
		Signs: signedParts{{"header:X-Time", "header:X-Nonce", "method", "url", "body_md5"}, {"header:X-Time", "header:X-Nonce", "method", "path", "body"}},
	}}
	signedParts := func(c *provider.Callback, stamp string, rest ...string) {
		c.URL = "https://hooks.example/sms?a=b"
		c.Header.Set("X-Time", stamp)
		c.Header.Set("X-Nonce", "n1")
		c.Header.Set("X-Sig", strings.ToUpper(hmacHex("shared-secret", strings.Join(append([]string{stamp, "n1", "POST"}, rest...), "\n"))))
	}
	const bodyMD5 = "d2ce28b9a7fd7e4407e2b0fd499b7fe4" // printf '{"id":1}' | md5sum
	jwt := &verification{JWT: &jwtCheck{Header: "Authorization", Scheme: "Bearer", Secret: "s", BodyHash: "payload_hash", Window: span{Duration: 5 * time.Minute}}}
	const signedURL = "https://hooks.example/sms?a=b"
	overURL := &verification{JWT: &jwtCheck{Header: "Authorization", Secret: "s", BodyHash: "payload_hash", URLHash: "url_hash", Issued: "nbf", Window: span{Duration: 5 * time.Minute}}}
	urlClaims := `"nbf":` + stamp + `,"url_hash":"6af7fe32de2f3dae3d6578672de51de846efc9cfbaf8119595039b4dd8099180"` // printf '%s' "$signedURL" | sha256sum
	overURLOf := func(c *provider.Callback, url, body, claims string) {
		c.URL, c.Body = url, []byte(body)
		c.Header.Set("Authorization", jwtOf(`{"alg":"HS256","typ":"JWT"}`, claims, "shared-secret"))
	}
	hs256 := `{"alg":"HS256","typ":"JWT"}`
	claims := `{"iat":` + stamp + `,"payload_hash":"` + hash + `"}`
	for _, c := range []struct {
		name  string
		v     *verification
		at    func(*provider.Callback)
		wrong bool
	}{
		{"none", &verification{None: "why"}, func(*provider.Callback) {}, false},
		{"token in a header", &verification{Token: &tokenCheck{Header: "X-Token", Secret: "s"}}, func(c *provider.Callback) { c.Header.Set("X-Token", "shared-secret") }, false},
		{"token missing", &verification{Token: &tokenCheck{Query: "t", Secret: "s"}}, func(*provider.Callback) {}, true},
		{"token for an empty secret", &verification{Token: &tokenCheck{Query: "t", Secret: "nothing"}}, func(c *provider.Callback) { c.Query.Set("t", "") }, true},
		{"basic", &verification{Basic: &basicCheck{"u", "s"}}, func(c *provider.Callback) { setBasic(c, "user", "shared-secret") }, false},
		{"basic, wrong user", &verification{Basic: &basicCheck{"u", "s"}}, func(c *provider.Callback) { setBasic(c, "usex", "shared-secret") }, true},
		{"basic, garbage", &verification{Basic: &basicCheck{"u", "s"}}, func(c *provider.Callback) { c.Header.Set("Authorization", "Basic %%%") }, true},
		{"address on the list", &verification{IPs: "ips"}, func(c *provider.Callback) { c.RemoteIP = "198.51.100.7" }, false},
		{"address mapped into IPv6", &verification{IPs: "ips"}, func(c *provider.Callback) { c.RemoteIP = "::ffff:192.0.2.1" }, false},
		{"address not on the list", &verification{IPs: "ips"}, func(c *provider.Callback) { c.RemoteIP = "198.51.101.7" }, true},
		{"address not known", &verification{IPs: "ips"}, func(*provider.Callback) {}, true},
		{"MAC over the body", &verification{HMAC: &bodyCheck{Hash: "sha256", Header: "X-Sig", Secret: "s"}}, func(c *provider.Callback) { c.Header.Set("X-Sig", hmacHex("shared-secret", body)) }, false},
		{"MAC over another body", &verification{HMAC: &bodyCheck{Hash: "sha256", Header: "X-Sig", Secret: "s"}}, func(c *provider.Callback) { c.Header.Set("X-Sig", hmacHex("shared-secret", body+" ")) }, true},
		{"MAC with a time", stamped, func(c *provider.Callback) {
			c.Header.Set("X-Time", stamp)
			c.Header.Set("X-Sig", "sha256="+hmacHex("shared-secret", stamp+"."+body))
		}, false},
		{"MAC with an old time", stamped, func(c *provider.Callback) {
			c.Header.Set("X-Time", old)
			c.Header.Set("X-Sig", "sha256="+hmacHex("shared-secret", old+"."+body))
		}, true},
		{"MAC with another time than signed", stamped, func(c *provider.Callback) {
			c.Header.Set("X-Time", stamp)
			c.Header.Set("X-Sig", "sha256="+hmacHex("shared-secret", old+"."+body))
		}, true},
		{"MAC with a time, receipt not known", stamped, func(c *provider.Callback) {
			c.ReceivedAt = time.Time{}
			c.Header.Set("X-Time", stamp)
			c.Header.Set("X-Sig", "sha256="+hmacHex("shared-secret", stamp+"."+body))
		}, true},
		{"MAC without its prefix", stamped, func(c *provider.Callback) {
			c.Header.Set("X-Time", stamp)
			c.Header.Set("X-Sig", hmacHex("shared-secret", stamp+"."+body))
		}, true},
		{"MAC over parts", parts, func(c *provider.Callback) { signedParts(c, stamp, "https://hooks.example/sms?a=b", bodyMD5) }, false},
		{"MAC over the other list of parts", parts, func(c *provider.Callback) { signedParts(c, stamp, "/sms?a=b", body) }, false},
		{"MAC over parts of both lists", parts, func(c *provider.Callback) { signedParts(c, stamp, "/sms?a=b", bodyMD5) }, true},
		{"MAC over parts, another body", parts, func(c *provider.Callback) {
			signedParts(c, stamp, "https://hooks.example/sms?a=b", bodyMD5)
			c.Body = []byte(`{"id":2}`)
		}, true},
		{"MAC over parts with an old time", parts, func(c *provider.Callback) { signedParts(c, old, "https://hooks.example/sms?a=b", bodyMD5) }, true},
		{"MAC over parts, no nonce", parts, func(c *provider.Callback) {
			signedParts(c, stamp, "https://hooks.example/sms?a=b", bodyMD5)
			c.Header.Del("X-Nonce")
		}, true},
		{"MAC over parts, no MAC", parts, func(*provider.Callback) {}, true},
		{"JWT", jwt, func(c *provider.Callback) {
			c.Header.Set("Authorization", "Bearer "+jwtOf(hs256, claims, "shared-secret"))
		}, false},
		{"JWT without signature", jwt, func(c *provider.Callback) {
			c.Header.Set("Authorization", "Bearer "+jwtOf(`{"alg":"none"}`, claims, "shared-secret"))
		}, true},
		{"JWT of another key", jwt, func(c *provider.Callback) { c.Header.Set("Authorization", "Bearer "+jwtOf(hs256, claims, "x")) }, true},
		{"JWT for another body", jwt, func(c *provider.Callback) {
			c.Body = []byte(`{"id":2}`)
			c.Header.Set("Authorization", "Bearer "+jwtOf(hs256, claims, "shared-secret"))
		}, true},
		{"JWT that is old", jwt, func(c *provider.Callback) {
			c.ReceivedAt = received.Add(time.Hour)
			c.Header.Set("Authorization", "Bearer "+jwtOf(hs256, claims, "shared-secret"))
		}, true},
		{"JWT over the URL", overURL, func(c *provider.Callback) { overURLOf(c, signedURL, "", "{"+urlClaims+"}") }, false},
		{"JWT over the URL and a body", overURL, func(c *provider.Callback) {
			overURLOf(c, signedURL, body, "{"+urlClaims+`,"payload_hash":"`+hash+`"}`)
		}, false},
		{"JWT over another URL", overURL, func(c *provider.Callback) { overURLOf(c, signedURL+"c", "", "{"+urlClaims+"}") }, true},
		{"JWT over the URL, an added body", overURL, func(c *provider.Callback) { overURLOf(c, signedURL, body, "{"+urlClaims+"}") }, true},
		{"JWT over the URL, a removed body", overURL, func(c *provider.Callback) {
			overURLOf(c, signedURL, "", "{"+urlClaims+`,"payload_hash":"`+hash+`"}`)
		}, true},
		{"JWT over the URL, another time claim", overURL, func(c *provider.Callback) {
			overURLOf(c, signedURL, "", strings.Replace("{"+urlClaims+"}", "nbf", "iat", 1))
		}, true},
		{"JWT of two parts", jwt, func(c *provider.Callback) { c.Header.Set("Authorization", "Bearer a.b") }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			callback := &provider.Callback{Method: http.MethodPost, Header: make(http.Header), Query: make(url.Values), Body: []byte(body), ReceivedAt: received}
			c.at(callback)
			err := c.v.verify(callback, settings)
			assert.Equal(t, c.wrong, err != nil, "%v", err)
		})
	}
}

func setBasic(c *provider.Callback, user, password string) {
	r := http.Request{Header: c.Header}
	r.SetBasicAuth(user, password)
}

// The tokens are those of signature_jwt/testdata/reference.json in
// github.com/messagebird/go-rest-api.
func TestJWTOfMessageBird(t *testing.T) {
	const (
		head      = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
		noBody    = head + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiJjOTQ2YWY3Ny1lMTgyLTRlYWEtYjJmZi0xYTU0NWI1ZTk5MWEiLCJ1cmxfaGFzaCI6IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0YjI0MDA0YmFlNzUzZWNlNmMyNjAifQ.huo2ou6JDoDc7sV25d75UMWeYhBeavQlLsqIibSZuac"
		withBody  = head + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI5M2U1NTAwNi1hMGU4LTQ1MjYtYTE5MC1mYTVmZjAwZWExMTYiLCJ1cmxfaGFzaCI6IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0YjI0MDA0YmFlNzUzZWNlNmMyNjAiLCJwYXlsb2FkX2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYzdmNzBhNGIyODY4OGEzNjIxODI5ODZmIn0._H--TOuYFLpeEH39-rg5E3IHVkjHozBcaKVWPRC5m9I"
		signedURL = "https://example.com/path?bar=1&foo=2"
	)
	check := &jwtCheck{Header: "Messagebird-Signature-Jwt", BodyHash: "payload_hash", URLHash: "url_hash", Issued: "nbf", Window: span{Duration: time.Minute}}
	at := time.Date(2021, 7, 5, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, token, url, body string
		at                     time.Time
		valid                  bool
	}{
		{"no payload", noBody, signedURL, "", at, true},
		{"payload", withBody, signedURL, "Hello, World!", at, true},
		{"parameters in another order", noBody, "https://example.com/path?foo=2&bar=1", "", at, false},
		{"payload removed", withBody, signedURL, "", at, false},
		{"payload added", noBody, signedURL, "Hello, World!", at, false},
		{"before it was issued", noBody, signedURL, "", at.Add(-2 * time.Minute), false},
		{"after it expired", noBody, signedURL, "", at.Add(2 * time.Minute), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			callback := &provider.Callback{URL: c.url, Body: []byte(c.body), Header: http.Header{check.Header: {c.token}}, ReceivedAt: c.at}
			err := check.verify(callback, "36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb")
			assert.Equal(t, c.valid, err == nil, "%v", err)
		})
	}
}
