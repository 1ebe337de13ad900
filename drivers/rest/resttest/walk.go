package resttest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/provider"
)

// Decision is what a recipe makes of one entry of its tables, when the entry
// arrives in a response or a callback of the vendor.
type Decision struct {
	rest.Entry
	Got   string // such as "no_route", "delivered", "undelivered, invalid_recipient"
	Fault string // why Got is not what the table says; "" = it is
}

// Walk sends every code, word and phrase of a recipe's tables through the
// recipe, in the responses and callbacks of its fixtures, and compares what comes
// out with the table. What has no row may be neither accepted nor blamed on the
// number.
func Walk(ctx context.Context, r *rest.Recipe) ([]Decision, error) {
	entries := r.Entries()
	unknown := []string{"errors.codes"}
	if slices.ContainsFunc(entries, func(e rest.Entry) bool { return e.Table == "report_codes" }) {
		unknown = append(unknown, "report_codes")
	}
	for _, table := range unknown {
		entries = append(entries, rest.Entry{Table: table, Code: "Unheard-Of-9", LeftOut: "the vendor does not document it"})
	}
	return Decide(ctx, r, entries)
}

// Decide is Walk over given entries, such as those of another version of the
// recipe.
func Decide(ctx context.Context, r *rest.Recipe, entries []rest.Entry) ([]Decision, error) {
	w, err := newWalker(ctx, r)
	if err != nil {
		return nil, err
	}
	defer w.close()
	all := make([]Decision, len(entries))
	for i, e := range entries {
		all[i] = w.decide(e)
	}
	return all, nil
}

// walker replays fixtures with other codes in them.
type walker struct {
	ctx      context.Context
	recipe   *rest.Recipe // whose callbacks are not signed
	model    *model
	fixtures []fixture.Fixture
	messages map[*fixture.Fixture]string // the vendor's words in a fixture's error
	server   *httptest.Server
	response atomic.Pointer[response]
	opened   map[*fixture.Fixture]*rest.Provider
}

// response is what the server answers with.
type response struct {
	status  int
	headers map[string]string
	body    []byte
}

func newWalker(ctx context.Context, r *rest.Recipe) (*walker, error) {
	unsigned, err := withoutSignature(r)
	if err != nil {
		return nil, err
	}
	m, err := modelOf(unsigned)
	if err != nil {
		return nil, err
	}
	w := &walker{
		ctx: ctx, recipe: unsigned, model: m, fixtures: m.fixtures,
		messages: make(map[*fixture.Fixture]string), opened: make(map[*fixture.Fixture]*rest.Provider),
	}
	w.server = httptest.NewServer(http.HandlerFunc(w.respond))
	return w, nil
}

func (w *walker) close() {
	for _, p := range w.opened {
		_ = p.Close() // has no requests left to lose
	}
	w.server.Close()
}

func (w *walker) respond(rw http.ResponseWriter, req *http.Request) {
	if w.model.serveToken(rw, req) {
		return
	}
	r := w.response.Load()
	for key, v := range r.headers {
		rw.Header().Set(key, v)
	}
	rw.WriteHeader(max(r.status, http.StatusOK))
	_, _ = rw.Write(r.body) // fails only if the client has gone
}

// provider opens a provider with the settings of a fixture, once.
func (w *walker) provider(f *fixture.Fixture) (*rest.Provider, error) {
	if p := w.opened[f]; p != nil {
		return p, nil
	}
	p, err := open(w.recipe, w.server.URL, f)
	if err == nil {
		w.opened[f] = p
	}
	return p, err
}

// withoutSignature returns the recipe with callbacks that need no proof, so that
// they can be made up.
func withoutSignature(r *rest.Recipe) (*rest.Recipe, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(r.Source()), &doc); err != nil {
		return nil, err
	}
	if callbacks := child(doc.Content[0], "callbacks"); callbacks != nil {
		if verify := child(callbacks, "verify"); verify != nil {
			none := yaml.Node{}
			if err := none.Encode(map[string]string{"none": "the walk makes up callbacks"}); err != nil {
				return nil, err
			}
			*verify = none
		}
	}
	source, err := yaml.Marshal(&doc)
	if err != nil {
		return nil, err
	}
	return rest.Parse(r.Name+".yaml", source)
}

func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (w *walker) decide(e rest.Entry) Decision {
	switch e.Table {
	case "statuses", "report_codes":
		return w.report(e)
	}
	return w.refusal(e)
}

