package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/strict"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/numbering"
	"github.com/anysms/anysms/router/queue"
)

const (
	maxBatch     = 1000
	maxBatchBody = 8 << 20
	maxRef       = 255
	maxWait      = 30 * time.Second
)

// messageRequest is a message to send.
type messageRequest struct {
	To       string             `json:"to" doc:"the recipient, +306900000001, or in the national form of the configuration's default_region" example:"+306900000001"`
	Text     string             `json:"text"`
	From     string             `json:"from,omitempty" doc:"sender: a number, a short code or a name; default the provider's"`
	Ref      string             `json:"ref,omitempty" maxLength:"255" doc:"your own id: a message with the same ref and content is sent once"`
	Class    provider.Class     `json:"class,omitempty" enum:"otp,transactional,marketing," doc:"default transactional"`
	Tag      string             `json:"tag,omitempty" maxLength:"255" doc:"your own label, for routes and statistics"`
	Validity *provider.Duration `json:"validity,omitempty" doc:"how long the vendor may try to deliver it, such as 10m" example:"10m"`
	SendAt   *time.Time         `json:"send_at,omitempty" doc:"when to send it; default now"`
	Delivery provider.Delivery  `json:"delivery,omitempty" enum:"at_most_once,reconcile,at_least_once," doc:"what to do if an outcome is unknown; default by class"`
	Extra    map[string]string  `json:"extra,omitempty" doc:"what only one vendor understands, such as apifon.im_text"`
}

// batchItem is the verdict on one message of a batch.
type batchItem struct {
	ID       string          `json:"id,omitempty"`
	Ref      string          `json:"ref,omitempty"`
	Status   ledger.Status   `json:"status,omitempty" doc:"queued, or for a replay what has become of it"`
	Replayed bool            `json:"replayed,omitempty" doc:"it is known already; nothing was queued"`
	Error    *batchItemError `json:"error,omitempty" doc:"why it was not queued"`
}

type batchItemError struct {
	Code   string          `json:"code"`
	Detail string          `json:"detail"`
	Errors []problem.Field `json:"errors,omitempty"`
}

type batchResponse struct {
	Items []batchItem `json:"items" nullable:"false" doc:"one per message, in their order"`
}

type resolveRequest struct {
	As string `json:"as" enum:"accepted,not_sent" doc:"what is known of it now"`
}

// sending adds the calls that send messages.
func (a *API) sending() {
	id := pathParam("id", "ours, msg_…")
	key := &huma.Param{Name: "Idempotency-Key", In: "header", Description: "the ref, where the message has none", Schema: &huma.Schema{Type: huma.TypeString}}
	register[messageRequest, Message](a, operation{
		id: "sendMessage", method: http.MethodPost, path: "/v1/messages", tag: "messages", scope: settings.ScopeSend,
		summary: "Send a message",
		description: "The response comes when the message is durable: from then on it is sent, or is known not to have been, whatever crashes. " +
			"A message with a ref that is known, and the same content, is the same message; with other content it is a conflict.",
		params: []*huma.Param{key, queryParam("wait", "how long to wait for the result, at most 30s, such as 10s")},
		responses: map[int]string{
			http.StatusAccepted: "The message is queued", http.StatusOK: "With wait: the result, whatever it is",
		},
	}, a.sendMessage)
	register[[]messageRequest, batchResponse](a, operation{
		id: "sendBatch", method: http.MethodPost, path: "/v1/messages/batch", tag: "messages", scope: settings.ScopeSend,
		summary: fmt.Sprintf("Send up to %d messages", maxBatch), description: "One that is wrong spoils no other.",
		maxBody: maxBatchBody, responses: map[int]string{http.StatusMultiStatus: "A verdict on each"}, raw: true,
	}, a.sendBatch)
	register[none, Message](a, operation{
		id: "cancelMessage", method: http.MethodPost, path: "/v1/messages/{id}/cancel", tag: "messages", scope: settings.ScopeSend,
		summary: "Withdraw a message that is still queued", params: []*huma.Param{id},
		responses: ok("It will certainly not be sent"),
	}, a.cancelMessage)
	register[resolveRequest, Message](a, operation{
		id: "resolveMessage", method: http.MethodPost, path: "/v1/messages/{id}/resolve", tag: "messages", scope: settings.ScopeAdmin,
		summary: "Settle a message of unknown outcome by hand", params: []*huma.Param{id}, responses: ok("The message, settled"),
	}, a.resolveMessage)
}

func (a *API) sendMessage(c *call, in *messageRequest) (reply, error) {
	wait, p := readWait(c.query["wait"])
	if p == nil {
		p = takeKey(c, in)
	}
	if p != nil {
		return reply{}, p
	}
	m, p := a.newMessage(c, in)
	if p != nil {
		return reply{}, p
	}
	if p := takeRate(c, 1); p != nil {
		return reply{}, p
	}
	list, err := a.Queue.EnqueueAll(c.Context(), queue.Item{Message: m, Namespace: c.client.Name})
	if err == nil {
		err = list[0].Err
	}
	if err != nil {
		return reply{}, conflict(err)
	}
	return a.queued(c, m, list[0], wait)
}

