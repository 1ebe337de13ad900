package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// pair is one vendor spoken to by a recipe and by a driver written in Go, each
// with a fake of its own, so that both see the same.
type pair struct {
	p      [2]provider.Provider
	fail   [2]func(status int, body string)
	mode   [2]func(httpcalltest.Mode) error
	ledger [2]func() any
}

// both runs a step on each side and compares what comes of it.
func (p *pair) both(t *testing.T, what string, step func(side int) any) {
	t.Helper()
	a, b := step(0), step(1)
	assert.Equal(t, a, b, what)
}

// verdict is what callers see of a send.
type verdict struct {
	ID, Cost, Code, VendorCode string
	Segments                   int
}

func verdictOf(r *provider.Receipt, err error) verdict {
	if err != nil {
		v := verdict{Code: string(provider.CodeOf(err))}
		if e, ok := errors.AsType[*provider.Error](err); ok {
			v.VendorCode = e.VendorCode
		}
		return v
	}
	if r == nil {
		return verdict{Code: "nothing"}
	}
	v := verdict{ID: r.ID, Segments: r.Segments}
	if r.Cost != nil {
		v.Cost = r.Cost.String()
	}
	return v
}

func eventOf(e *provider.Event, err error) any {
	if err != nil {
		return verdictOf(nil, err)
	}
	plain := *e
	plain.Raw = nil
	if len(plain.Extra) == 0 {
		plain.Extra = nil
	}
	return plain
}

func eventsOf(events []provider.Event, err error) any {
	if err != nil {
		return errors.Is(err, provider.ErrBadSignature)
	}
	list := make([]any, len(events))
	for i := range events {
		list[i] = eventOf(&events[i], nil)
	}
	return list
}

// replies are answers, right and wrong, to whatever is asked.
var replies = []struct {
	status int
	body   string
}{
	{200, ``}, {200, `{}`}, {200, `null`}, {200, `[]`}, {200, `<html></html>`}, {200, `{"messageId":true}`},
	{200, `{"messageId":"5b37661a0000000000000001","error":"Invalid mobile number"}`}, {200, `{"messageId":null,"error":"Invalid mobile number"}`},
	{200, `{"messageId":null,"error":"out of credits"}`}, {200, `{"messageId":null,"error":"opt-out"}`}, {200, `{"messageId":null,"error":"mystery"}`},
	{200, `{"code":2,"message":"Invalid mobile number"}`}, {200, `{"code":1,"message":"general"}`}, {201, `{"messageId":12345}`},
	{400, `{"status":"BAD_REQUEST","code":2,"message":"Invalid mobile number"}`}, {400, `{"code":3,"message":"Message empty"}`},
	{400, `{"code":7,"message":"not enough credit"}`}, {500, `{"code":1,"message":"not enough credit"}`}, {500, `{"code":2,"message":"Invalid mobile number"}`},
	{402, ``}, {402, `{"errors":[{"type":"insufficient_credit","title":"x"}]}`}, {402, `{"errors":[{"type":"mystery","title":"x"}]}`},
	{402, `{"errors":[{"type":"invalid_msisdn","title":"x"}]}`}, {402, `{"errors":[{"type":"body_too_long","title":"x"}]}`},
	{200, `{"errors":[{"type":"mystery","title":"x"}]}`}, {200, `{"errors":[{"type":"credit","title":"x"}]}`}, {500, `{"errors":[{"type":"credit","title":"x"}]}`},
	{200, `{"message":{"id":"ch_1","state":"error","to":"+27820000001"}}`}, {200, `{"message":{"state":"sent"}}`}, {404, `{"errors":[{"type":"not_found","title":"x"}]}`},
	{401, ``}, {403, ``}, {404, ``}, {408, ``}, {409, ``}, {413, ``}, {422, ``}, {429, ``}, {500, ``}, {502, `<html></html>`}, {503, ``}, {504, ``},
}