// refusal puts the entry into the first response that the fixtures have for an
// error with a code. A rule may need more than words; for it one response that it
// applies to is enough.
func (w *walker) refusal(e rest.Entry) Decision {
	d := Decision{Entry: e}
	if e.LeftOut == "" {
		d.Fault = "no fixture of an error with a vendor_code to try it in"
	}
	rule := strings.Contains(e.Table, ".when[")
	for i := range w.fixtures {
		f := &w.fixtures[i]
		if !w.carries(f, e, rule) {
			continue
		}
		got := w.replayWith(f, e)
		d.Got, d.Fault = got, refusalFault(e, got)
		if d.Fault == "" || !rule {
			break
		}
	}
	return d
}

// carries reports whether a fixture is an error response in which another code
// can be put.
func (w *walker) carries(f *fixture.Fixture, e rest.Entry, rule bool) bool {
	if f.Reply == nil || f.Kind() != w.callOf(e.Table) {
		return false
	}
	want := w.wantedError(f)
	if want == nil || f.Reply.Status >= 500 {
		return false
	}
	return rule && (e.Code == "" || want.VendorCode != "") || !rule && want.VendorCode != ""
}

// wantedError is the error that a fixture expects, of a batch that of one of its
// messages.
func (w *walker) wantedError(f *fixture.Fixture) *fixture.Error {
	for _, v := range f.Verdicts {
		if v.Error != nil {
			return v.Error
		}
	}
	return f.Error
}

// callOf is the call whose responses an error table is about.
func (w *walker) callOf(table string) string {
	name, _, _ := strings.Cut(table, ".")
	if name == "errors" {
		return "send"
	}
	return name
}

func refusalFault(e rest.Entry, got string) string {
	switch {
	case e.LeftOut == "" && got != string(e.Means):
		return fmt.Sprintf("got %s, want %s", got, e.Means)
	case e.LeftOut != "" && got == "accepted":
		return "accepted, although no row says what it means"
	case e.LeftOut != "" && got == string(provider.InvalidRecipient):
		return "blamed on the number, although no row says what it means"
	}
	return ""
}

// replayWith replays a fixture with the entry's code and words in place of its
// own, and returns the outcome.
func (w *walker) replayWith(f *fixture.Fixture, e rest.Entry) string {
	body, err := f.Reply.Bytes()
	if err != nil {
		return err.Error()
	}
	swap := swapper{{w.wantedError(f).VendorCode, e.Code}, {w.words(f), e.Says}}
	status := f.Reply.Status
	if e.HTTP != 0 {
		status = e.HTTP
	}
	return outcome(w.errorOf(f, status, swap.inBody(body)))
}

// words returns the vendor's words in a fixture's error response.
func (w *walker) words(f *fixture.Fixture) string {
	if known, ok := w.messages[f]; ok {
		return known
	}
	body, _ := f.Reply.Bytes()
	message := ""
	if e, ok := errors.AsType[*provider.Error](w.errorOf(f, f.Reply.Status, body)); ok {
		message = e.VendorMessage
	}
	w.messages[f] = message
	return message
}

// errorOf makes a fixture's call, which gets the given response.
func (w *walker) errorOf(f *fixture.Fixture, status int, body []byte) error {
	p, err := w.provider(f)
	if err != nil {
		return err
	}
	w.response.Store(&response{status: status, headers: f.Reply.Headers, body: body})
	if f.Kind() == "batch" {
		return w.batchError(p, f)
	}
	return callError(w.ctx, p, f)
}

// callError makes a fixture's call and returns its error alone.
func callError(ctx context.Context, p *rest.Provider, f *fixture.Fixture) error {
	m := &provider.Message{}
	var err error
	if f.Message != nil {
		if m, err = f.Message.Message(); err != nil {
			return err
		}
	}
	switch f.Kind() {
	case "status":
		_, err = provider.ReadStatus(ctx, p, f.ID)
	case "find":
		_, err = provider.Find(ctx, p, m, time.Time{})
	case "cancel":
		err = provider.Cancel(ctx, p, f.ID)
	case "check":
		err = provider.Check(ctx, p)
	case "balance":
		_, err = provider.ReadBalance(ctx, p)
	case "quote":
		_, err = provider.RequestQuote(ctx, p, m)
	case "format_number":
		_, err = p.FormatNumber(ctx, f.Typed, f.Country)
	case "inbox":
		_, _, err = provider.ReadInbox(ctx, p, f.Cursor)
	default:
		_, err = p.Send(ctx, m)
	}
	return err
}

// batchError is the error of the first message of a batch that the fixture
// expects one of.
func (w *walker) batchError(p *rest.Provider, f *fixture.Fixture) error {
	ms, err := fixture.All(f.Messages)
	if err != nil {
		return err
	}
	verdicts := provider.SendBatch(w.ctx, p, ms)
	for i, v := range f.Verdicts {
		if v.Error != nil && i < len(verdicts) {
			return verdicts[i].Err
		}
	}
	return nil
}

func outcome(err error) string {
	if err == nil {
		return "accepted"
	}
	return string(provider.CodeOf(err))
}
