package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

// Every optional interface, through the bridge and without it: the answers are
// the same.
func TestEveryInterfaceCrosses(t *testing.T) {
	t.Parallel()
	settings := `{"max_batch": 10, "callback_secret": "s3cret", "price": {"amount": "0.05", "currency": "EUR"}, "balance": {"amount": "5", "currency": "EUR"}, "find_settles": "5s", "replay_for": "1h", "max_segments": 9, "max_characters": 1000}`
	direct, err := memory.Driver.Open(context.Background(), json.RawMessage(settings))
	require.NoError(t, err)
	defer provider.Close(direct)
	bridged := open(t, config(t, "memory", settings))

	require.Equal(t, direct.Capabilities(), bridged.Capabilities())
	assert.Equal(t, memory.Driver.Settings, bridged.Describe().Settings)
	assert.Equal(t, exercise(t, direct), exercise(t, bridged))
}

// exercise calls everything there is and writes down what came back.
func exercise(t *testing.T, p provider.Provider) []any {
	ctx := context.Background()
	var seen []any
	note := func(values ...any) {
		for _, v := range values {
			if err, ok := v.(error); ok {
				v = []any{err.Error(), provider.CodeOf(err), errors.Is(err, provider.ErrBadSignature), errors.Is(err, errors.ErrUnsupported)}
			}
			seen = append(seen, v)
		}
	}
	at := time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)
	m := &provider.Message{
		To: e164.MustParse("+306900000001"), From: "Example", Text: "€ {x} 🙂", Ref: "ref-1", Tag: "t", Class: provider.OTP,
		Validity: time.Hour, SendAt: at, Deadline: at.Add(time.Hour), Delivery: provider.Reconcile, Extra: map[string]string{"other.key": "v"},
	}
	r, err := p.Send(ctx, m)
	note(r, err)
	require.NoError(t, err)

	note(p.Send(ctx, &provider.Message{}))
	note(p.Send(ctx, &provider.Message{To: m.To, Text: "x", Extra: map[string]string{"memory.unknown": "v"}}))
	note(p.Send(ctx, &provider.Message{To: m.To, Text: strings.Repeat("a", 2000)}))
	note(provider.Find(ctx, p, m, time.Time{}))
	note(provider.Find(ctx, p, &provider.Message{To: m.To, Ref: "never"}, time.Time{}))
	note(provider.RequestQuote(ctx, p, m))
	note(provider.ReadBalance(ctx, p))
	note(provider.Cancel(ctx, p, r.ID), provider.Cancel(ctx, p, "never"))
	event, err := provider.ReadStatus(ctx, p, r.ID)
	require.NoError(t, err)
	event.At = time.Time{}
	note(event, err)
	note(provider.ReadStatus(ctx, p, "never"))
	note(provider.Check(ctx, p))

	batch := []*provider.Message{{To: m.To, Text: "one", Ref: "b1"}, {To: m.To}, {To: m.To, Text: "three", Ref: "b3"}}
	for _, v := range provider.SendBatch(ctx, p, batch) {
		note(v.Receipt, v.Err)
	}
	code, err := provider.StartVerification(ctx, p, &provider.VerificationRequest{To: m.To, Ref: "v1", Length: 6, Expire: time.Minute})
	require.NoError(t, err)
	note(code.ID != "")
	note(provider.CheckVerification(ctx, p, code.ID, "nonsense"))
	note(provider.CheckVerification(ctx, p, "never", "1"))

	events, next, err := provider.ReadInbox(ctx, p, "")
	note(len(events), next, err)
	note(provider.ParseCallback(ctx, p, &provider.Callback{
		Method: http.MethodPost, URL: "https://hooks.example/sms?a=%FF", Query: url.Values{"a": {"\xff"}},
		Header: http.Header{"X-Latin": {"caf\xe9"}}, Body: []byte("{}"), ReceivedAt: at,
	}))
	return seen
}

func TestContextCrosses(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		c := config(t, "odd", `{}`)
		c.Unary = unary
		p := open(t, c)
		state, err := trace.ParseTraceState("vendor=x")
		require.NoError(t, err)
		ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4, 5, 6}, TraceFlags: trace.FlagsSampled, TraceState: state,
		}))
		ctx, cancel := context.WithTimeout(httpcall.WithConnectTimeout(ctx, 1500*time.Millisecond), 10*time.Minute)
		defer cancel()
		r, err := p.Send(ctx, message("context"))
		require.NoError(t, err)
		assert.Equal(t, "10m0s 1.5s 01020300000000000000000000000000 vendor=x", r.ID)

		r, err = p.Send(context.Background(), message("context"))
		require.NoError(t, err)
		assert.Equal(t, "1m0s 0s 00000000000000000000000000000000 ", r.ID, "a call without a deadline gets one")
	})
}

func TestManyAtOnce(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		c := config(t, "memory", `{"ledger": 10000}`)
		c.Unary = unary
		p := open(t, c)
		var mu sync.Mutex
		ids := make(map[string]bool)
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				for range 20 {
					r, err := send(p, "hello")
					if !assert.NoError(t, err) {
						return
					}
					mu.Lock()
					ids[r.ID] = true
					mu.Unlock()
				}
			})
		}
		all.Wait()
		assert.Len(t, ids, 64*20, "every message was accepted once and every caller got its own receipt")
	})
}

