package conformance_test

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// What the imaginary vendor has in addition to sending.

const maxCharacters = 2000

func (r *reference) Capabilities() provider.Capabilities {
	return provider.Capabilities{
		Features: provider.HasBatch | provider.HasStatus | provider.HasFind | provider.HasCancel | provider.HasBalance |
			provider.HasQuote | provider.HasVerify | provider.HasCallbacks | provider.HasInbox | provider.HasCheck |
			provider.CanChooseSender | provider.CanSetValidity | provider.CanSchedule,
		MaxCharacters: maxCharacters,
		MaxBatch:      5,
	}
}

// call makes a request whose response is a JSON object or an error.
func (r *reference) call(ctx context.Context, method, path string, body, into any) error {
	request, err := httpcall.JSON(method, path, body)
	if err != nil {
		return &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	request.Header.Set("Authorization", "Bearer "+apiKey)
	response, err := r.client.Do(ctx, request)
	if err != nil {
		return err
	}
	if !response.OK() {
		return response.ByStatus()
	}
	if err := response.Decode(into); err != nil {
		return response.Indeterminate(err)
	}
	return nil
}

func (r *reference) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	var list []referenceRequest
	var places []int
	for i, m := range ms {
		request, err := r.body(m)
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		list, places = append(list, request), append(places, i)
	}
	if len(list) == 0 {
		return verdicts
	}
	var responses []referenceResponse
	err := r.call(ctx, http.MethodPost, "/batches", list, &responses)
	if err == nil && len(responses) != len(list) {
		err = provider.NewError(provider.Indeterminate, "want one response for each message")
	}
	for n, i := range places {
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		verdicts[i] = responses[n].verdict()
	}
	return verdicts
}

func (a referenceResponse) verdict() provider.Verdict {
	switch {
	case a.Error.Code != 0:
		return provider.Verdict{Err: &provider.Error{Code: referenceCodes[a.Error.Code], VendorMessage: a.Error.Message}}
	case a.ID == "":
		return provider.Verdict{Err: provider.NewError(provider.Indeterminate, "no id")}
	}
	return provider.Verdict{Receipt: &provider.Receipt{ID: string(a.ID)}}
}

type referenceState struct {
	ID       string `json:"id"`
	Ref      string `json:"ref"`
	State    string `json:"state"`
	From     string `json:"from"`
	Text     string `json:"text"`
	Amount   string `json:"amount"`
	Segments int    `json:"segments"`
}

var (
	errNoField = errors.New("the response lacks a field")
	errOther   = errors.New("the response is about another message")
)

// state reads an object that must have a field.
func (r *reference) state(ctx context.Context, method, path string, field func(referenceState) string) (referenceState, error) {
	var s referenceState
	if err := r.call(ctx, method, path, nil, &s); err != nil {
		return s, err
	}
	if field(s) == "" {
		return s, &provider.Error{Code: provider.Indeterminate, Err: errNoField}
	}
	return s, nil
}

func (r *reference) Status(ctx context.Context, id string) (*provider.Event, error) {
	s, err := r.state(ctx, http.MethodGet, "/messages/"+id, func(s referenceState) string { return s.State })
	if err != nil {
		return nil, err
	}
	if s.ID != id {
		return nil, &provider.Error{Code: provider.Indeterminate, Err: errOther}
	}
	e := s.event()
	return &e, nil
}

func (r *reference) Find(ctx context.Context, m *provider.Message, _ time.Time) (*provider.Receipt, error) {
	var list struct {
		Messages []referenceState `json:"messages"`
	}
	if err := r.call(ctx, http.MethodGet, "/messages?ref="+m.Ref, nil, &list); err != nil {
		return nil, err
	}
	if list.Messages == nil {
		return nil, &provider.Error{Code: provider.Indeterminate, Err: errNoField}
	}
	for _, s := range list.Messages {
		if s.Ref == m.Ref {
			return &provider.Receipt{ID: s.ID}, nil
		}
	}
	return nil, nil
}

func (r *reference) Cancel(ctx context.Context, id string) error {
	s, err := r.state(ctx, http.MethodDelete, "/messages/"+id, func(s referenceState) string { return s.State })
	if err == nil && s.State != "CANCELLED" {
		return provider.NewError(provider.Rejected, "it was not removed")
	}
	return err
}

