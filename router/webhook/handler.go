package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// Defaults of [Options].
const (
	DefaultMaxBody = 1 << 20
	DefaultTimeout = 15 * time.Second
)

// maxInFlight bounds the callbacks that are held in memory.
const maxInFlight = 1024

// Options configure a handler. The zero value of every field is its default.
type Options struct {
	// PublicURL is what precedes /NAME/TOKEN in the URL that vendors call. Drivers
	// whose vendor signs the URL need it. "" = made from the request's host.
	PublicURL string
	// TrustedProxies are the proxies whose X-Forwarded-For header is trusted; nil = none.
	TrustedProxies []netip.Prefix
	MaxBody        int64         // bytes; default 1 MiB
	Timeout        time.Duration // for reading and recording a callback; default 15s
	// Observe is called with the events after they have been recorded, such as
	// router.Observe.
	Observe func(ctx context.Context, name string, events ...provider.Event) error
	Log     *slog.Logger // nil = silent. It gets no number, no text and no secret
}

// Counts are the counters of a handler.
type Counts struct {
	Received   int64 // acknowledged
	Events     int64 // in these
	Forged     int64 // with a wrong token, signature or address
	Refused    int64 // of the wrong method, too large, or cut off
	Unreadable int64 // callbacks, and items of batches, that were kept raw and acknowledged
	Failed     int64 // not recorded; the vendor was told to repeat them
}

// Handler serves callbacks at /NAME/TOKEN. It is safe for concurrent use.
type Handler struct {
	ledger    *ledger.Ledger
	options   Options
	endpoints map[string]*endpoint
	slots     chan struct{}

	received, events, forged, refused, unreadable, failed atomic.Int64
}

// New returns a handler.
func New(l *ledger.Ledger, o Options, endpoints ...Endpoint) (*Handler, error) {
	h := &Handler{ledger: l, options: o, endpoints: make(map[string]*endpoint), slots: make(chan struct{}, maxInFlight)}
	h.options.MaxBody = cmp.Or(o.MaxBody, DefaultMaxBody)
	h.options.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	if o.Log == nil {
		h.options.Log = slog.New(slog.DiscardHandler)
	}
	for _, e := range endpoints {
		if h.endpoints[e.Name] != nil {
			return nil, fmt.Errorf("webhook: endpoint %q: duplicate name", e.Name)
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("webhook: endpoint %q: %w", e.Name, err)
		}
		h.endpoints[e.Name] = &endpoint{Endpoint: e}
	}
	return h, nil
}

// Counts returns the counters.
func (h *Handler) Counts() Counts {
	return Counts{
		Received: h.received.Load(), Events: h.events.Load(), Forged: h.forged.Load(), Refused: h.refused.Load(),
		Unreadable: h.unreadable.Load(), Failed: h.failed.Load(),
	}
}

// ServeHTTP serves a callback. An error response has a status and nothing else.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		h.later(w, &h.failed)
		return
	}
	name, token, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	e := h.endpoints[name]
	from := ClientAddr(r, h.options.TrustedProxies)
	ctx, cancel := context.WithTimeout(r.Context(), h.options.Timeout)
	defer cancel()
	if e == nil || !e.allows(from) {
		h.noteAddress(e, from)
		h.refuse(w, http.StatusUnauthorized, &h.forged)
		return
	}
	switch known, err := e.knows(ctx, h.ledger, token); {
	case err != nil:
		h.fail(w, e, err)
		return
	case !known:
		h.refuse(w, http.StatusUnauthorized, &h.forged)
		return
	}
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		h.refuse(w, http.StatusMethodNotAllowed, &h.refused)
		return
	}
	body, status := h.read(w, r)
	if status != 0 {
		h.refuse(w, status, &h.refused)
		return
	}
	h.take(ctx, w, e, h.callback(r, name, token, body, from))
}

// read reads the body; status says what is wrong with it, 0 = nothing.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (body []byte, status int) {
	if c := r.Header.Get("Content-Encoding"); c != "" && c != "identity" {
		return nil, http.StatusUnsupportedMediaType
	}
	// A vendor that sends slowly must not hold the connection for ever. A writer that
	// has no deadlines is a test's.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.options.Timeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.options.MaxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return body, 0
}