func (p *pair) sends(t *testing.T) {
	to := e164.MustParse("+27820000001")
	messages := map[string]*provider.Message{
		"plain":     {To: to, Text: "Hello", Ref: "r-1"},
		"tag":       {To: to, Text: "Héllo €", Tag: "spring"},
		"sender":    {To: to, Text: "Hello", From: "Example"},
		"validity":  {To: to, Text: "Hello", Validity: time.Hour},
		"later":     {To: to, Text: "Hello", SendAt: time.Date(2060, 1, 31, 18, 54, 30, 0, time.UTC)},
		"long":      {To: to, Text: longText(161)},
		"empty":     {To: to},
		"extra":     {To: to, Text: "Hello", Extra: map[string]string{"zoomconnect.campaign": "summer"}},
		"bad extra": {To: to, Text: "Hello", Extra: map[string]string{"zoomconnect.x": "1", "phonify.x": "1"}},
	}
	for name, m := range messages {
		p.both(t, "send "+name, func(side int) any { return verdictOf(p.p[side].Send(t.Context(), m)) })
	}
	for _, r := range replies {
		p.both(t, "send, answered "+http.StatusText(r.status)+" "+r.body, func(side int) any {
			p.fail[side](r.status, r.body)
			return verdictOf(p.p[side].Send(t.Context(), messages["plain"]))
		})
	}
	for _, m := range []httpcalltest.Mode{httpcalltest.Down, httpcalltest.Drop, httpcalltest.Up} {
		p.both(t, "send while "+m.String(), func(side int) any {
			require.NoError(t, p.mode[side](m))
			return verdictOf(p.p[side].Send(t.Context(), messages["plain"]))
		})
	}
	p.both(t, "ledger", func(side int) any { return p.ledger[side]() })
	p.both(t, "check", func(side int) any { return verdictOf(nil, provider.Check(t.Context(), p.p[side])) })
}

func longText(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}

