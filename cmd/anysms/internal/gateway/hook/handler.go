package hook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

const (
	maxBody     = 1 << 20
	maxAnswer   = 3 * time.Second // from the call to the response
	margin      = 300 * time.Millisecond
	readTimeout = 5 * time.Second
	maxReading  = 128 // bodies held at once before their caller is known
)

// Result is what became of a message so far.
type Result struct {
	ID     string
	Status ledger.Status
	Code   provider.Code // why it was not accepted; "" = it was, or is under way
	Reason string        // digits are masked
}

// Submit hands a message over and returns when it is durable and, after that, its
// result has come or wait has passed. Refs are unique to the hook. The same ref again
// is the same message, unless that was refused or not sent. The error is a
// [*provider.Error] for a message that is refused at once, [ErrConflict] for a ref that
// another content has, and anything else if the message could not be made durable.
type Submit func(ctx context.Context, hook string, m *provider.Message, wait time.Duration) (Result, error)

// Find returns when the message of a hook with a ref was created.
type Find func(ctx context.Context, hook, ref string) (created time.Time, found bool, err error)

// ErrConflict means that the ref belongs to a message with another content.
var ErrConflict = errors.New("hook: the ref belongs to another message")

// Options configure a handler. Submit and Find are needed.
type Options struct {
	Submit        Submit
	Find          Find
	DefaultRegion string           // for numbers without a calling code; "" = none
	Now           func() time.Time // nil = time.Now
	Log           *slog.Logger     // nil = silent. It gets no number, no text and no secret
}

// Counts are what a hook has seen.
type Counts struct {
	Messages   int64 // handed over
	Refused    int64 // messages that will not be sent
	Failed     int64 // messages that the caller was told to try again
	Forged     int64 // calls with a wrong signature or token
	Unreadable int64 // calls that nothing could be made of
}

// Handler takes calls at /NAME. It is safe for concurrent use.
type Handler struct {
	options   Options
	endpoints map[string]*endpoint
	reading   chan struct{}
}

// New returns a handler of hooks. A wrong configuration is a [*provider.ConfigError],
// as [Check] returns it.
func New(o Options, hooks ...Config) (*Handler, error) {
	if err := Check(hooks); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{options: o, endpoints: make(map[string]*endpoint, len(hooks)), reading: make(chan struct{}, maxReading)}
	for i := range hooks {
		e, err := newEndpoint(&hooks[i])
		if err != nil {
			return nil, err
		}
		h.endpoints[hooks[i].Name] = e
	}
	return h, nil
}

// Counts returns what each hook has seen so far, by name.
func (h *Handler) Counts() map[string]Counts {
	all := make(map[string]Counts, len(h.endpoints))
	for name, e := range h.endpoints {
		all[name] = Counts{e.messages.Load(), e.refused.Load(), e.failed.Load(), e.forged.Load(), e.unreadable.Load()}
	}
	return all
}

// ServeHTTP takes a call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.options.Now()
	e := h.endpoints[strings.TrimPrefix(r.URL.Path, "/")]
	if e == nil {
		problemReply.write(w, verdict{status: http.StatusNotFound, code: "not_found", detail: "there is no such hook"})
		return
	}
	body, bad := h.read(w, r, e, start)
	if bad != nil {
		e.preset.reply.write(w, *bad)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxAnswer-margin/2)
	defer cancel()
	messages, err := h.messagesOf(ctx, e, r.Header, body)
	if err != nil {
		h.options.Log.Warn("a hook's call was not taken", "hook", e.config.Name, "preset", e.preset.name, "error", provider.Mask(err.Error()))
		e.preset.reply.write(w, e.refusal(err))
		return
	}
	v := combine(h.submit(ctx, e, messages, start))
	h.options.Log.Info("a hook was called", "hook", e.config.Name, "preset", e.preset.name,
		"messages", len(messages), "http_status", v.status, "code", v.code)
	e.preset.reply.write(w, v)
}

// read returns the body of a call whose caller is authentic, or what is wrong.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, e *endpoint, now time.Time) ([]byte, *verdict) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, &verdict{status: http.StatusMethodNotAllowed, code: badRequest, detail: "want POST"}
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if encoding := r.Header.Get("Content-Encoding"); err != nil || kind != "application/json" || encoding != "" && encoding != "identity" {
		return nil, &verdict{status: http.StatusUnsupportedMediaType, code: badRequest, detail: "want Content-Type: application/json, not compressed"}
	}
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	default:
		return nil, &verdict{status: http.StatusServiceUnavailable, code: string(provider.Unavailable), detail: "too many calls at once", later: true}
	}
	// A writer that has no deadlines is a test's.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, &verdict{status: http.StatusRequestEntityTooLarge, code: "too_large", detail: "the body has more than 1 MiB"}
	}
	if err != nil {
		return nil, &verdict{status: http.StatusBadRequest, code: badRequest, detail: "the body could not be read"}
	}
	if !e.authentic(r.Header, body, now) {
		e.forged.Add(1)
		return nil, &verdict{status: http.StatusUnauthorized, code: "unauthenticated", detail: "the token or signature is wrong, or too old"}
	}
	return body, nil
}

// submit hands the messages over side by side: together they have the time of one.
func (h *Handler) submit(ctx context.Context, e *endpoint, messages []*provider.Message, start time.Time) []verdict {
	list := make([]verdict, len(messages))
	var all sync.WaitGroup
	for i, m := range messages {
		all.Go(func() {
			wait := max(0, maxAnswer-margin-h.options.Now().Sub(start))
			result, err := h.options.Submit(ctx, e.config.Name, m, wait)
			list[i] = e.judge(m.Ref, result, err)
		})
	}
	all.Wait()
	return list
}
