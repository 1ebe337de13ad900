package httpcall_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestReading(t *testing.T) {
	zipped := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, s)
		_ = w.Close()
		return b.String()
	}
	tests := []struct {
		name, encoding, body string
		want                 string // "" = unreadable
	}{
		{"plain", "", `{"a":"b"}`, "b"},
		{"byte order mark", "", "\xef\xbb\xbf" + `{"a":"b"}`, "b"},
		{"gzip", "gzip", zipped(`{"a":"b"}`), "b"},
		{"broken gzip", "gzip", "nonsense", ""},
		{"gzip bomb", "gzip", zipped(`{"a":"` + strings.Repeat("0", 4<<20) + `"}`), ""},
		{"too large", "", `{"a":"` + strings.Repeat("0", 2<<20) + `"}`, ""},
		{"deflate, which was not requested", "deflate", "x", ""},
		{"html", "", "<html>", ""},
		{"empty", "", "", ""},
		{"two documents", "", `{"a":"b"}{"a":"c"}`, ""},
		{"wrong type", "", `{"a":1}`, ""},
		{"deep", "", strings.Repeat("[", 100_000), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				_, _ = io.WriteString(w, tt.body)
			}))
			defer server.Close()
			resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}).Do(t.Context(), post("x"))
			require.NoError(t, err)
			var answer struct{ A string }
			err = resp.Decode(&answer)
			if tt.want == "" {
				require.Error(t, err)
				assert.ErrorIs(t, resp.Indeterminate(err), provider.Indeterminate)
				assert.ErrorIs(t, resp.ByStatus(), provider.Indeterminate)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, answer.A)
		})
	}

	for name, tt := range map[string]struct {
		encoding, body string
		limit          int64
		readable       bool
	}{
		"as long as the limit":          {"", "12345", 5, true},
		"longer by a byte":              {"", "123456", 5, false},
		"empty, and the smallest limit": {"", "", 1, true},
		"expanded, as long as it":       {"gzip", zipped("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 50, true},
		"expanded, longer by a byte":    {"gzip", zipped("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), 50, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", tt.encoding)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer server.Close()
			r := post("x")
			r.MaxResponse = tt.limit
			resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}).Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, tt.readable, resp.Readable() == nil, "%v", resp.Readable())
		})
	}
	t.Run("truncated", func(t *testing.T) {
		s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
			s.read(r)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":")
		})
		resp, err := newClient(t, httpcall.Config{BaseURL: s.url}).Do(t.Context(), post("x"))
		require.NoError(t, err)
		require.ErrorIs(t, resp.Readable(), io.ErrUnexpectedEOF)
		assert.ErrorIs(t, resp.ByStatus(), provider.Indeterminate)
	})
	t.Run("slow drip ends by the timeout", func(t *testing.T) {
		s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
			s.read(r)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			for {
				if _, err := fmt.Fprint(c, " "); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
		inTime(t, 60*time.Millisecond, func(d time.Duration) bool {
			resp, err := newClient(t, httpcall.Config{BaseURL: s.url, Timeout: provider.Duration(d)}).Do(t.Context(), post("x"))
			if err != nil { // not even the headers came
				require.ErrorIs(t, err, httpcall.ErrTimeout)
				return false
			}
			require.Equal(t, httpcall.ErrTimeout, resp.Readable(), "and not how the read failed")
			return true
		})
	})
}

func TestByStatus(t *testing.T) {
	want := map[provider.Code][]int{
		provider.Indeterminate:     {200, 201, 204, 300, 301, 302, 303, 304, 408, 409, 500, 502, 503, 504, 507, 520, 599},
		provider.Unavailable:       {307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 451, 501, 505},
		provider.Unauthenticated:   {401, 407},
		provider.InsufficientFunds: {402},
		provider.RateLimited:       {429},
		provider.Rejected:          {400, 406, 412, 418, 422, 499},
	}
	var status atomic.Int64
	var retryAfter atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", retryAfter.Load().(string))
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	c := newClient(t, httpcall.Config{BaseURL: server.URL})
	answer := func(code int, after string) *httpcall.Response {
		status.Store(int64(code))
		retryAfter.Store(after)
		resp, err := c.Do(t.Context(), post("x"))
		require.NoError(t, err)
		return resp
	}
	for code, statuses := range want {
		for _, s := range statuses {
			assert.ErrorIs(t, answer(s, "").ByStatus(), code, "status %d", s)
		}
	}
	for _, good := range []string{"7", "0", "Wed, 21 Oct 2015 07:28:00 GMT"} {
		assert.ErrorIs(t, answer(503, good).ByStatus(), provider.Unavailable, "503 with Retry-After %q", good)
	}
	assert.Equal(t, 7*time.Second, answer(429, "7").ByStatus().RetryAfter)
	date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	assert.InDelta(t, time.Hour, answer(429, date).RetryAfter(), float64(time.Minute))
	assert.Zero(t, answer(429, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)).RetryAfter(), "a date that is over")
	for _, bad := range []string{"", "soon", "-1", "1.5", "99999999999999999999"} {
		assert.Zero(t, answer(429, bad).RetryAfter(), "Retry-After %q", bad)
		assert.ErrorIs(t, answer(503, bad).ByStatus(), provider.Indeterminate, "503 with Retry-After %q", bad)
	}

	c = newClient(t, httpcall.Config{BaseURL: server.URL, StatusOutcomes: map[int]provider.Outcome{502: "not_sent", 500: "refused", 404: "unknown"}})
	assert.ErrorIs(t, answer(502, "").ByStatus(), provider.Unavailable)
	assert.ErrorIs(t, answer(500, "").ByStatus(), provider.Rejected)
	assert.ErrorIs(t, answer(404, "").ByStatus(), provider.Indeterminate)
}

