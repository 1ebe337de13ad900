package faultserver_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/conformance/faultserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var good = faultserver.Response{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"id":"Zażółć"}`)}

// seen is what a client received.
type seen struct {
	status int
	header http.Header
	body   string
	err    error
}

func client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true, TLSClientConfig: &tls.Config{}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func post(t *testing.T, c *http.Client, url string) seen {
	t.Helper()
	return postWithin(t, 10*time.Second, c, url)
}

func postWithin(t *testing.T, limit time.Duration, c *http.Client, url string) seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	// Without GetBody, net/http cannot repeat the request.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/messages", io.NopCloser(strings.NewReader("hello")))
	require.NoError(t, err)
	request.ContentLength = 5
	response, err := c.Do(request)
	if err != nil {
		return seen{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return seen{response.StatusCode, response.Header, string(body), err}
}

func serve(t *testing.T, handler func(*faultserver.Request) faultserver.Reply) *faultserver.Server {
	t.Helper()
	s, err := faultserver.New(handler)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestFaults(t *testing.T) {
	expanded := func(t *testing.T, s seen) string {
		r, err := gzip.NewReader(strings.NewReader(s.body))
		require.NoError(t, err)
		body, err := io.ReadAll(r)
		require.NoError(t, err)
		return string(body)
	}
	failed := func(t *testing.T, s seen) { assert.Error(t, s.err) }
	whole := func(body string) func(*testing.T, seen) {
		return func(t *testing.T, s seen) {
			require.NoError(t, s.err)
			assert.Equal(t, 200, s.status)
			assert.Equal(t, body, s.body)
		}
	}
	wants := map[string]func(*testing.T, seen){
		"reset-before-read":  failed,
		"hang-before-read":   failed,
		"reset-in-request":   failed,
		"slow-read":          whole(string(good.Body)),
		"gibberish":          failed,
		"reset-after-read":   failed,
		"close-after-read":   failed,
		"h2-goaway":          failed,
		"h2-refused-stream":  failed,
		"hang-after-read":    failed,
		"hang-in-head":       failed,
		"hang-in-body":       failed,
		"slow-response":      whole(string(good.Body)),
		"truncated-length":   failed,
		"truncated-chunk":    failed,
		"missing-last-chunk": failed,
		"empty-200":          whole(""),
		"html-200":           func(t *testing.T, s seen) { assert.Contains(t, s.body, "<html>") },
		"json-null":          whole("null"),
		"json-empty":         whole("{}"),
		"json-list":          whole("[]"),
		"json-deep":          func(t *testing.T, s seen) { assert.Len(t, s.body, 100_000) },
		"chunked":            whole(string(good.Body)),
		"bom":                whole("\xef\xbb\xbf" + string(good.Body)),
		"gzip":               func(t *testing.T, s seen) { assert.Equal(t, string(good.Body), expanded(t, s)) },
		"gzip-bomb": func(t *testing.T, s seen) {
			assert.Less(t, len(s.body), 1<<20)
			body := expanded(t, s)
			assert.Len(t, body, faultserver.BombBody+len(good.Body))
			assert.True(t, strings.HasSuffix(body, string(good.Body)))
		},
		"huge-body": func(t *testing.T, s seen) {
			require.NoError(t, s.err)
			assert.Len(t, s.body, faultserver.HugeBody+len(good.Body))
		},
		"header-flood":  failed,
		"continue":      whole(string(good.Body)),
		"informational": whole(string(good.Body)),
	}
	for _, fault := range faultserver.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := wants[fault.Name]
			require.True(t, ok, "no expectation")
			assert.NotEmpty(t, fault.Doc)
			s := serve(t, func(*faultserver.Request) faultserver.Reply {
				if fault.Reply == nil {
					return good.Reply()
				}
				return fault.Reply(good)
			})
			s.SetIntake(fault.Intake)
			limit := 10 * time.Second
			if strings.HasPrefix(fault.Name, "hang") {
				limit = 100 * time.Millisecond
			}
			want(t, postWithin(t, limit, client(t), s.URL))
			assert.LessOrEqual(t, len(s.Requests()), 1)
			assert.Equal(t, 1, s.Connections())
		})
	}
	_, err := faultserver.FaultNamed("no-such")
	require.ErrorContains(t, err, "no-such")
}

func TestRequestsAreRecorded(t *testing.T) {
	s := serve(t, func(*faultserver.Request) faultserver.Reply { return good.Reply() })
	c := client(t)
	for range 2 {
		require.NoError(t, post(t, c, s.URL).err)
	}
	requests := s.Requests()
	require.Len(t, requests, 2)
	assert.Equal(t, "/messages", requests[1].HTTP.URL.Path)
	assert.Equal(t, "hello", string(requests[1].Body))
	assert.Equal(t, []int{1, 2}, []int{requests[1].Conn, requests[1].Nth}, "the connection is reused")
	assert.NoError(t, requests[1].Err)
}

func TestHalfARequestCounts(t *testing.T) {
	s := serve(t, func(*faultserver.Request) faultserver.Reply { return good.Reply() })
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(c, "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool { return len(s.Requests()) == 1 && s.OpenConnections() == 0 }, 30*time.Second, time.Millisecond)
	require.Error(t, s.Requests()[0].Err)
}

func TestExpectContinue(t *testing.T) {
	s := serve(t, func(*faultserver.Request) faultserver.Reply { return good.Reply() })
	request, err := http.NewRequest(http.MethodPost, s.URL, bytes.NewReader([]byte("hello")))
	require.NoError(t, err)
	request.Header.Set("Expect", "100-continue")
	c := client(t)
	c.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	response, err := c.Do(request)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, "hello", string(s.Requests()[0].Body))
}

func TestDoorsOfAnIdleConnection(t *testing.T) {
	for _, intake := range []faultserver.Intake{faultserver.ResetBeforeRead, faultserver.HangBeforeRead, faultserver.ResetInRequest} {
		s := serve(t, func(*faultserver.Request) faultserver.Reply { return good.Reply() })
		c := client(t)
		require.NoError(t, post(t, c, s.URL).err)
		s.SetIntake(intake)
		require.Error(t, postWithin(t, 100*time.Millisecond, c, s.URL).err)
	}
}

func TestRefuseAndDropIdle(t *testing.T) {
	s := serve(t, func(*faultserver.Request) faultserver.Reply { return good.Reply() })
	c := client(t)
	require.NoError(t, post(t, c, s.URL).err)
	s.DropIdle()
	require.Eventually(t, func() bool { return s.OpenConnections() == 0 }, 30*time.Second, time.Millisecond)
	s.Refuse()
	require.ErrorContains(t, post(t, client(t), s.URL).err, "refused")
	s.Close()
}

func TestTLS(t *testing.T) {
	s, err := faultserver.NewTLS(func(*faultserver.Request) faultserver.Reply { return good.Reply() })
	require.NoError(t, err)
	defer s.Close()
	require.ErrorContains(t, post(t, client(t), s.URL).err, "certificate")
	assert.Empty(t, s.Requests())
	trusting := client(t)
	trusting.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true
	assert.Equal(t, string(good.Body), post(t, trusting, s.URL).body)
}

// http2Client uses HTTP/2 with prior knowledge.
func http2Client(t *testing.T) *http.Client {
	t.Helper()
	c := client(t)
	transport := c.Transport.(*http.Transport)
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetUnencryptedHTTP2(true)
	return c
}

func TestHTTP2(t *testing.T) {
	var end atomic.Int64
	large := faultserver.Response{Status: 201, Header: http.Header{"X-One": {"1"}}, Body: bytes.Repeat([]byte("x"), 40<<10)}
	s := serve(t, func(*faultserver.Request) faultserver.Reply {
		return faultserver.Reply{Bytes: large.Bytes(), End: faultserver.End(end.Load())}
	})
	c := http2Client(t)
	for range 2 {
		got := post(t, c, s.URL)
		require.NoError(t, got.err)
		assert.Equal(t, 201, got.status)
		assert.Equal(t, "1", got.header.Get("X-One"))
		assert.Equal(t, string(large.Body), got.body)
	}
	requests := s.Requests()
	require.Len(t, requests, 2)
	assert.Equal(t, "hello", string(requests[1].Body))
	assert.Equal(t, "/messages", requests[1].HTTP.URL.Path)
	assert.Equal(t, 2, requests[1].HTTP.ProtoMajor)
	assert.Equal(t, []int{1, 2}, []int{requests[1].Conn, requests[1].Nth})

	for how, want := range map[faultserver.End]string{
		faultserver.RefuseStream: "REFUSED_STREAM", faultserver.GoAway: "GOAWAY", faultserver.Hang: "deadline",
		faultserver.Reset: "", faultserver.Close: "", // in the client's words, either may be the other
	} {
		end.Store(int64(how))
		before := len(s.Requests())
		require.ErrorContains(t, postWithin(t, 100*time.Millisecond, http2Client(t), s.URL).err, want)
		assert.Equal(t, before+1, len(s.Requests()), "%v: the request is counted once", how)
	}
}
