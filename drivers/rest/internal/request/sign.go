package request

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signer adds a signature to a finished request. Now is the time that is signed,
// and nonce what is signed beside it where the scheme has one.
type signer interface {
	sign(r *http.Request, body []byte, s Scope, now time.Time, nonce string)
	// signedAt returns the time and nonce that a request was signed with.
	signedAt(r *http.Request) (now time.Time, nonce string, ok bool)
	templates() []*Template
}

// Sign returns the function that signs a request with this body, nil if the
// recipe signs none.
func (a *Auth) Sign(body []byte, s Scope) func(*http.Request) {
	by := a.signer()
	if by == nil {
		return nil
	}
	return func(r *http.Request) { by.sign(r, body, s, time.Now(), rand.Text()) }
}

func (a *Auth) signer() signer {
	switch {
	case a.SigV4 != nil:
		return a.SigV4
	case a.Azure != nil:
		return a.Azure
	case a.OVH != nil:
		return a.OVH
	case a.MAC != nil:
		return a.MAC
	}
	return nil
}

// signedBy reports whether a request has the signature that these settings make.
func signedBy(by signer, r *http.Request, body []byte, s Scope) bool {
	now, nonce, ok := by.signedAt(r)
	if !ok {
		return false
	}
	again := r.Clone(r.Context())
	by.sign(again, body, s, now, nonce)
	for name := range again.Header {
		if again.Header.Get(name) != r.Header.Get(name) {
			return false
		}
	}
	return true
}

// textOf fills a template of the credentials; a nil one is "".
func textOf(t *Template, s Scope) string {
	if t == nil {
		return ""
	}
	text, _ := t.Text(s, nil)
	return text
}

func given(all ...*Template) []*Template {
	return slices.DeleteFunc(all, func(t *Template) bool { return t == nil })
}

func mac256(key []byte, data string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(data))
	return mac.Sum(nil)
}

func hexSum256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func hostOf(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

// SigV4 is Signature Version 4 of Amazon Web Services.
type SigV4 struct {
	AccessKey    Template  `yaml:"access_key"`
	SecretKey    Template  `yaml:"secret_key"`
	SessionToken *Template `yaml:"session_token"`
	Region       Template  `yaml:"region"`
	Service      Template  `yaml:"service"`
}

const amzTime = "20060102T150405Z"

func (v *SigV4) templates() []*Template {
	return given(&v.AccessKey, &v.SecretKey, v.SessionToken, &v.Region, &v.Service)
}

func (v *SigV4) signedAt(r *http.Request) (time.Time, string, bool) {
	now, err := time.Parse(amzTime, r.Header.Get("X-Amz-Date"))
	return now, "", err == nil
}

func (v *SigV4) sign(r *http.Request, body []byte, s Scope, now time.Time, _ string) {
	at := now.UTC().Format(amzTime)
	r.Header.Set("X-Amz-Date", at)
	if token := textOf(v.SessionToken, s); token != "" {
		r.Header.Set("X-Amz-Security-Token", token)
	}
	headers, names := amzHeaders(r)
	canonical := strings.Join([]string{r.Method, amzPath(r.URL), amzQuery(r.URL.Query()), headers, names, hexSum256(body)}, "\n")
	scope := strings.Join([]string{at[:8], textOf(&v.Region, s), textOf(&v.Service, s), "aws4_request"}, "/")
	key := []byte("AWS4" + textOf(&v.SecretKey, s))
	for part := range strings.SplitSeq(scope, "/") {
		key = mac256(key, part)
	}
	signature := hex.EncodeToString(mac256(key, strings.Join([]string{"AWS4-HMAC-SHA256", at, scope, hexSum256([]byte(canonical))}, "\n")))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+textOf(&v.AccessKey, s)+"/"+scope+", SignedHeaders="+names+", Signature="+signature)
}

// amzHeaders are the headers that are signed, and their names.
func amzHeaders(r *http.Request) (headers, names string) {
	all := []string{"host:" + hostOf(r)}
	for name := range r.Header {
		if name := strings.ToLower(name); name == "content-type" || strings.HasPrefix(name, "x-amz-") {
			all = append(all, name+":"+strings.Join(strings.Fields(r.Header.Get(name)), " "))
		}
	}
	slices.Sort(all)
	list := make([]string, len(all))
	for i, header := range all {
		list[i], _, _ = strings.Cut(header, ":")
	}
	return strings.Join(all, "\n") + "\n", strings.Join(list, ";")
}

// amzPath escapes the path that is sent once more, as all services but S3 do.
func amzPath(u *url.URL) string {
	if u.EscapedPath() == "" {
		return "/"
	}
	segments := strings.Split(u.EscapedPath(), "/")
	for i, segment := range segments {
		segments[i] = amzEscape(segment)
	}
	return strings.Join(segments, "/")
}

