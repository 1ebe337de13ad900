package resttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/provider"
)

// Result is the result of one fixture.
type Result struct {
	Fixture string
	// Faults are the differences between recipe and fixture; none = the fixture
	// passes.
	Faults []string
}

// Replay runs a recipe's fixtures, one after the other, with a server on
// loopback that sends their replies.
func Replay(ctx context.Context, r *rest.Recipe) []Result {
	m, err := modelOf(r)
	if err != nil {
		return []Result{{Fixture: "all", Faults: []string{err.Error()}}}
	}
	results := make([]Result, len(m.fixtures))
	for i := range m.fixtures {
		f := &m.fixtures[i]
		results[i] = Result{Fixture: f.Name, Faults: replay(ctx, m, f)}
	}
	return results
}

// exchange is the server's side of one fixture.
type exchange struct {
	model   *model
	fixture *fixture.Fixture
	mu      sync.Mutex
	seen    int
	faults  []string
}

func replay(ctx context.Context, m *model, f *fixture.Fixture) []string {
	x := &exchange{model: m, fixture: f}
	server := httptest.NewServer(x)
	defer server.Close()
	p, err := open(m.Recipe, server.URL, f)
	if err != nil {
		return []string{fmt.Sprintf("open: %v", err)}
	}
	defer p.Close()
	c := &comparison{}
	c.run(ctx, p, f)
	x.mu.Lock()
	defer x.mu.Unlock()
	wanted := 0
	if f.Reply != nil {
		wanted = 1
	}
	if x.seen != wanted {
		c.fault("requests: got %d, want %d", x.seen, wanted)
	}
	return append(x.faults, c.faults...)
}

// Open makes a provider with the settings of the recipe's example. At a vendor
// that only sends registered texts, one is registered that every text is an
// instance of.
func Open(r *rest.Recipe, baseURL string) (*rest.Provider, error) {
	return openWithin(r, baseURL, exampleTimeout)
}

// openWithin is Open with a timeout for each request.
func openWithin(r *rest.Recipe, baseURL string, timeout time.Duration) (*rest.Provider, error) {
	config := exampleConfig(r, baseURL, nil)
	config.Timeout = provider.Duration(timeout)
	for _, s := range r.Settings {
		if s.Templates {
			config.Texts = []rest.RegisteredText{{ID: "1", Text: "##text##"}}
		}
	}
	return r.NewProvider(config)
}

// open makes a provider with the settings of a fixture, which override those of
// the example.
func open(r *rest.Recipe, baseURL string, f *fixture.Fixture) (*rest.Provider, error) {
	config := exampleConfig(r, baseURL, f.Settings)
	config.CallbackURL = f.CallbackURL
	for _, t := range f.Texts {
		config.Texts = append(config.Texts, rest.RegisteredText(t))
	}
	return r.NewProvider(config)
}

const exampleTimeout = 10 * time.Second

func exampleConfig(r *rest.Recipe, baseURL string, over map[string]string) rest.Config {
	config := rest.Config{Values: make(map[string]provider.Secret)}
	config.BaseURL = baseURL
	config.Timeout = provider.Duration(exampleTimeout)
	for _, settings := range []map[string]string{r.Example, over} {
		for name, v := range settings {
			config.Values[name] = provider.Secret(v)
		}
	}
	return config
}

// ServeHTTP checks the request and sends the fixture's reply.
func (x *exchange) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if x.model.serveToken(w, req) {
		return
	}
	body, err := io.ReadAll(req.Body)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen++
	if err != nil {
		x.faults = append(x.faults, "request: "+err.Error())
	}
	if want := x.fixture.Request; want != nil {
		x.faults = append(x.faults, differences(want, req, body)...)
	}
	reply := x.fixture.Reply
	if reply == nil {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	answer, err := reply.Bytes()
	if err != nil {
		x.faults = append(x.faults, "reply: "+err.Error())
	}
	for key, v := range reply.Headers {
		w.Header().Set(key, v)
	}
	w.WriteHeader(max(reply.Status, http.StatusOK))
	_, _ = w.Write(answer) // fails only if the client has gone
}

// differences compares a request with the fixture's.
func differences(want *fixture.Request, req *http.Request, body []byte) []string {
	c := &comparison{prefix: "request "}
	if want.Method != "" {
		c.equal("method", req.Method, want.Method)
	}
	if want.Path != "" {
		c.equal("path", req.URL.EscapedPath(), want.Path)
	}
	if want.Body != nil {
		c.equal("body", string(body), *want.Body)
	}
	if values, named, err := fixture.Form(want.Query); named || err != nil {
		c.check(err)
		c.equal("query", req.URL.Query().Encode(), values.Encode())
	}
	if values, named, err := fixture.Form(want.Form); named || err != nil {
		c.check(err)
		form := strings.Split(string(body), "&")
		c.equal("form", strings.Join(form, "&"), values.Encode())
	}
	if headers, named, err := fixture.Form(want.Headers); named || err != nil {
		c.check(err)
		for key := range headers {
			c.equal("header "+key, req.Header.Get(key), headers.Get(key))
		}
	}
	if wanted, named, err := want.JSONBody(); named || err != nil {
		c.check(err)
		c.equal("json", canonical(body), canonical(wanted))
	}
	return c.faults
}

// canonical writes JSON with sorted keys; numbers keep their digits.
func canonical(b []byte) string {
	decoder := json.NewDecoder(strings.NewReader(string(b)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return string(b)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(b)
	}
	return string(out)
}

// comparison collects differences.
type comparison struct {
	prefix string
	faults []string
}

func (c *comparison) fault(format string, args ...any) {
	c.faults = append(c.faults, c.prefix+fmt.Sprintf(format, args...))
}

func (c *comparison) check(err error) {
	if err != nil {
		c.fault("%v", err)
	}
}

func (c *comparison) equal(what string, got, want any) {
	if got != want {
		c.fault("%s: got %q, want %q", what, fmt.Sprint(got), fmt.Sprint(want))
	}
}

// noError reports an error that the fixture does not expect.
func (c *comparison) noError(err error) bool {
	if err != nil {
		c.fault("got the error %v, want none", err)
	}
	return err == nil
}

// wantError compares an error with the fixture's. It reports whether there is
// nothing more to compare.
func (c *comparison) wantError(err error, want *fixture.Error) bool {
	if want == nil {
		return !c.noError(err)
	}
	if err == nil {
		c.fault("got no error, want %s", want.Code)
		return true
	}
	c.equal("error code", provider.CodeOf(err), provider.Code(want.Code))
	e, ok := errors.AsType[*provider.Error](err)
	if !ok {
		c.fault("got %T, want a *provider.Error", err)
		return true
	}
	if want.VendorCode != "" {
		c.equal("error vendor_code", e.VendorCode, want.VendorCode)
	}
	if want.RetryAfter != "" {
		c.equal("error retry_after", e.RetryAfter.String(), want.RetryAfter)
	}
	return true
}
