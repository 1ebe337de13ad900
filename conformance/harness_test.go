package conformance_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestBadHarness(t *testing.T) {
	const source = "# source: x\n"
	with := func(name, text string) fs.FS {
		files := referenceReplies()
		files[name] = reply(text)
		return files
	}
	for name, test := range map[string]struct {
		change func(*conformance.Harness)
		want   string
	}{
		"Open must not be nil": {func(h *conformance.Harness) { h.Open = nil }, "Open must not be nil"},
		"skip of no case":      {func(h *conformance.Harness) { h.Skip = map[string]string{"x": "y"} }, `unknown case "x"`},
		"skip of a core case":  {func(h *conformance.Harness) { h.Skip = map[string]string{"requests.one": "y"} }, "is a core case"},
		"skip without reason":  {func(h *conformance.Harness) { h.Skip = map[string]string{"text.control": ""} }, "must not be empty"},
		"accepted.http is missing": {func(h *conformance.Harness) {
			h.Replies = fstest.MapFS{"rejected.http": reply(source + "HTTP/1.1 400 Bad Request\n\n")}
		}, "accepted.http is missing"},
		"unknown outcome":   {func(h *conformance.Harness) { h.Replies = with("perhaps.http", source+"HTTP/1.1 200 OK\n\n") }, "perhaps.http: the name must start with"},
		"no source":         {func(h *conformance.Harness) { h.Replies = with("rejected.http", "HTTP/1.1 400 Bad Request\n\n") }, "rejected.http: the source is missing"},
		"no response":       {func(h *conformance.Harness) { h.Replies = with("rejected.http", source+"hello\n\n") }, "rejected.http: not an HTTP response"},
		"batch, no verdict": {func(h *conformance.Harness) { h.Replies = with("batch/x.http", source+"HTTP/1.1 200 OK\n\n") }, "batch/x.http: the verdicts are missing"},
		"batch, bad verdict": {func(h *conformance.Harness) {
			h.Replies = with("batch/x.http", source+"# verdict: fine\nHTTP/1.1 200 OK\n\n")
		}, `verdict "fine"`},
		"callback, no event": {func(h *conformance.Harness) { h.Replies = with("callbacks/x.http", source+"POST / HTTP/1.1\n\n") }, "callbacks/x.http: the events are missing"},
		"callback, bad field": {func(h *conformance.Harness) {
			h.Replies = with("callbacks/x.http", source+"# event: {\"state\":1}\nPOST / HTTP/1.1\n\n")
		}, `unknown field "state"`},
		"callback, bad signature": {func(h *conformance.Harness) {
			h.Replies = with("callbacks/x.http", source+"# signature: somewhere\nPOST / HTTP/1.1\n\n")
		}, `signature "somewhere"`},
		"callback, no request": {func(h *conformance.Harness) {
			h.Replies = with("callbacks/x.http", source+"# event: {}\nhello\n\n")
		}, "not an HTTP request"},
	} {
		t.Run(name, func(t *testing.T) {
			h := referenceHarness(openReference)
			test.change(&h)
			report := conformance.Check(t.Context(), h)
			require.ErrorContains(t, report.Err(), test.want)
			assert.False(t, report.OK())
		})
	}
}

func TestSkip(t *testing.T) {
	h := referenceHarness(openReference)
	h.Skip = map[string]string{"text.control": "the vendor's gateway strips them"}
	r := conformance.CheckOnly(t.Context(), h, "text.control").Results[0]
	assert.Equal(t, conformance.Skipped, r.Status)
	assert.Equal(t, []string{"the vendor's gateway strips them"}, r.Details)
}

func TestCancelledCheck(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report := conformance.Check(ctx, referenceHarness(openReference))
	assert.False(t, report.OK())
	assert.Equal(t, len(report.Results), report.Count(conformance.Failed))
}

func TestForgottenReplies(t *testing.T) {
	h := referenceHarness(openReference)
	h.Replies = nil
	require.ErrorContains(t, conformance.CheckOnly(t.Context(), h, "receipt.accepted").Err(), "the harness has no Replies; add accepted.http")
}

// tokened fetches a token before it sends, and has a special encoding for texts.
type tokened struct {
	*reference
	token *string
}

func (o tokened) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	request, err := o.request(m)
	if err != nil {
		return nil, err
	}
	if *o.token == "" {
		if err := o.fetch(ctx); err != nil {
			return nil, err
		}
	}
	request.Header.Set("Authorization", "Bearer "+*o.token)
	encoded := base64.StdEncoding.EncodeToString([]byte(m.Text))
	request.Body, err = json.Marshal(map[string]any{
		"to": m.To.Digits(), "text64": encoded, "from": m.From, "ref": m.Ref, "ttl": m.Validity.Seconds(), "at": m.SendAt.UTC().Format(referenceTime),
	})
	if err != nil {
		return nil, err
	}
	response, err := o.client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	return o.judge(response)
}

func (o tokened) fetch(ctx context.Context) error {
	response, err := o.client.Do(ctx, httpcall.Get("/token", nil))
	if err != nil || !response.OK() {
		return provider.NewError(provider.Unavailable, "no token")
	}
	*o.token = string(response.Body)
	return nil
}

func (o tokened) Capabilities() provider.Capabilities {
	c := o.reference.Capabilities()
	c.Features &^= provider.HasBatch
	c.MaxBatch = 0
	return c
}

// TestOtherRequestsAndText: requests for tokens do not count as sends, and Text of the
// harness decodes what the suite cannot.
func TestOtherRequestsAndText(t *testing.T) {
	h := referenceHarness(func(url string) (provider.Provider, error) {
		r, err := newReference(url)
		return tokened{r, new(string)}, err
	})
	h.OtherRequests = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			_, _ = w.Write([]byte("t0ken-of-the-test"))
			return
		}
		http.NotFound(w, r)
	})
	h.Text = func(_ *http.Request, body []byte) (to, text string) {
		var fields struct {
			To     string `json:"to"`
			Text64 string `json:"text64"`
		}
		_ = json.Unmarshal(body, &fields) // other requests have other bodies
		plain, _ := base64.StdEncoding.DecodeString(fields.Text64)
		return fields.To, string(plain)
	}
	conformance.Run(t, h)
}

func TestTextIsNeededWhereItIsEncoded(t *testing.T) {
	h := referenceHarness(rewrite(func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }))
	require.ErrorContains(t, conformance.CheckOnly(t.Context(), h, "text.greek").Err(), "the harness needs Text")
}