func recipeFor(t *testing.T, name, url string, values map[string]provider.Secret) provider.Provider {
	p, err := rest.New(rest.Config{Recipe: name, Values: values, Config: httpcall.Config{BaseURL: url}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func TestZoomConnectBesideTheDriver(t *testing.T) {
	now := func() time.Time { return time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC) }
	p := &pair{}
	var servers [2]*zoomconnecttest.Server
	for side := range 2 {
		s := zoomconnecttest.NewServer(zoomconnecttest.Options{Now: now})
		t.Cleanup(s.Close)
		servers[side] = s
		p.fail[side], p.mode[side] = s.Fail, s.SetMode
		p.ledger[side] = func() any { return s.Messages() }
	}
	p.p[0] = recipeFor(t, "zoomconnect", servers[0].URL, map[string]provider.Secret{"email": zoomconnecttest.Email, "token": zoomconnecttest.Token})
	driver, err := zoomconnect.New(zoomconnect.Config{Email: zoomconnecttest.Email, Token: zoomconnecttest.Token, Config: httpcall.Config{BaseURL: servers[1].URL}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, driver.Close()) })
	p.p[1] = driver

	p.both(t, "capabilities", func(side int) any { return p.p[side].Capabilities() })
	p.sends(t)
	ctx := t.Context()
	to := e164.MustParse("+27820000001")
	first := servers[0].Messages()[0]
	for _, word := range []string{"SENT", "DELIVERED", "FAILED", "FAILED_REFUNDED", "FAILED_OPTOUT", "SCHEDULED", "UNKNOWN", "NEW"} {
		p.both(t, "status "+word, func(side int) any {
			servers[side].SetStatus(first.ID, word)
			return eventOf(provider.ReadStatus(ctx, p.p[side], first.ID))
		})
	}
	p.both(t, "status of nothing", func(side int) any { return eventOf(provider.ReadStatus(ctx, p.p[side], "999999")) })
	for _, ref := range []string{"r-1", "r-none", ""} {
		p.both(t, "find "+ref, func(side int) any {
			return verdictOf(provider.Find(ctx, p.p[side], &provider.Message{To: to, Text: "Hello", Ref: ref}, now().Add(-time.Hour)))
		})
	}
	p.both(t, "balance", func(side int) any {
		b, err := provider.ReadBalance(ctx, p.p[side])
		require.NoError(t, err)
		return b.Available
	})
	p.both(t, "quote", func(side int) any {
		q, err := provider.RequestQuote(ctx, p.p[side], &provider.Message{To: to, Text: "Γεια"})
		require.NoError(t, err)
		return q
	})
	p.both(t, "batch", func(side int) any {
		return batchOf(ctx, p.p[side], []*provider.Message{
			{To: to, Text: "One", Ref: "b-1"}, {To: to, Text: "Two", From: "Example"}, {To: e164.MustParse("+27820000002"), Text: "Three"},
		})
	})
	for _, r := range replies {
		p.both(t, "batch, answered "+r.body, func(side int) any {
			p.fail[side](r.status, r.body)
			return batchOf(ctx, p.p[side], []*provider.Message{{To: to, Text: "One"}, {To: to, Text: "Two"}})
		})
	}
	p.both(t, "inbox", func(side int) any {
		servers[side].Receive("+27820000001", "27980000000", "Reply", first.ID)
		events, next, err := provider.ReadInbox(ctx, p.p[side], "")
		require.NoError(t, err)
		again, _, err := provider.ReadInbox(ctx, p.p[side], next)
		require.NoError(t, err)
		return []any{eventsOf(events, nil), eventsOf(again, nil)}
	})
	for _, q := range []string{
		"status=DELIVERED&messageId=1&dataField=r-1&campaign=c&nonce=n&nonce-date=20300130131940&checksum=x",
		"status=NEW&messageId=1", "status=SENT&dataField=r-1", "status=SENT", "from=%2B27820000001&to=27980000000&message=Hi&messageId=7&date=203001302136&repliedToMessageId=1",
		"from=+27820000001&message=Hi&messageId=7", "what=1", "",
	} {
		values, err := url.ParseQuery(q)
		require.NoError(t, err)
		p.both(t, "callback "+q, func(side int) any {
			return eventsOf(provider.ParseCallback(ctx, p.p[side], &provider.Callback{Method: "POST", Query: values}))
		})
		p.both(t, "callback as a form "+q, func(side int) any {
			return eventsOf(provider.ParseCallback(ctx, p.p[side], &provider.Callback{Method: "POST", Body: []byte(q), Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}))
		})
	}
}

func batchOf(ctx context.Context, p provider.Provider, ms []*provider.Message) []verdict {
	var all []verdict
	for _, v := range provider.SendBatch(ctx, p, ms) {
		all = append(all, verdictOf(v.Receipt, v.Err))
	}
	return all
}

func TestPhonifyBesideTheDriver(t *testing.T) {
	now := func() time.Time { return time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC) }
	p := &pair{}
	var servers [2]*phonifytest.Server
	for side := range 2 {
		s := phonifytest.NewServer(phonifytest.Options{Now: now})
		t.Cleanup(s.Close)
		servers[side] = s
		p.fail[side], p.mode[side] = s.Fail, s.SetMode
		p.ledger[side] = func() any { return s.Messages() }
	}
	p.p[0] = recipeFor(t, "phonify", servers[0].URL, map[string]provider.Secret{"api_key": phonifytest.APIKey})
	driver, err := phonify.New(phonify.Config{APIKey: phonifytest.APIKey, Config: httpcall.Config{BaseURL: servers[1].URL}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, driver.Close()) })
	p.p[1] = driver

	p.both(t, "capabilities", func(side int) any { return p.p[side].Capabilities() })
	for _, shape := range []phonifytest.Shape{phonifytest.Wrapped, phonifytest.Collection, phonifytest.Array} {
		servers[0].SetShape(shape)
		servers[1].SetShape(shape)
		p.sends(t)
	}
	first := servers[0].Messages()[0]
	for _, state := range []string{"unconfirmed", "sent", "error", "new"} {
		p.both(t, "status "+state, func(side int) any {
			servers[side].SetState(first.ID, state)
			return eventOf(provider.ReadStatus(t.Context(), p.p[side], first.ID))
		})
	}
	p.both(t, "status of nothing", func(side int) any { return eventOf(provider.ReadStatus(t.Context(), p.p[side], "ch_none")) })
}