func (r *reference) Balance(ctx context.Context) (*provider.Balance, error) {
	s, err := r.state(ctx, http.MethodGet, "/balance", func(s referenceState) string { return s.Amount })
	if err != nil {
		return nil, err
	}
	available, err := provider.ParseMoney(s.Amount, provider.Credits)
	return &provider.Balance{Available: available}, err
}

func (r *reference) Quote(ctx context.Context, m *provider.Message) (*provider.Quote, error) {
	s, err := r.state(ctx, http.MethodPost, "/quotes", func(s referenceState) string { return s.Amount })
	if err != nil {
		return nil, err
	}
	cost, err := provider.ParseMoney(s.Amount, "EUR")
	return &provider.Quote{Segments: s.Segments, Cost: &cost}, err
}

func (r *reference) StartVerification(ctx context.Context, _ *provider.VerificationRequest) (*provider.Receipt, error) {
	s, err := r.state(ctx, http.MethodPost, "/codes", func(s referenceState) string { return s.ID })
	return &provider.Receipt{ID: s.ID}, err
}

func (r *reference) CheckVerification(ctx context.Context, ref, code string) (provider.VerificationResult, error) {
	s, err := r.state(ctx, http.MethodGet, "/codes/"+ref+"?code="+code, func(s referenceState) string { return s.State })
	return provider.VerificationResult(s.State), err
}

func (r *reference) Inbox(ctx context.Context, cursor string) ([]provider.Event, string, error) {
	var page struct {
		Messages []referenceState `json:"messages"`
		Next     string           `json:"next"`
	}
	if err := r.call(ctx, http.MethodGet, "/inbox?after="+cursor, nil, &page); err != nil {
		return nil, "", err
	}
	if page.Next == "" {
		return nil, "", &provider.Error{Code: provider.Indeterminate, Err: errNoField}
	}
	var events []provider.Event
	for _, s := range page.Messages {
		events = append(events, s.event())
	}
	return events, page.Next, nil
}

func (r *reference) Check(ctx context.Context) error {
	_, err := r.Balance(ctx)
	return err
}

// hookKey is in the callback address.
const hookKey = "h00k-key"

func (r *reference) ParseCallback(_ context.Context, c *provider.Callback) ([]provider.Event, error) {
	if subtle.ConstantTimeCompare([]byte(c.Query.Get("key")), []byte(hookKey)) == 0 {
		return nil, provider.ErrBadSignature
	}
	var list []json.RawMessage
	if err := json.Unmarshal(c.Body, &list); err != nil {
		return nil, errors.New("not a list of reports")
	}
	events := make([]provider.Event, 0, len(list))
	for i, item := range list {
		var s referenceState
		if json.Unmarshal(item, &s) != nil || s.ID == "" {
			events = append(events, provider.UnreadableItem(item, errors.New("report "+strconv.Itoa(i+1)+" has no id")))
			continue
		}
		events = append(events, s.event())
	}
	return provider.CheckReadable(events)
}

func (s referenceState) event() provider.Event {
	if s.State == "" {
		return provider.Event{Kind: provider.Inbound, ID: s.ID, From: s.From, Text: s.Text}
	}
	e := provider.Event{Kind: provider.Report, ID: s.ID, VendorStatus: s.State, Status: provider.StatusUnknown}
	switch s.State {
	case "DELIVRD":
		e.Status, e.Final = provider.StatusDelivered, true
	case "UNDELIV":
		e.Status, e.Final = provider.StatusUndelivered, true
	}
	return e
}