func TestDriverMistakes(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		c := config(t, "odd", `{}`)
		c.Unary = unary
		p := open(t, c)
		_, err := send(p, "nothing")
		assert.EqualError(t, err, "indeterminate: the driver returned neither a receipt nor an error")
		assert.Equal(t, "a\uFFFDb", ask(t, p, "bytes"), "a vendor's odd bytes cost no receipt")
		var all sync.WaitGroup
		for range 20 { // together they are more than the line carries in one go
			all.Go(func() {
				_, err := send(p, "ok"+strings.Repeat("x", 1<<20-200))
				assert.NoError(t, err)
			})
		}
		all.Wait()
		r, err := send(p, "large")
		require.NoError(t, err, "a vendor's large answer costs no receipt")
		assert.Equal(t, "large", r.ID)
		assert.Empty(t, r.Raw)

		verdicts := p.SendBatch(context.Background(), []*provider.Message{message("a"), message("\xff"), message("b")})
		require.Len(t, verdicts, 3)
		assert.ErrorIs(t, verdicts[0].Err, provider.Indeterminate)
		assert.ErrorIs(t, verdicts[1].Err, provider.InvalidMessage)
		assert.ErrorIs(t, verdicts[2].Err, provider.Indeterminate)

		_, err = p.Status(context.Background(), "x")
		assert.ErrorContains(t, err, "neither a result nor an error")
		_, err = provider.ReadBalance(context.Background(), p)
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		_, err = p.Balance(context.Background())
		assert.ErrorIs(t, err, errors.ErrUnsupported, "the plugin says no to what it never announced")
	})
}

func TestRefusedBeforeTheLine(t *testing.T) {
	t.Parallel()
	p := open(t, config(t, "odd", `{}`))
	m := message("x")
	m.Ref = "\xff"
	for name, m := range map[string]*provider.Message{
		"no recipient": {Text: "x"},
		"not utf-8":    m,
		"too large":    message(strings.Repeat("x", 1<<20)),
	} {
		_, err := p.Send(context.Background(), m)
		assert.Equal(t, provider.OutcomeRefused, provider.OutcomeOf(err), name)
	}
	var large []*provider.Message
	for range 10 {
		large = append(large, message(strings.Repeat("a", 1<<20-100)))
	}
	for _, v := range p.SendBatch(context.Background(), large) {
		assert.ErrorContains(t, v.Err, "did not return one verdict for each message", "they went in several calls")
	}
	_, err := p.ParseCallback(context.Background(), &provider.Callback{Body: make([]byte, 5<<20)})
	assert.ErrorContains(t, err, "4 MiB")
}

// A plugin in which nothing is right, and one of a later version of the
// protocol.
func TestLiar(t *testing.T) {
	for name, settings := range map[string]string{"unary": `{}`, "stream": `"stream"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, config(t, "liar", settings))
			caps := p.Capabilities()
			assert.Zero(t, caps.MaxSegments)
			assert.True(t, caps.Has(provider.HasStatus), "a feature of a later version hides no other")

			for _, text := range []string{"empty", "both", "new code", "no code", "oversize"} {
				_, err := send(p, text)
				assert.ErrorIs(t, codeOf(err), provider.Indeterminate, text)
			}
			r, err := send(p, "not json")
			require.NoError(t, err)
			assert.JSONEq(t, `"<html>"`, string(r.Raw))
			assert.Zero(t, r.Segments)
			assert.Equal(t, "newer", ask(t, p, "unknown fields"))

			ctx := context.Background()
			event, err := p.Status(ctx, "x")
			require.NoError(t, err)
			assert.Equal(t, provider.StatusUnknown, event.Status)
			assert.Equal(t, provider.Indeterminate, event.Code)
			events, err := p.ParseCallback(ctx, &provider.Callback{})
			assert.Error(t, err)
			assert.Empty(t, events, "never half a batch")
			_, err = p.Balance(ctx)
			assert.Error(t, err)
			_, err = p.Quote(ctx, message("x"))
			assert.Error(t, err)
			_, err = p.CheckVerification(ctx, "r", "c")
			assert.Error(t, err)
			for _, v := range provider.SendBatch(ctx, p, []*provider.Message{message("a"), message("b")}) {
				assert.ErrorIs(t, v.Err, provider.Indeterminate)
			}
		})
	}
}

func codeOf(err error) error { return provider.CodeOf(err) }

// A stream that breaks takes what is under way with it; the next send gets
// another.
func TestStreamBreaks(t *testing.T) {
	t.Parallel()
	p := open(t, config(t, "liar", `"stream"`))
	for _, text := range []string{"end", "oversize"} {
		_, err := send(p, text)
		require.ErrorIs(t, err, provider.Indeterminate, text)
		require.Equal(t, "newer", ask(t, p, "x"))
	}
	for _, text := range []string{"unasked", "twice"} {
		require.Equal(t, "newer", ask(t, p, text))
		require.Equal(t, "newer", ask(t, p, "x"))
	}
}

func TestWithoutTLS(t *testing.T) {
	t.Parallel()
	c := config(t, "odd", `{}`)
	c.TLS = plugin.TLSOff
	if runtime.GOOS == "windows" {
		_, err := plugin.New(c)
		require.ErrorContains(t, err, "without TLS it must be a unix socket")
		return
	}
	require.Equal(t, "ok", ask(t, open(t, c), "x"))
}
