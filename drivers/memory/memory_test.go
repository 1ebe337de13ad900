package memory_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var to = e164.MustParse("+306900000001")

func open(t *testing.T, settings string) *memory.Provider {
	t.Helper()
	p, err := memory.Driver.Open(t.Context(), json.RawMessage(settings))
	require.NoError(t, err)
	return p.(*memory.Provider)
}

func message(text string) *provider.Message { return &provider.Message{To: to, Text: text} }

func TestSettings(t *testing.T) {
	for name, test := range map[string]struct{ settings, wrong string }{
		"unknown feature":   {`{"features": ["teleport"]}`, `features: unknown feature "teleport"`},
		"unknown code":      {`{"code": "maybe"}`, `code: "maybe" is not a code`},
		"unknown key":       {`{"feature": []}`, "feature: unknown key"},
		"negative limit":    {`{"max_segments": -1}`, "max_segments: -1 is negative"},
		"negative span":     {`{"find_settles": "-1s"}`, "find_settles: -1s is negative"},
		"ledger":            {`{"ledger": -2}`, "ledger: -2 is below -1"},
		"negative price":    {`{"price": {"amount": "-1", "currency": "EUR"}}`, "price: -1 EUR is negative"},
		"mixed currencies":  {`{"price": {"amount": "1", "currency": "EUR"}, "balance": {"amount": "1", "currency": "USD"}}`, "want one currency"},
		"a wrong JSON type": {`{"delay": 5}`, "delay: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := memory.Driver.Open(t.Context(), json.RawMessage(test.settings))
			require.ErrorContains(t, err, test.wrong)
			var bad *provider.ConfigError
			require.ErrorAs(t, err, &bad)
		})
	}
}

func TestCapabilitiesMatchBehaviour(t *testing.T) {
	assert.Equal(t, "status,find,cancel,quote,verify,callbacks,inbox,events,check,schedule,validity,choose_sender",
		open(t, `{}`).Capabilities().Features.String())
	p := open(t, `{"features": [], "max_characters": 5}`)
	assert.Zero(t, p.Capabilities().Features)
	for name, change := range map[string]func(*provider.Message){
		"sender":        func(m *provider.Message) { m.From = "Example" },
		"schedule":      func(m *provider.Message) { m.SendAt = time.Now() },
		"validity":      func(m *provider.Message) { m.Validity = time.Minute },
		"characters":    func(m *provider.Message) { m.Text = "Καλημέρα" },
		"unknown extra": func(m *provider.Message) { m.Extra = map[string]string{"memory.x": "y"} },
	} {
		t.Run(name, func(t *testing.T) {
			m := message("ok")
			change(m)
			_, err := p.Send(t.Context(), m)
			require.ErrorIs(t, err, provider.Unsupported)
		})
	}
	_, err := open(t, `{"max_segments": 1}`).Send(t.Context(), message(strings.Repeat("x", 161)))
	require.ErrorIs(t, err, provider.Unsupported)
	_, err = provider.ReadBalance(t.Context(), p)
	require.ErrorIs(t, err, provider.Unsupported)
	assert.Zero(t, p.Attempts(), "a refusal before the vendor is not an attempt")
}

func TestLedgerKeepsTheLatest(t *testing.T) {
	p := open(t, `{"ledger": 2}`)
	var ids []string
	for _, text := range []string{"a", "b", "c"} {
		r, err := p.Send(t.Context(), &provider.Message{To: to, Text: text, Ref: "ref-" + text})
		require.NoError(t, err)
		ids = append(ids, r.ID)
	}
	entries := p.Messages()
	require.Len(t, entries, 2)
	assert.Equal(t, []string{"b", "c"}, []string{entries[0].Message.Text, entries[1].Message.Text})
	assert.Equal(t, 3, p.Accepted())
	_, err := provider.ReadStatus(t.Context(), p, ids[0])
	require.ErrorIs(t, err, provider.Rejected, "forgotten")
	for _, id := range ids[1:] {
		e, err := provider.ReadStatus(t.Context(), p, id)
		require.NoError(t, err)
		assert.Equal(t, provider.StatusAccepted, e.Status)
	}
	for _, id := range []string{"", "m", "m0", "mx", "x1", "m99"} {
		_, err := p.Status(t.Context(), id)
		require.ErrorIs(t, err, provider.Rejected, id)
	}
	r, err := provider.Find(t.Context(), p, &provider.Message{Ref: "ref-c"}, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	assert.Equal(t, ids[2], r.ID)
	r, err = provider.Find(t.Context(), p, &provider.Message{Ref: "ref-a"}, time.Time{})
	require.NoError(t, err)
	assert.Nil(t, r)
}

func TestLedgerOff(t *testing.T) {
	p := open(t, `{"ledger": -1}`)
	_, err := p.Send(t.Context(), message("x"))
	require.NoError(t, err)
	assert.Empty(t, p.Messages())
	assert.Equal(t, 1, p.Accepted())
	_, err = provider.ReadStatus(t.Context(), p, "m1")
	require.ErrorIs(t, err, provider.Unsupported)
}

func TestLedgerSharesNothing(t *testing.T) {
	p := open(t, `{}`)
	m := &provider.Message{To: to, Text: "x", Extra: map[string]string{"other.key": "1"}}
	_, err := p.Send(t.Context(), m)
	require.NoError(t, err)
	m.Extra["other.key"] = "2"
	p.Messages()[0].Message.Extra["other.key"] = "3"
	assert.Equal(t, "1", p.Messages()[0].Message.Extra["other.key"])
}

func TestLostResponse(t *testing.T) {
	p := open(t, `{"find_settles": "1s"}`)
	p.Script(memory.Answer{Err: provider.Indeterminate, Taken: true}, memory.Answer{Err: provider.Indeterminate})
	for _, ref := range []string{"taken", "lost"} {
		_, err := p.Send(t.Context(), &provider.Message{To: to, Text: "x", Ref: ref})
		require.ErrorIs(t, err, provider.Indeterminate)
	}
	require.Len(t, p.Messages(), 1)
	r, err := provider.Find(t.Context(), p, &provider.Message{Ref: "taken"}, time.Time{})
	require.NoError(t, err)
	require.NotNil(t, r)
	r, err = provider.Find(t.Context(), p, &provider.Message{Ref: "lost"}, time.Time{})
	require.NoError(t, err)
	require.Nil(t, r)
}

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, `{"replay_for": "1m"}`)
		send := func() string {
			r, err := p.Send(t.Context(), &provider.Message{To: to, Text: "x", Ref: "r"})
			require.NoError(t, err)
			return r.ID
		}
		first := send()
		assert.Equal(t, first, send())
		time.Sleep(2 * time.Minute)
		assert.NotEqual(t, first, send())
		assert.Len(t, p.Messages(), 2)
	})
}

func TestDelayHonoursContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, `{"delay": "10s"}`)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := p.Send(ctx, message("x"))
		require.ErrorIs(t, err, provider.Indeterminate)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
		_, err = p.Send(ctx, message("x"))
		require.ErrorIs(t, err, provider.Unavailable, "ended before it began")
		assert.Equal(t, 1, p.Attempts())
	})
}

func TestScheduledAndCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, `{}`)
		send := func() string {
			r, err := p.Send(t.Context(), &provider.Message{To: to, Text: "x", SendAt: time.Now().Add(time.Hour)})
			require.NoError(t, err)
			return r.ID
		}
		status := func(id string) provider.Status {
			e, err := p.Status(t.Context(), id)
			require.NoError(t, err)
			return e.Status
		}
		first, second := send(), send()
		assert.Equal(t, provider.StatusQueued, status(first))
		require.NoError(t, provider.Cancel(t.Context(), p, first))
		require.ErrorIs(t, provider.Cancel(t.Context(), p, first), provider.Rejected, "cancelled before")
		time.Sleep(2 * time.Hour)
		assert.Equal(t, provider.StatusCancelled, status(first))
		assert.Equal(t, provider.StatusAccepted, status(second))
		require.ErrorIs(t, p.Cancel(t.Context(), second), provider.Rejected, "too late")
		require.NoError(t, p.SetStatus(second, provider.StatusUndelivered, provider.InvalidRecipient))
		e, err := p.Status(t.Context(), second)
		require.NoError(t, err)
		assert.Equal(t, provider.InvalidRecipient, e.Code)
		assert.True(t, e.Final)
	})
}

func TestMoney(t *testing.T) {
	p := open(t, `{"price": {"amount": "0.05", "currency": "EUR"}, "balance": {"amount": "0.12", "currency": "EUR"}}`)
	q, err := provider.RequestQuote(t.Context(), p, message(strings.Repeat("x", 161)))
	require.NoError(t, err)
	assert.Equal(t, 2, q.Segments)
	assert.Equal(t, "0.1 EUR", q.Cost.String())
	for range 2 {
		r, err := p.Send(t.Context(), message("x"))
		require.NoError(t, err)
		assert.Equal(t, "0.05 EUR", r.Cost.String())
	}
	_, err = p.Send(t.Context(), message("x"))
	require.ErrorIs(t, err, provider.InsufficientFunds)
	b, err := provider.ReadBalance(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, "0.02 EUR", b.Available.String())
	assert.Len(t, p.Messages(), 2)
}

func TestVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, `{}`)
		r, err := provider.StartVerification(t.Context(), p, &provider.VerificationRequest{To: to, Ref: "v", Length: 4, Text: "{code} it is"})
		require.NoError(t, err)
		assert.Equal(t, "v", r.ID)
		code := p.OpenCode("v")
		require.Len(t, code, 4)
		assert.Equal(t, code+" it is", p.Messages()[0].Message.Text)
		check := func(ref, code string) provider.VerificationResult {
			v, err := provider.CheckVerification(t.Context(), p, ref, code)
			require.NoError(t, err)
			return v
		}
		assert.Equal(t, provider.VerificationWrong, check("v", "nope"))
		assert.Equal(t, provider.VerificationWrong, check("w", code))
		assert.Equal(t, provider.VerificationRight, check("v", code))
		assert.Equal(t, provider.VerificationUsed, check("v", code))
		r, err = p.StartVerification(t.Context(), &provider.VerificationRequest{To: to})
		require.NoError(t, err)
		time.Sleep(time.Hour)
		assert.Equal(t, provider.VerificationExpired, check(r.ID, p.OpenCode(r.ID)))
		_, err = p.StartVerification(t.Context(), &provider.VerificationRequest{To: to, Text: "no place"})
		require.ErrorIs(t, err, provider.InvalidMessage)
		_, err = p.StartVerification(t.Context(), &provider.VerificationRequest{To: to, Length: 99})
		require.ErrorIs(t, err, provider.Unsupported)
	})
}