// referenceCallbacks are its documented callbacks and batch responses.
func referenceExtras() map[string]string {
	const source = "# source: the reference vendor\n"
	return map[string]string{
		"calls/status.delivered.http": source + `# args: {"id":"a1"}` + "\n# request: GET /messages/a1\n" +
			`# want: {"id":"a1","status":"delivered","final":true}` + "\nHTTP/1.1 200 OK\n\n" + `{"id":"a1","state":"DELIVRD"}` + "\n",
		"calls/status.failed.http": source + `# args: {"id":"a2"}` + "\n" +
			`# want: {"id":"a2","status":"undelivered"}` + "\nHTTP/1.1 200 OK\n\n" + `{"id":"a2","state":"UNDELIV"}` + "\n",
		"calls/find.there.http": source + `# args: {"ref":"ref-9"}` + "\n" + `# want: {"id":"a9"}` + "\nHTTP/1.1 200 OK\n\n" +
			`{"messages":[{"id":"a8","ref":"ref-8"},{"id":"a9","ref":"ref-9"}]}` + "\n",
		"calls/find.absent.http": source + `# args: {"ref":"ref-9"}` + "\n# want: null\nHTTP/1.1 200 OK\n\n" + `{"messages":[]}` + "\n",
		"calls/cancel.done.http": source + `# args: {"id":"a1"}` + "\nHTTP/1.1 200 OK\n\n" + `{"state":"CANCELLED"}` + "\n",
		"calls/cancel.late.http": source + `# args: {"id":"a1"}` + "\n# error: rejected\nHTTP/1.1 200 OK\n\n" + `{"state":"SENT"}` + "\n",
		"calls/balance.http":     source + `# want: {"available":"12.34 credits"}` + "\nHTTP/1.1 200 OK\n\n" + `{"amount":"12.34"}` + "\n",
		"calls/quote.http": source + `# args: {"text":"Hello"}` + "\n" + `# want: {"segments":1,"cost":"0.05 EUR"}` +
			"\nHTTP/1.1 200 OK\n\n" + `{"amount":"0.05","segments":1}` + "\n",
		"calls/start_verification.http": source + `# args: {"ref":"v1"}` + "\n" + `# want: {"id":"v1"}` + "\nHTTP/1.1 200 OK\n\n" + `{"id":"v1"}` + "\n",
		"calls/check_verification.right.http": source + `# args: {"ref":"v1","code":"1234"}` + "\n" + `# want: {"result":"right"}` +
			"\nHTTP/1.1 200 OK\n\n" + `{"state":"right"}` + "\n",
		"calls/check_verification.wrong.http": source + `# args: {"ref":"v1","code":"1235"}` + "\n" + `# want: {"result":"wrong"}` +
			"\nHTTP/1.1 200 OK\n\n" + `{"state":"wrong"}` + "\n",
		"calls/inbox.http": source + `# event: {"kind":"inbound","id":"i1","text":"Stop"}` + "\n" + `# event: {"kind":"inbound","id":"i2","text":"Yes"}` +
			"\nHTTP/1.1 200 OK\n\n" + `{"messages":[{"id":"i1","text":"Stop"},{"id":"i2","text":"Yes"}],"next":"cursor-2"}` + "\n",
		"calls/check.http": source + "HTTP/1.1 200 OK\n\n" + `{"amount":"0"}` + "\n",
		"batch/partial.http": source + "# verdict: accepted\n# verdict: invalid_recipient\n# verdict: accepted\n" +
			"HTTP/1.1 200 OK\n\n" + `[{"id":"{{id.1}}"},{"error":{"code":1,"message":"not {{to.2}}"}},{"id":"{{id.3}}"}]` + "\n",
		"callbacks/reports.http": source + "# signature: query key\n# status_word: DELIVRD\n" +
			`# event: {"kind":"report","id":"a1","status":"delivered","final":true}` + "\n" +
			`# event: {"kind":"report","id":"a2","status":"undelivered","vendor_status":"UNDELIV"}` + "\n" +
			"POST /hook?key=" + hookKey + " HTTP/1.1\nHost: hooks.example\n\n" +
			`[{"id":"a1","state":"DELIVRD"},{"id":"a2","state":"UNDELIV"}]` + "\n",
		"callbacks/inbound.http": source + "# signature: query key\n" +
			`# event: {"kind":"inbound","id":"i1","text":"Stop","from":"+306900000002"}` + "\n" +
			"POST /hook?key=" + hookKey + " HTTP/1.1\nHost: hooks.example\n\n" +
			`[{"id":"i1","from":"+306900000002","text":"Stop"}]` + "\n",
	}
}