// queued is the response to a message that is durable.
func (a *API) queued(c *call, m *provider.Message, e queue.Enqueued, wait time.Duration) (reply, error) {
	out := reply{status: http.StatusAccepted, header: http.Header{"Location": {"/v1/messages/" + e.ID}}}
	if e.Replayed {
		out.header.Set("Idempotency-Replayed", "true")
	}
	if wait == 0 && !e.Replayed {
		out.body = freshMessage(m, e.ID)
		return out, nil
	}
	ctx, cancel := context.WithTimeout(c.Context(), wait)
	defer cancel()
	got, err := a.Queue.Wait(ctx, e.ID)
	switch {
	case got == nil:
		return reply{}, err
	case err == nil && wait > 0:
		out.status = http.StatusOK
	}
	out.body = NewMessage(got)
	return out, nil
}

// freshMessage is a message that was queued right now.
func freshMessage(m *provider.Message, id string) Message {
	now := time.Now().UTC()
	out := Message{
		ID: id, Ref: m.Ref, Status: ledger.Queued, To: m.To.String(), From: m.From, Class: m.Class, Tag: m.Tag,
		Country: numbering.Region(m.To), CreatedAt: now, UpdatedAt: now,
	}
	if m.Class != provider.OTP {
		out.Text = m.Text
	}
	return out
}

func readWait(s string) (time.Duration, *problem.Problem) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > maxWait {
		return 0, problem.Bad(problem.Field{Pointer: "wait", Detail: "want a duration of at most 30s, such as 10s"})
	}
	return d, nil
}

// takeKey makes the Idempotency-Key the ref.
func takeKey(c *call, in *messageRequest) *problem.Problem {
	keys := c.Header.Values("Idempotency-Key")
	switch {
	case len(keys) == 0:
		return nil
	case len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxRef || !utf8.ValidString(keys[0]):
		return problem.Bad(problem.Field{Pointer: "Idempotency-Key", Detail: fmt.Sprintf("want one of at most %d characters", maxRef)})
	case in.Ref != "" && in.Ref != keys[0]:
		return problem.Bad(problem.Field{Pointer: "/ref", Detail: "differs from the Idempotency-Key; give one of them"})
	}
	in.Ref = keys[0]
	return nil
}

func takeRate(c *call, n int) *problem.Problem {
	wait, ok := c.client.Take(n)
	if ok {
		return nil
	}
	p := problem.New(http.StatusTooManyRequests, problem.RateLimited, "the key has sent as many messages as its rate_limit allows")
	p.RetryAfter = wait
	return p
}

// newMessage checks what can be checked without the router.
func (a *API) newMessage(c *call, in *messageRequest) (*provider.Message, *problem.Problem) {
	var wrong []problem.Field
	bad := func(pointer, detail string) { wrong = append(wrong, problem.Field{Pointer: pointer, Detail: detail}) }
	for _, f := range []struct{ pointer, value string }{{"/ref", in.Ref}, {"/tag", in.Tag}} {
		if utf8.RuneCountInString(f.value) > maxRef {
			bad(f.pointer, fmt.Sprintf("has more than %d characters", maxRef))
		}
	}
	oneOf := func(pointer, got string, words []string) {
		q := query{values: map[string]string{pointer: got}}
		q.oneOf(pointer, words)
		wrong = append(wrong, q.wrong...)
	}
	oneOf("/class", string(in.Class), classes)
	oneOf("/delivery", string(in.Delivery), []string{string(provider.AtMostOnce), string(provider.Reconcile), string(provider.AtLeastOnce)})
	if in.Validity != nil && *in.Validity <= 0 {
		bad("/validity", "want more than 0, such as 10m")
	}
	if len(wrong) > 0 {
		return nil, problem.Bad(wrong...)
	}
	if !c.client.MaySend(in.Class) {
		return nil, problem.New(http.StatusForbidden, problem.Forbidden, "the key may not send messages of this class")
	}
	to, _, err := numbering.Parse(in.To, a.Region())
	if err != nil {
		return nil, a.refused(err)
	}
	m := &provider.Message{
		To: to, From: in.From, Text: in.Text, Ref: in.Ref, Tag: in.Tag, Class: in.Class, Delivery: in.Delivery, Extra: in.Extra,
	}
	if m.Class == "" {
		m.Class = provider.Transactional
	}
	if in.Validity != nil {
		m.Validity = in.Validity.Std()
	}
	if in.SendAt != nil {
		m.SendAt = *in.SendAt
	}
	return m, nil
}