func TestCallbacks(t *testing.T) {
	p := open(t, `{"callback_secret": "s3cret"}`)
	sent := []provider.Event{
		{Kind: provider.Report, ID: "m1", Status: provider.StatusDelivered},
		{Kind: provider.Report, ID: "m2", Status: "teleported"},
		{Kind: provider.Inbound, ID: "i1", From: "+306900000002", Text: "Stop"},
	}
	c, err := p.Callback(sent...)
	require.NoError(t, err)
	got, err := provider.ParseCallback(t.Context(), p, c)
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.True(t, got[0].Final)
	assert.Equal(t, provider.StatusUnknown, got[1].Status)
	assert.Equal(t, "teleported", got[1].VendorStatus)
	assert.Equal(t, "Stop", got[2].Text)
	c.Body = append(c.Body, ' ')
	_, err = p.ParseCallback(t.Context(), c)
	require.ErrorIs(t, err, provider.ErrBadSignature)

	unsigned := open(t, `{}`)
	for _, body := range []string{"", "{", `{"kind":"report"}`, `[{"kind":"x"}]`, `[1]`, "[\"\xff\"]"} {
		_, err := unsigned.ParseCallback(t.Context(), &provider.Callback{Body: []byte(body)})
		require.Error(t, err, body)
	}
}

func TestInbox(t *testing.T) {
	p := open(t, `{}`)
	p.Receive(provider.Event{Kind: provider.Inbound, ID: "a"}, provider.Event{Kind: provider.Inbound, ID: "b"})
	events, cursor, err := provider.ReadInbox(t.Context(), p, "")
	require.NoError(t, err)
	assert.Len(t, events, 2)
	p.Receive(provider.Event{Kind: provider.Inbound, ID: "c"})
	events, cursor, err = p.Inbox(t.Context(), cursor)
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, "c", events[0].ID)
	events, _, err = p.Inbox(t.Context(), cursor)
	require.NoError(t, err)
	assert.Empty(t, events)
	for _, cursor := range []string{"x", "99"} {
		_, _, err = p.Inbox(t.Context(), cursor)
		require.ErrorIs(t, err, provider.Rejected)
	}
}

func TestBatchAndParallelSends(t *testing.T) {
	p := open(t, `{"max_batch": 3}`)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			ms := []*provider.Message{message("a"), {To: to}, message("c"), message("d")}
			vs := provider.SendBatch(t.Context(), p, ms)
			assert.Len(t, vs, 4)
			assert.ErrorIs(t, vs[1].Err, provider.InvalidMessage)
		})
	}
	group.Wait()
	seen := make(map[string]bool)
	for _, e := range p.Messages() {
		assert.False(t, seen[e.ID])
		seen[e.ID] = true
	}
	assert.Len(t, seen, 24)
}

func TestClosed(t *testing.T) {
	p := open(t, `{}`)
	require.NoError(t, provider.Check(t.Context(), p))
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	_, err := p.Send(t.Context(), message("x"))
	require.ErrorIs(t, err, provider.Unavailable)
	require.ErrorIs(t, p.Check(t.Context()), provider.Unavailable)
}

func BenchmarkSend(b *testing.B) {
	for name, ledger := range map[string]int{"ledger": 0, "no ledger": -1} {
		b.Run(name, func(b *testing.B) {
			p, err := memory.New(memory.Config{Ledger: ledger})
			require.NoError(b, err)
			m := message("Your code is 123456")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Send(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestListen(t *testing.T) {
	p, err := memory.New(memory.Config{})
	require.NoError(t, err)
	p.Receive(provider.Event{ID: "1"}, provider.Event{ID: "2"})
	listen := func(refuse int) (seen []string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := provider.Listen(ctx, p, func(_ context.Context, events []provider.Event) error {
			for _, e := range events {
				seen = append(seen, e.ID)
			}
			if refuse--; refuse >= 0 {
				return errors.New("the disk is full")
			}
			switch events[len(events)-1].ID {
			case "2":
				go p.Receive(provider.Event{ID: "3"})
			case "3", "4":
				cancel()
			}
			return nil
		})
		assert.NoError(t, err)
		return seen
	}
	assert.Equal(t, []string{"1", "2", "1", "2", "3"}, listen(1), "what is refused comes again")
	p.Receive(provider.Event{ID: "4"})
	assert.Equal(t, []string{"4"}, listen(0), "a later call goes on")
}