func amzQuery(values url.Values) string {
	var all []string
	for key, list := range values {
		for _, v := range list {
			all = append(all, amzEscape(key)+"="+amzEscape(v))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "&")
}

// amzEscape escapes everything but unreserved characters.
func amzEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// AzureHMAC is the HMAC scheme of Azure Communication Services.
type AzureHMAC struct {
	AccessKey Template `yaml:"access_key"` // base64
}

func (z *AzureHMAC) templates() []*Template { return []*Template{&z.AccessKey} }

func (z *AzureHMAC) signedAt(r *http.Request) (time.Time, string, bool) {
	now, err := http.ParseTime(r.Header.Get("X-Ms-Date"))
	return now, "", err == nil
}

func (z *AzureHMAC) sign(r *http.Request, body []byte, s Scope, now time.Time, _ string) {
	at := now.UTC().Format(http.TimeFormat)
	sum := sha256.Sum256(body)
	content := base64.StdEncoding.EncodeToString(sum[:])
	r.Header.Set("X-Ms-Date", at)
	r.Header.Set("X-Ms-Content-Sha256", content)
	key, err := base64.StdEncoding.DecodeString(textOf(&z.AccessKey, s))
	if err != nil {
		return // without a signature the vendor refuses the request
	}
	signature := base64.StdEncoding.EncodeToString(mac256(key, r.Method+"\n"+r.URL.RequestURI()+"\n"+at+";"+hostOf(r)+";"+content))
	r.Header.Set("Authorization", "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature="+signature)
}

// OVHSignature is the scheme of the OVHcloud API, whose signatures begin with
// "$1$".
type OVHSignature struct {
	ApplicationKey    Template `yaml:"application_key"`
	ApplicationSecret Template `yaml:"application_secret"`
	ConsumerKey       Template `yaml:"consumer_key"`
}

func (o *OVHSignature) templates() []*Template {
	return []*Template{&o.ApplicationKey, &o.ApplicationSecret, &o.ConsumerKey}
}

func (o *OVHSignature) signedAt(r *http.Request) (time.Time, string, bool) {
	now, err := strconv.ParseInt(r.Header.Get("X-Ovh-Timestamp"), 10, 64)
	return time.Unix(now, 0), "", err == nil
}

func (o *OVHSignature) sign(r *http.Request, body []byte, s Scope, now time.Time, _ string) {
	at := strconv.FormatInt(now.Unix(), 10)
	consumer := textOf(&o.ConsumerKey, s)
	sum := sha1.Sum([]byte(strings.Join([]string{textOf(&o.ApplicationSecret, s), consumer, r.Method, addressOf(r), string(body), at}, "+")))
	r.Header.Set("X-Ovh-Application", textOf(&o.ApplicationKey, s))
	r.Header.Set("X-Ovh-Consumer", consumer)
	r.Header.Set("X-Ovh-Timestamp", at)
	r.Header.Set("X-Ovh-Signature", "$1$"+hex.EncodeToString(sum[:]))
}

// addressOf is the whole URL; a server that received the request does not know
// its scheme.
func addressOf(r *http.Request) string {
	scheme := r.URL.Scheme
	switch {
	case scheme != "":
	case r.TLS != nil:
		scheme = "https"
	default:
		scheme = "http"
	}
	return scheme + "://" + hostOf(r) + r.URL.RequestURI()
}

// MACToken is the MAC scheme of SMSGlobal: HTTP Authentication, MAC Access
// Authentication (draft-hammer-oauth-v2-mac-token) with SHA-256.
type MACToken struct {
	Key    Template `yaml:"key"`
	Secret Template `yaml:"secret"`
}

func (m *MACToken) templates() []*Template { return []*Template{&m.Key, &m.Secret} }

func (m *MACToken) signedAt(r *http.Request) (time.Time, string, bool) {
	fields := make(map[string]string)
	for field := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "MAC "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = strings.Trim(value, `"`)
	}
	now, err := strconv.ParseInt(fields["ts"], 10, 64)
	return time.Unix(now, 0), fields["nonce"], err == nil
}

func (m *MACToken) sign(r *http.Request, _ []byte, s Scope, now time.Time, nonce string) {
	at := strconv.FormatInt(now.Unix(), 10)
	host, port, found := strings.Cut(hostOf(r), ":")
	if !found {
		port = "443"
		if strings.HasPrefix(addressOf(r), "http://") {
			port = "80"
		}
	}
	signed := strings.Join([]string{at, nonce, r.Method, r.URL.RequestURI(), host, port, "", ""}, "\n")
	signature := base64.StdEncoding.EncodeToString(mac256([]byte(textOf(&m.Secret, s)), signed))
	r.Header.Set("Authorization", `MAC id="`+textOf(&m.Key, s)+`", ts="`+at+`", nonce="`+nonce+`", mac="`+signature+`"`)
}
