package gateway_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/router/config"
)

// keyOf is the key of a client in tests.
func keyOf(name string) string { return name + "-" + strings.Repeat("k", 32) }

// lab is a gateway on a real socket over a fake vendor on another.
type lab struct {
	*testing.T
	vendor   *phonifytest.Server
	gateway  *gateway.Gateway
	path     string // of the configuration
	database string // default one of its own on SQLite
	url      string
	client   *http.Client
	stop     func() // ends it and waits
	checks   *checker

	log          *slog.Logger // default the test's
	smallBuffers bool         // what clients do not read soon blocks the gateway's writes
}

// open starts a gateway. serve is the section serve of its configuration, in one line.
func open(t *testing.T, serve string) *lab {
	t.Helper()
	l := &lab{T: t}
	l.open(serve)
	return l
}

func (l *lab) open(serve string) {
	l.Helper()
	l.vendor, l.path = phonifytest.NewServer(phonifytest.Options{}), filepath.Join(l.TempDir(), "anysms.yaml")
	l.Cleanup(l.vendor.Close)
	l.configure(serve)
	l.start()
	l.Cleanup(func() { l.stop() })
}

// configure writes the configuration.
func (l *lab) configure(serve string) {
	l.Helper()
	yaml := fmt.Sprintf(`providers:
  athens: {driver: phonify, base_url: %q, api_key: %s, sender: Example}
router: {default_region: GR, breaker: {open_for: 50ms}, retry: {initial: 10ms, max: 50ms}}
database: %q
serve: %s
`, l.vendor.URL, phonifytest.APIKey, cmp.Or(l.database, "anysms.db"), serve)
	require.NoError(l, os.WriteFile(l.path, []byte(yaml), 0o600))
}

// rewrite changes the configuration.
func (l *lab) rewrite(old, text string) {
	l.Helper()
	conf, err := os.ReadFile(l.path)
	require.NoError(l, err)
	require.Contains(l, string(conf), old)
	require.NoError(l, os.WriteFile(l.path, []byte(strings.Replace(string(conf), old, text, 1)), 0o600))
}

func (l *lab) start() {
	l.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	load := func(ctx context.Context) (*config.Config, *settings.Serve, error) {
		flag := cli.ConfigFlag{Path: l.path}
		conf, err := flag.Load(ctx)
		return conf, &flag.Serve, err
	}
	g, err := gateway.Open(ctx, gateway.Options{Load: load, Log: cmp.Or(l.log, slog.New(slog.NewTextHandler(l.Output(), nil))), Version: "test"})
	require.NoError(l, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(l, err)
	if l.smallBuffers {
		listener = smallListener{listener}
	}
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, listener) }()
	l.gateway, l.url = g, "http://"+listener.Addr().String()
	transport := &http.Transport{}
	l.client = &http.Client{Transport: transport}
	stopped := false
	l.stop = func() {
		if stopped {
			return
		}
		stopped = true
		transport.CloseIdleConnections()
		cancel()
		assert.NoError(l, <-ended)
		assert.NoError(l, g.Close(context.Background()))
	}
	if l.checks == nil {
		l.checks = newChecker(l)
	}
}

const smallBuffer = 4096

// smallListener gives connections small buffers.
type smallListener struct{ net.Listener }

func (l smallListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetWriteBuffer(smallBuffer))
	}
	return conn, err
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// get reads a member of the body: "errors.0.pointer".
func (a answer) get(path string) any {
	var v any
	if json.Unmarshal(a.body, &v) != nil {
		return nil
	}
	for part := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// call makes a request with the key of a client, "" = none. Requests that are taken,
// and all responses, must be as the OpenAPI document says.
func (l *lab) call(client, method, path, body string, header ...string) answer {
	l.Helper()
	r, err := http.NewRequestWithContext(l.Context(), method, l.url+path, strings.NewReader(body))
	require.NoError(l, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if client != "" {
		r.Header.Set("Authorization", "Bearer "+keyOf(client))
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	resp, err := l.client.Do(r)
	require.NoError(l, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(l, err)
	a := answer{resp.StatusCode, resp.Header, got}
	l.checks.check(l, r, body, a)
	return a
}

// send queues a message, waits for its result, and returns its id.
func (l *lab) send(client, ref string) string {
	l.Helper()
	a := l.call(client, "POST", "/v1/messages?wait=30s", fmt.Sprintf(`{"to":"+306900000001","text":"Hello","ref":%q}`, ref))
	require.Equal(l, 200, a.status, string(a.body))
	require.Equal(l, "accepted", a.get("status"), string(a.body))
	return a.get("id").(string)
}

// checker holds requests and responses against the OpenAPI document.
type checker struct {
	router routers.Router
	mu     sync.Mutex
	seen   map[string]bool // operations that were called with success

	document   *openapi3.T
	operations int // of the document
}

func newChecker(l *lab) *checker {
	resp, err := l.client.Get(l.url + "/openapi.json")
	require.NoError(l, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(l, err)
	assert.NotContains(l, string(raw), "$schema")
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	require.NoError(l, err)
	require.NoError(l, doc.Validate(l.Context()))
	doc.Servers = nil
	router, err := legacy.NewRouter(doc)
	require.NoError(l, err)
	c := &checker{router: router, document: doc, seen: make(map[string]bool)}
	for _, path := range doc.Paths.Map() {
		c.operations += len(path.Operations())
	}
	return c
}

func (c *checker) check(l *lab, r *http.Request, body string, a answer) {
	l.Helper()
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		return
	}
	asked := r.Clone(l.Context())
	asked.Body = io.NopCloser(strings.NewReader(body))
	asked.URL.Host, asked.URL.Scheme = "", ""
	if a.status >= 400 {
		assert.Equal(l, "application/problem+json", a.header.Get("Content-Type"), string(a.body))
		assert.NotEmpty(l, a.get("code"), string(a.body))
	}
	route, params, err := c.router.FindRoute(asked)
	if err != nil {
		assert.Contains(l, []int{404, 405}, a.status, "%s %s is not in the document", r.Method, r.URL.Path)
		return
	}
	in := &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	}
	if a.status < 400 {
		if a.status != http.StatusMultiStatus { // whose messages may be wrong one by one
			conforms(l, openapi3filter.ValidateRequest(l.Context(), in), "the request %s", body)
		}
		c.mu.Lock()
		c.seen[route.Operation.OperationID] = true
		c.mu.Unlock()
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), Options: in.Options,
	}
	conforms(l, openapi3filter.ValidateResponse(l.Context(), out), "the response to %s %s: %s", r.Method, r.URL.Path, a.body)
}

func conforms(l *lab, err error, what string, args ...any) {
	l.Helper()
	if err != nil {
		reason, _, _ := strings.Cut(err.Error(), "\nSchema:")
		l.Errorf(what+"\nis not as the document says: %s", append(args, reason)...)
	}
}

// eventually waits until something holds.
func (l *lab) eventually(what string, f func() bool) {
	l.Helper()
	require.Eventually(l, f, time.Minute, 20*time.Millisecond, what)
}
