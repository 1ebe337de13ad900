package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// bare has a capability without its method.
type bare struct{ provider.Provider }

func (b bare) Close() error { return provider.Close(b.Provider) }

func (bare) Capabilities() provider.Capabilities {
	return provider.Capabilities{Features: provider.HasStatus}
}

// moody changes its capabilities after each send.
type moody struct {
	*reference
	sends int
}

func (m *moody) Send(ctx context.Context, msg *provider.Message) (*provider.Receipt, error) {
	m.sends++
	return m.reference.Send(ctx, msg)
}

func (m *moody) Capabilities() provider.Capabilities {
	c := m.reference.Capabilities()
	c.MaxSegments = m.sends
	return c
}

// trusting takes every failed lookup for proof of absence.
type trusting struct{ *reference }

func (t trusting) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	r, err := t.reference.Find(ctx, m, since)
	if err != nil {
		return nil, nil
	}
	return r, nil
}

// withReference makes a breaker from a wrapper of the reference driver.
func withReference[P provider.Provider](wrap func(*reference) P) breaker {
	return func(url string) (provider.Provider, error) {
		r, err := newReference(url)
		if err != nil {
			return nil, err
		}
		return wrap(r), nil
	}
}

// reshape changes messages before they are sent.
func reshape(change func(*provider.Message)) breaker {
	return alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		m = m.Clone()
		change(m)
		return right.Send(ctx, m)
	})
}

func brokenCapabilities() map[broken]breaker {
	return map[broken]breaker{
		"capabilities.bits":     withReference(func(r *reference) bare { return bare{r} }),
		"capabilities.constant": withReference(func(r *reference) *moody { return &moody{reference: r} }),
		"capabilities.limits":   rewrite(func(text string) string { return string([]rune(text)[:min(maxCharacters, len([]rune(text)))]) }),
		"capabilities.sender":   reshape(func(m *provider.Message) { m.From = "" }),
		"capabilities.schedule": reshape(func(m *provider.Message) { m.SendAt = time.Time{} }),
		"capabilities.validity": reshape(func(m *provider.Message) { m.Validity = 0 }),
		"lookups.failed":        withReference(func(r *reference) trusting { return trusting{r} }),
	}
}

// withHTTP2 uses HTTP/2 with prior knowledge.
func withHTTP2(n *naive) {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	n.client.Transport = transport
}

// closing is a provider with its own Close.
type closing struct {
	provider.Provider
	end func() error
}

func (c closing) Close() error { return c.end() }

func brokenLives() map[broken]breaker {
	return map[broken]breaker{
		"life.open-offline": func(url string) (provider.Provider, error) {
			r, err := newReference(url)
			if err == nil {
				_ = r.Check(context.Background())
			}
			return r, err
		},
		"life.open-strict": naively(asItComes),
		"life.close-twice": func(url string) (provider.Provider, error) {
			r, err := newReference(url)
			closed := false
			return closing{r, func() error {
				if closed {
					return errors.New("closed already")
				}
				closed = true
				return r.Close()
			}}, err
		},
		"life.use-after-close": naively(asItComes),
		"life.connections-closed": func(url string) (provider.Provider, error) {
			return closing{newNaive(url, asItComes), func() error { return nil }}, nil
		},
		"life.thousand-sends": naively(func(n *naive) { n.leaky = true }),
		"life.reopened": func(url string) (provider.Provider, error) {
			if conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
				go func() {
					_, _ = io.Copy(io.Discard, conn) // until the server ends
					conn.Close()
				}()
			}
			return newReference(url)
		},
		"life.no-state": func(url string) (provider.Provider, error) {
			from := ""
			return reshape(func(m *provider.Message) {
				if m.From == "" {
					m.From = from
				}
				from = m.From
			})(url)
		},
		"privacy.logs": reshape(func(m *provider.Message) { slog.Debug("send", "to", m.To.String()) }),
	}
}

// batching is the reference driver with a broken SendBatch.
type batching struct {
	*reference
	change func([]provider.Verdict) []provider.Verdict
}

func (b batching) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	return b.change(b.reference.SendBatch(ctx, ms))
}

func rebatch(change func([]provider.Verdict) []provider.Verdict) breaker {
	return withReference(func(r *reference) batching { return batching{r, change} })
}

func recodeBatch(from, to provider.Code) breaker {
	return rebatch(func(vs []provider.Verdict) []provider.Verdict {
		for i := range vs {
			if provider.CodeOf(vs[i].Err) == from {
				vs[i].Err = to
			}
		}
		return vs
	})
}

func brokenBatches() map[broken]breaker {
	return map[broken]breaker{
		"batch.partial": rebatch(func(vs []provider.Verdict) []provider.Verdict {
			if len(vs) > 2 {
				vs[0], vs[2] = vs[2], vs[0]
			}
			return vs
		}),
		"batch.same-recipient": withReference(func(r *reference) keyed { return keyed{r} }),
		"batch.doubt":          recodeBatch(provider.Indeterminate, provider.Unavailable),
		"batch.incomplete":     recodeBatch(provider.Indeterminate, provider.Rejected),
		"batch.not-sent":       recodeBatch(provider.Unavailable, provider.Indeterminate),
		"batch.invalid": rebatch(func(vs []provider.Verdict) []provider.Verdict {
			for i := range vs {
				vs[i] = vs[len(vs)-1]
			}
			return vs
		}),
	}
}

// keyed sends one message to each number, and gives its verdict to all to that
// number.
type keyed struct{ *reference }