// callback is the request as data.
func (h *Handler) callback(r *http.Request, name, token string, body []byte, from netip.Addr) *provider.Callback {
	url := h.options.PublicURL
	if url == "" {
		url = "https://" + r.Host + r.URL.EscapedPath()
	} else {
		url = URL(url, name, token)
	}
	if r.URL.RawQuery != "" {
		url += "?" + r.URL.RawQuery
	}
	c := &provider.Callback{
		Method: r.Method, URL: url, Query: r.URL.Query(), Header: r.Header.Clone(), Body: body, ReceivedAt: time.Now(),
	}
	if from.IsValid() {
		c.RemoteIP = from.String()
	}
	return c
}

// take records a callback, then acknowledges it.
func (h *Handler) take(ctx context.Context, w http.ResponseWriter, e *endpoint, c *provider.Callback) {
	events, err := parse(ctx, e.Provider, c)
	if errors.Is(err, provider.ErrBadSignature) {
		h.refuse(w, http.StatusUnauthorized, &h.forged)
		return
	}
	if err != nil { // it is kept, and must not be repeated for ever
		events = []provider.Event{provider.UnreadableItem(rawOf(c), err)}
	}
	if _, err := h.ledger.Record(ctx, e.Name, events...); err != nil {
		h.fail(w, e, err)
		return
	}
	events = h.readable(e, events)
	h.received.Add(1)
	h.events.Add(int64(len(events)))
	if h.options.Observe != nil && len(events) > 0 {
		if err := h.options.Observe(ctx, e.Name, events...); err != nil {
			h.options.Log.Warn("events could not be observed", "provider", e.Name, "error", provider.Mask(err.Error()))
		}
	}
	e.Acknowledge.write(w)
}

// readable returns the events without the items that could not be read, which it counts.
func (h *Handler) readable(e *endpoint, events []provider.Event) []provider.Event {
	var rest []provider.Event
	for i := range events {
		if events[i].Kind != provider.Unreadable {
			rest = append(rest, events[i])
			continue
		}
		h.unreadable.Add(1)
		h.options.Log.Warn("a callback could not be read, and was kept", "provider", e.Name,
			"bytes", len(events[i].Raw), "error", provider.Mask(events[i].VendorStatus))
	}
	return rest
}

// rawOf is what is kept of a callback that could not be read.
func rawOf(c *provider.Callback) []byte {
	if len(c.Body) > 0 {
		return c.Body
	}
	query := maps.Clone(c.Query)
	for name := range query { // drivers take their callback_secret from one of these
		switch strings.ToLower(name) {
		case "key", "secret", "token", "password", "signature":
			query[name] = []string{"hidden"}
		}
	}
	return []byte(query.Encode())
}

// parse lets the driver read a callback. A driver that panics has not read it.
func parse(ctx context.Context, p provider.Provider, c *provider.Callback) (events []provider.Event, err error) {
	defer func() {
		if recover() != nil {
			events, err = nil, errors.New("the driver panicked")
		}
	}()
	return provider.ParseCallback(ctx, p, c)
}

// noteAddress logs the first address that an endpoint does not allow: it may be the
// vendor's, or a proxy's that is not trusted. The others are counted.
func (h *Handler) noteAddress(e *endpoint, from netip.Addr) {
	if e == nil {
		return
	}
	e.noted.Do(func() {
		h.options.Log.Warn("a callback came from an address that is not allowed; others like it are only counted",
			"provider", e.Name, "address", from)
	})
}

func (h *Handler) fail(w http.ResponseWriter, e *endpoint, err error) {
	h.options.Log.Error("a callback could not be recorded", "provider", e.Name, "error", provider.Mask(err.Error()))
	h.later(w, &h.failed)
}

// later asks the vendor to repeat the callback.
func (h *Handler) later(w http.ResponseWriter, counter *atomic.Int64) {
	w.Header().Set("Retry-After", "30")
	h.refuse(w, http.StatusServiceUnavailable, counter)
}

func (h *Handler) refuse(w http.ResponseWriter, status int, counter *atomic.Int64) {
	counter.Add(1)
	http.Error(w, http.StatusText(status), status)
}
