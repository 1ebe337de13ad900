package request

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// signingSettings are made-up credentials, those of the vendors' examples where they
// have some.
var signingSettings = map[string]string{
	"aws_id": "AKIDEXAMPLE", "aws_secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	"azure_key": "c2VjcmV0LWtleS1vZi1henVyZQ==",
	"ovh_key":   "7kbG7Bk7S9Nt7ZSV", "ovh_secret": "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF", "ovh_consumer": "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1",
	"mac_key": "a1b2c3", "mac_secret": "s3cret",
}

const (
	awsAuth   = `{sigv4: {access_key: "{aws_id}", secret_key: "{aws_secret}", region: us-east-1, service: SERVICE}}`
	azureAuth = `{azure_hmac: {access_key: "{azure_key}"}}`
	ovhAuth   = `{ovh: {application_key: "{ovh_key}", application_secret: "{ovh_secret}", consumer_key: "{ovh_consumer}"}}`
	macAuth   = `{mac: {key: "{mac_key}", secret: "{mac_secret}"}}`
)

func authOf(t *testing.T, text string) *Auth {
	t.Helper()
	a := new(Auth)
	require.NoError(t, yaml.Unmarshal([]byte(text), a))
	return a
}

// The first cases are the examples of AWS (Signature Version 4 test suite, and
// "Create a signed AWS API request") and of OVHcloud (first steps with the API).
// Microsoft and SMSGlobal publish no whole example; those were made with OpenSSL
// from the description.
func TestSignatures(t *testing.T) {
	aws := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for _, c := range []struct {
		name, auth, method, url, contentType, body string
		now                                        time.Time
		header, want                               string
	}{
		{
			name: "AWS, get-vanilla", auth: strings.Replace(awsAuth, "SERVICE", "service", 1), method: http.MethodGet, url: "https://example.amazonaws.com/", now: aws,
			header: "Authorization", want: "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		},
		{
			name: "AWS, post-vanilla", auth: strings.Replace(awsAuth, "SERVICE", "service", 1), method: http.MethodPost, url: "https://example.amazonaws.com/", now: aws,
			header: "Authorization", want: "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
		},
		{
			name: "AWS, get-vanilla-query-order-key-case", auth: strings.Replace(awsAuth, "SERVICE", "service", 1), method: http.MethodGet, url: "https://example.amazonaws.com/?Param2=value2&Param1=value1", now: aws,
			header: "Authorization", want: "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
		},
		{
			name: "AWS, ListUsers", auth: strings.Replace(awsAuth, "SERVICE", "iam", 1), method: http.MethodGet, url: "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", now: aws,
			contentType: "application/x-www-form-urlencoded; charset=utf-8",
			header:      "Authorization", want: "SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		},
		{
			name: "OVHcloud", auth: ovhAuth, method: http.MethodGet, url: "https://eu.api.ovh.com/1.0/domains/", now: time.Unix(1366560945, 0),
			header: "X-Ovh-Signature", want: "$1$d3705e8afb27a0d2970a322b96550abfc67bb798",
		},
		{
			name: "Azure", auth: azureAuth, method: http.MethodPost, url: "https://contoso.communication.azure.com/sms?api-version=2021-03-07", now: time.Date(2030, 1, 5, 12, 0, 0, 0, time.UTC), body: `{"a":1}`,
			header: "Authorization", want: "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=87PeJDcWjC6tPjC1L5j6fXx6NV6Ioi4PaWOLxXLXgCQ=",
		},
		{
			name: "SMSGlobal", auth: macAuth, method: http.MethodGet, url: "https://api.smsglobal.com/v2/sms/?limit=1", now: time.Unix(1893844800, 0),
			header: "Authorization", want: `MAC id="a1b2c3", ts="1893844800", nonce="n-1", mac="4ooParIcXXd6vQJtuUiBdnBv97oraQWK03d7ni7R200="`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), c.method, c.url, strings.NewReader(c.body))
			require.NoError(t, err)
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			a, s := authOf(t, c.auth), Scope{Settings: signingSettings}
			a.signer().sign(r, []byte(c.body), s, c.now, "n-1")
			assert.Contains(t, r.Header.Get(c.header), c.want)

			assert.True(t, a.Authenticates(r, []byte(c.body), signingSettings), "it is recognized")
			other := map[string]string{"aws_id": "AKIDEXAMPLE", "aws_secret": "x", "azure_key": "eA==", "ovh_secret": "x", "mac_key": "a1b2c3", "mac_secret": "x"}
			assert.False(t, a.Authenticates(r, []byte(c.body), other), "with another secret")
			r.URL.Path = "/other"
			assert.False(t, a.Authenticates(r, []byte(c.body), signingSettings), "for another path")
		})
	}
}

// A request that is built has the signature of its body once it is sent.
func TestSignedRequest(t *testing.T) {
	for _, auth := range []string{awsAuth, azureAuth, ovhAuth} {
		var r Request
		require.NoError(t, yaml.Unmarshal([]byte(`{path: /v1/messages, json: {text: "{text}"}}`), &r))
		a := authOf(t, auth)
		built, err := r.Build(a, Scope{Settings: signingSettings, Values: map[string]any{"text": "Γεια"}}, nil)
		require.NoError(t, err)
		sent, err := http.NewRequestWithContext(t.Context(), built.Method, "https://vendor.example"+built.Path, bytes.NewReader(built.Body))
		require.NoError(t, err)
		sent.Header = built.Header
		built.Sign(sent)
		body, err := io.ReadAll(sent.Body)
		require.NoError(t, err)
		assert.True(t, a.Authenticates(sent, body, signingSettings), auth)
		assert.False(t, a.Authenticates(sent, append(body, ' '), signingSettings), auth)
		assert.Empty(t, a.Missing(Scope{Settings: signingSettings}))
		assert.NotEmpty(t, a.Missing(Scope{}))
	}
}