func (k keyed) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	place := make(map[string]int)
	var different []*provider.Message
	for _, m := range ms {
		if _, known := place[m.To.String()]; !known {
			place[m.To.String()] = len(different)
			different = append(different, m)
		}
	}
	verdicts := k.reference.SendBatch(ctx, different)
	all := make([]provider.Verdict, len(ms))
	for i, m := range ms {
		all[i] = verdicts[place[m.To.String()]]
	}
	return all
}

// hooked is the reference driver with a broken ParseCallback.
type hooked struct {
	*reference
	parse func(c *provider.Callback, right *reference) ([]provider.Event, error)
}

func (h hooked) ParseCallback(_ context.Context, c *provider.Callback) ([]provider.Event, error) {
	return h.parse(c, h.reference)
}

func hook(parse func(c *provider.Callback, right *reference) ([]provider.Event, error)) breaker {
	return withReference(func(r *reference) hooked { return hooked{r, parse} })
}

// rehook changes correctly parsed events.
func rehook(change func([]provider.Event) ([]provider.Event, error)) breaker {
	return hook(func(c *provider.Callback, right *reference) ([]provider.Event, error) {
		events, err := right.ParseCallback(context.Background(), c)
		if err != nil {
			return nil, err
		}
		return change(events)
	})
}

func brokenCallbacks() map[broken]breaker {
	return map[broken]breaker{
		"callbacks.golden": rehook(func(events []provider.Event) ([]provider.Event, error) { return events[:1], nil }),
		"callbacks.forged": hook(func(c *provider.Callback, right *reference) ([]provider.Event, error) {
			c = &provider.Callback{Body: c.Body, Query: map[string][]string{"key": {hookKey}}}
			return right.ParseCallback(context.Background(), c)
		}),
		"callbacks.forged/half of the secret": secretBy(func(given string) bool { return given != "" && strings.HasPrefix(hookKey, given) }),
		"callbacks.forged/in any case":        secretBy(func(given string) bool { return strings.EqualFold(hookKey, given) }),
		"callbacks.forged/a longer secret":    secretBy(func(given string) bool { return strings.HasPrefix(given, hookKey) }),
		"callbacks.bad-item":                  hook(lenient),
		"callbacks.bad-item/holds back":       rehook(allOrNone),
		"callbacks.bad-item/not kept":         rehook(withoutRaw),
		"callbacks.unknown-status": rehook(func(events []provider.Event) ([]provider.Event, error) {
			for _, e := range events {
				if e.Status == provider.StatusUnknown {
					return nil, errors.New("unknown status")
				}
			}
			return events, nil
		}),
		"callbacks.whole-batch": hook(streamed),
		"callbacks.repeated":    forgetsNothing,
		"callbacks.empty": hook(func(c *provider.Callback, right *reference) ([]provider.Event, error) {
			_ = c.Body[0]
			return right.ParseCallback(context.Background(), c)
		}),
		"callbacks.huge": hook(func(c *provider.Callback, right *reference) ([]provider.Event, error) {
			var room [1 << 20]byte
			copy(room[:len(c.Body)], c.Body)
			return right.ParseCallback(context.Background(), c)
		}),
		"callbacks.bad-utf8": hook(func(c *provider.Callback, right *reference) ([]provider.Event, error) {
			events, err := right.ParseCallback(context.Background(), c)
			_, rest, _ := strings.Cut(string(c.Body), `"text":"`)
			if text, _, ok := strings.Cut(rest, `"`); ok && err == nil {
				events[0].Text = text
			}
			return events, err
		}),
	}
}

// secretBy compares the secret in another way.
func secretBy(same func(given string) bool) breaker {
	return hook(func(c *provider.Callback, right *reference) ([]provider.Event, error) {
		if !same(c.Query.Get("key")) {
			return nil, provider.ErrBadSignature
		}
		c = &provider.Callback{Body: c.Body, Query: map[string][]string{"key": {hookKey}}}
		return right.ParseCallback(context.Background(), c)
	})
}

// allOrNone refuses a batch with an item that cannot be read.
func allOrNone(events []provider.Event) ([]provider.Event, error) {
	for _, e := range events {
		if e.Kind == provider.Unreadable {
			return nil, errors.New(e.VendorStatus)
		}
	}
	return events, nil
}

// withoutRaw does not keep what it cannot read.
func withoutRaw(events []provider.Event) ([]provider.Event, error) {
	for i := range events {
		if events[i].Kind == provider.Unreadable {
			events[i].Raw = nil
		}
	}
	return events, nil
}

// lenient leaves out items that it cannot read.
func lenient(c *provider.Callback, _ *reference) ([]provider.Event, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(c.Body, &items); err != nil {
		return nil, err
	}
	var events []provider.Event
	for _, item := range items {
		var s referenceState
		if json.Unmarshal(item, &s) == nil {
			events = append(events, s.event())
		}
	}
	return events, nil
}

// streamed returns the events read so far if the rest is invalid.
func streamed(c *provider.Callback, _ *reference) ([]provider.Event, error) {
	decoder := json.NewDecoder(bytes.NewReader(c.Body))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var events []provider.Event
	for decoder.More() {
		var s referenceState
		if decoder.Decode(&s) != nil {
			break
		}
		events = append(events, s.event())
	}
	return events, nil
}

// forgetsNothing drops events that it has seen before.
func forgetsNothing(url string) (provider.Provider, error) {
	var mu sync.Mutex
	seen := make(map[string]bool)
	return rehook(func(events []provider.Event) ([]provider.Event, error) {
		mu.Lock()
		defer mu.Unlock()
		var fresh []provider.Event
		for _, e := range events {
			if !seen[e.ID] {
				fresh = append(fresh, e)
			}
			seen[e.ID] = true
		}
		return fresh, nil
	})(url)
}