func TestOK(t *testing.T) {
	for status, want := range map[int]bool{199: false, 200: true, 299: true, 300: false} {
		assert.Equal(t, want, (&httpcall.Response{Status: status}).OK(), status)
	}
}

// A date is taken relative to the vendor's clock if it shows it, else to ours.
func TestRetryAfterDate(t *testing.T) {
	at := time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)
	header := http.Header{"Retry-After": {at.Format(http.TimeFormat)}, "Date": {at.Add(-90 * time.Second).Format(http.TimeFormat)}}
	assert.Equal(t, 90*time.Second, (&httpcall.Response{Header: header}).RetryAfter())
	header.Set("Date", "yesterday")
	assert.Greater(t, (&httpcall.Response{Header: header}).RetryAfter(), 24*time.Hour)
}

// The methods of a response take whatever a driver has at hand.
func TestResponseOfNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}).Do(t.Context(), post("x"))
	require.NoError(t, err)
	doubt := resp.Indeterminate(nil)
	require.ErrorIs(t, doubt, provider.Indeterminate)
	assert.ErrorContains(t, doubt, "HTTP status 200: the response cannot be read as an acceptance")
	require.ErrorIs(t, resp.Indeterminate(resp.Readable()), provider.Indeterminate)
	require.ErrorIs(t, resp.Failed("", "", ""), provider.Code(""))
	require.Error(t, resp.Decode(nil))
	assert.False(t, resp.DropToken())
}

func TestSecretsAreTakenOut(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"error":"key s3cr3t/+key and s3cr3t%2F%2Bkey of user abc is bad"}`)
	}))
	defer server.Close()
	resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}, "s3cr3t/+key", "abc").Do(t.Context(), post("x"))
	require.NoError(t, err)
	failed := resp.Failed(provider.Unauthenticated, "s3cr3t/+key", string(resp.Body))
	for _, text := range []string{string(resp.Raw()), failed.Error(), failed.VendorMessage, fmt.Sprintf("%#v", failed)} {
		assert.NotContains(t, text, "s3cr3t")
		assert.Contains(t, text, "redacted")
	}
	assert.Contains(t, string(resp.Raw()), "abc", "three letters are no secret to search for")
	assert.ErrorIs(t, failed, provider.Unauthenticated)
}

// A signature is valid for some minutes, and no configured secret.
func TestSignaturesAreTakenOut(t *testing.T) {
	for header, value := range map[string]string{
		"Authorization":   "HMAC-SHA256 SignedHeaders=x-ms-date;host&Signature=87PeJDcWjC6tPjC1L5j6fXx6NV6Ioi4P=",
		"X-Ovh-Signature": "$1$87PeJDcWjC6tPjC1L5j6fXx6NV6Ioi4P",
	} {
		t.Run(header, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent := r.Header.Get(header)
				_, signature, _ := strings.Cut(sent, "Signature=")
				_, _ = fmt.Fprintf(w, `{"error":"bad header %s, signature %s"}`, sent, signature)
			}))
			defer server.Close()
			r := post("x")
			r.Sign = func(req *http.Request) { req.Header.Set(header, value) }
			resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}).Do(t.Context(), r)
			require.NoError(t, err)
			failed := resp.Failed(provider.Unauthenticated, value, string(resp.Body))
			var body map[string]any
			require.NoError(t, resp.Decode(&body))
			for _, text := range []string{string(resp.Raw()), string(resp.RawOf(body)), string(resp.RawOf(body["error"])), failed.Error(), failed.VendorCode, failed.VendorMessage} {
				assert.NotContains(t, text, "87PeJDcWjC6tPjC1")
				assert.Contains(t, text, "redacted")
			}
		})
	}
}

func TestRawOfTextIsAString(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK 1") }))
	defer server.Close()
	resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}).Do(t.Context(), post("x"))
	require.NoError(t, err)
	assert.JSONEq(t, `"OK 1"`, string(resp.Raw()))
}