// refused is the problem of a message that is refused.
func (a *API) refused(err error) *problem.Problem {
	if e, ok := errors.AsType[*provider.Error](err); ok {
		return problem.OfMessage(e.Code, problem.Reason(e))
	}
	return problem.OfMessage(provider.InvalidRecipient, "not a number")
}

// conflict explains a ref that was used before; other errors stay as they are.
func conflict(err error) error {
	switch {
	case errors.Is(err, router.ErrRefReused):
		p := problem.New(http.StatusConflict, problem.Conflict, "the ref belongs to a message with other content")
		p.Errors = []problem.Field{{Pointer: "/ref", Detail: p.Detail}}
		return p
	case errors.Is(err, router.ErrInFlight):
		return problem.New(http.StatusConflict, problem.Conflict, "the message with this ref is being sent elsewhere")
	}
	return err
}

func (a *API) sendBatch(c *call, in *[]messageRequest) (reply, error) {
	if c.Header.Get("Idempotency-Key") != "" {
		return reply{}, problem.Bad(problem.Field{Pointer: "Idempotency-Key", Detail: "a batch takes none; give each message its ref"})
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(c.body, &raw); err != nil || raw == nil {
		if p := strict.Decode(c.body, in); p != nil {
			return reply{}, p
		}
		return reply{}, problem.New(http.StatusBadRequest, problem.BadRequest, "want an array of messages")
	}
	if len(raw) == 0 || len(raw) > maxBatch {
		return reply{}, problem.New(http.StatusBadRequest, problem.BadRequest, "the batch has %d messages; want 1 to %d", len(raw), maxBatch)
	}
	if p := takeRate(c, len(raw)); p != nil {
		return reply{}, p
	}
	out := batchResponse{Items: make([]batchItem, len(raw))}
	var items []queue.Item
	var places []int
	for i := range raw {
		var one messageRequest
		p := strict.Decode(raw[i], &one)
		var m *provider.Message
		if p == nil {
			m, p = a.newMessage(c, &one)
		}
		if p != nil {
			out.Items[i] = failed(one.Ref, p)
			continue
		}
		items, places = append(items, queue.Item{Message: m, Namespace: c.client.Name}), append(places, i)
	}
	verdicts, err := a.Queue.EnqueueAll(c.Context(), items...)
	if err != nil {
		return reply{}, err
	}
	for i, e := range verdicts {
		out.Items[places[i]] = a.verdict(c.Context(), items[i].Message.Ref, e)
	}
	return reply{status: http.StatusMultiStatus, body: out}, nil
}

// verdict is what became of a message of a batch.
func (a *API) verdict(ctx context.Context, ref string, e queue.Enqueued) batchItem {
	if e.Err != nil {
		return failed(ref, a.problemOf(ctx, operation{id: "sendBatch"}, conflict(e.Err)))
	}
	item := batchItem{ID: e.ID, Ref: ref, Status: ledger.Queued, Replayed: e.Replayed}
	if e.Replayed {
		if m, err := a.Ledger.Message(ctx, e.ID); err == nil {
			item.Status = m.Status
		}
	}
	return item
}

func failed(ref string, p *problem.Problem) batchItem {
	return batchItem{Ref: ref, Error: &batchItemError{p.Code, p.Detail, p.Errors}}
}

func (a *API) cancelMessage(c *call, _ *none) (reply, error) {
	m, err := a.message(c)
	if err != nil {
		return reply{}, err
	}
	done, err := a.Queue.Cancel(c.Context(), m.ID)
	if err != nil {
		return reply{}, err
	}
	if m, err = a.Ledger.Message(c.Context(), m.ID); err != nil {
		return reply{}, err
	}
	if !done {
		p := problem.New(http.StatusConflict, problem.Conflict, "the message is %s and cannot be withdrawn", strings.ReplaceAll(string(m.Status), "_", " "))
		p.Message = string(m.Status)
		return reply{}, p
	}
	return reply{status: http.StatusOK, body: NewMessage(m)}, nil
}

func (a *API) resolveMessage(c *call, in *resolveRequest) (reply, error) {
	m, err := a.message(c)
	if err != nil {
		return reply{}, err
	}
	if in.As != string(provider.OutcomeAccepted) && in.As != string(provider.OutcomeNotSent) {
		return reply{}, problem.Bad(problem.Field{Pointer: "/as", Detail: "want accepted or not_sent"})
	}
	if m.Status != ledger.Unknown {
		p := problem.New(http.StatusConflict, problem.Conflict, "the message is %s; only one of unknown outcome can be settled", m.Status)
		p.Message = string(m.Status)
		return reply{}, p
	}
	if err := a.Ledger.Resolve(c.Context(), m.ID, provider.Outcome(in.As)); err != nil {
		return reply{}, err
	}
	if m, err = a.Ledger.Message(c.Context(), m.ID); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: NewMessage(m)}, nil
}
