package smpp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// ear collects events.
type ear struct {
	events chan provider.Event
	mu     sync.Mutex
	refuse int
	stop   func() error
}

func (e *ear) handle(_ context.Context, events []provider.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse > 0 {
		e.refuse--
		return errors.New("the disk is full")
	}
	for _, event := range events {
		e.events <- event
	}
	return nil
}

// listen starts Listen and waits until the SMSC can deliver.
func listen(t *testing.T, server *smpptest.Server, p provider.Provider) *ear {
	t.Helper()
	e := &ear{events: make(chan provider.Event, 100)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- provider.Listen(ctx, p, e.handle) }()
	e.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { assert.NoError(t, e.stop()) })
	require.Eventually(t, func() bool { _, r, trx := server.Bound(); return r+trx > 0 }, 30*time.Second, time.Millisecond)
	return e
}

func (e *ear) next(t *testing.T) provider.Event {
	t.Helper()
	select {
	case event := <-e.events:
		return event
	case <-time.After(30 * time.Second):
		t.Fatal("no event")
		return provider.Event{}
	}
}

func TestReports(t *testing.T) {
	for _, receive := range []string{"transceiver", "receiver"} {
		t.Run(receive, func(t *testing.T) {
			server, p := open(t, func(c *smpp.Config) { c.Receive = receive })
			r, err := p.Send(t.Context(), message("Hello"))
			require.NoError(t, err)
			assert.ErrorIs(t, server.Report(r.ID, smpptest.StateDelivered), smpptest.ErrNoReceiver)

			e := listen(t, server, p)
			require.NoError(t, server.Report(r.ID, smpptest.StateDelivered))
			event := e.next(t)
			assert.WithinDuration(t, time.Now(), event.At, 2*time.Minute)
			event.At = time.Time{}
			assert.Equal(t, provider.Event{
				Kind: provider.Report, ID: r.ID, Status: provider.StatusDelivered, Final: true, VendorStatus: "DELIVRD", VendorCode: "000",
				From: "Example", To: "+306900000001",
			}, event)

			e.refuse = 1
			var refused smpptest.StatusError
			require.ErrorAs(t, server.Report(r.ID, smpptest.StateExpired), &refused)
			assert.EqualValues(t, 0x64, refused, "a temporary error")
			require.NoError(t, server.Report(r.ID, smpptest.StateExpired))
			assert.Equal(t, provider.StatusExpired, e.next(t).Status)

			_, err = p.Send(t.Context(), message("Hello"))
			require.NoError(t, err, "sends go on")
			require.NoError(t, e.stop())
			require.Eventually(t, func() bool { tx, r, trx := server.Bound(); return r+trx == 0 && tx == 1 }, 30*time.Second, time.Millisecond,
				"nobody listens any more")
			_, err = p.Send(t.Context(), message("Hello"))
			require.NoError(t, err)
		})
	}
}

func TestListenWithAWrongPassword(t *testing.T) {
	for _, receive := range []string{"transceiver", "receiver"} {
		_, p := open(t, func(c *smpp.Config) { c.Receive, c.Password = receive, "wrong" })
		for range 2 {
			err := p.Listen(within(t, 30*time.Second), func(context.Context, []provider.Event) error { return nil })
			assert.ErrorIs(t, err, provider.Unauthenticated)
		}
	}
	_, p := open(t, nil)
	require.NoError(t, p.Close())
	assert.ErrorIs(t, p.Listen(within(t, 30*time.Second), nil), provider.Unavailable)
}

func TestReportsOfSegments(t *testing.T) {
	server, p := open(t, nil)
	r, err := p.Send(t.Context(), message(strings.Repeat("0123456789", 20)))
	require.NoError(t, err)
	assert.Equal(t, "1,2", r.ID)
	e := listen(t, server, p)
	require.NoError(t, server.Report("2", smpptest.StateDelivered))
	event := e.next(t)
	assert.Equal(t, r.ID, event.ID)
	assert.Equal(t, &provider.EventSegment{Ref: r.ID, Number: 2, Of: 2, Status: provider.StatusDelivered}, event.Segment)
	assert.Equal(t, provider.StatusSent, event.Status, "there is another")
	assert.False(t, event.Final)
	require.NoError(t, server.Report("1", smpptest.StateUndeliverable))
	event = e.next(t)
	assert.Equal(t, provider.StatusUndelivered, event.Status)
	assert.True(t, event.Final)
}

func TestLateResponseSettlesDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		reply smpptest.Reply
		want  provider.Event
	}{
		"accepted":  {smpptest.Reply{}, provider.Event{ID: "1", Status: provider.StatusAccepted}},
		"throttled": {smpptest.Reply{Status: 0x58}, provider.Event{Status: provider.StatusRejected, Final: true, Code: provider.RateLimited, VendorCode: "0x0058", VendorStatus: "ESME_RTHROTTLED"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, p := open(t, nil)
			e := listen(t, server, p)
			ctx, giveUp := context.WithCancel(within(t, time.Minute))
			respond := make(chan struct{})
			c.reply.Before = func(string) { <-respond }
			server.OnSubmit(func(smpptest.Message) smpptest.Reply { giveUp(); return c.reply })
			m := message("Hello")
			m.Ref, m.Attempt = "order-1", "att_1"
			_, err := p.Send(ctx, m)
			close(respond)
			require.ErrorIs(t, err, provider.Indeterminate)
			got := e.next(t)
			got.At = time.Time{}
			c.want.Kind, c.want.Ref, c.want.Attempt = provider.Report, "order-1", "att_1"
			assert.Equal(t, c.want, got)
		})
	}
	t.Run("kept until somebody listens", func(t *testing.T) {
		t.Parallel()
		server, p := open(t, nil)
		ctx, giveUp := context.WithCancel(within(t, time.Minute))
		respond := make(chan struct{})
		server.OnSubmit(func(smpptest.Message) smpptest.Reply {
			giveUp()
			<-respond // what comes later has its response later
			return smpptest.Reply{}
		})
		_, err := p.Send(ctx, message("Hello"))
		require.ErrorIs(t, err, provider.Indeterminate)
		close(respond)
		require.NoError(t, p.Check(t.Context())) // so the first response has come; Listen would end the connection
		assert.Equal(t, "1", listen(t, server, p).next(t).ID)
	})
}

func TestInbound(t *testing.T) {
	server, p := open(t, nil)
	e := listen(t, server, p)
	from := smpptest.Delivery{From: "306900000001", FromTON: 1, To: "12345", ToTON: 3}
	deliver := func(change func(*smpptest.Delivery)) error {
		d := from
		change(&d)
		return server.Deliver(d)
	}
	for name, c := range map[string]struct {
		change func(*smpptest.Delivery)
		text   string
	}{
		"GSM-7":   {func(d *smpptest.Delivery) { d.Octets = []byte("Yes \x1b\x65 \x10") }, "Yes € Δ"},
		"IA5":     {func(d *smpptest.Delivery) { d.DataCoding, d.Octets = 1, []byte("a@b") }, "a@b"},
		"Latin-1": {func(d *smpptest.Delivery) { d.DataCoding, d.Octets = 3, []byte("caf\xe9") }, "café"},
		"UCS-2":   {func(d *smpptest.Delivery) { d.DataCoding, d.Octets = 8, []byte("\x03\x9d\x03\xb1\xd8\x3d\xde\x42") }, "Να🙂"},
		"payload": {func(d *smpptest.Delivery) {
			d.Params = []smpptest.Param{{Tag: 0x0424, Value: []byte(strings.Repeat("long ", 100))}}
		}, strings.Repeat("long ", 100)},
		"empty":                     {func(*smpptest.Delivery) {}, ""},
		"like a report":             {func(d *smpptest.Delivery) { d.Octets = []byte("id:1 stat:DELIVRD") }, "id:1 stat:DELIVRD"},
		"a header that is too long": {func(d *smpptest.Delivery) { d.ESMClass, d.Octets = 0x40, []byte("\x20abc") }, " abc"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, deliver(c.change))
			event := e.next(t)
			assert.Equal(t, provider.Inbound, event.Kind)
			assert.Equal(t, c.text, event.Text)
			assert.Equal(t, "+306900000001", event.From)
			assert.Equal(t, "12345", event.To)
		})
	}

	text := strings.Repeat("Καλημέρα ", 20)
	segments, err := segment.Split(nil, text, nil)
	require.NoError(t, err)
	require.Len(t, segments, 3)
	t.Run("segments by UDH, the last one refused once", func(t *testing.T) {
		e.refuse = 1
		for i, n := range []int{1, 0, 2, 2} {
			err := deliver(func(d *smpptest.Delivery) {
				d.ESMClass, d.DataCoding = 0x40, 8
				d.Octets, err = segments[n].AppendUserData(nil, 77)
				require.NoError(t, err)
			})
			if i == 2 {
				assert.Error(t, err)
			} else {
				assert.NoError(t, err)
			}
		}
		assert.Equal(t, text, e.next(t).Text)
	})
	t.Run("segments by SAR", func(t *testing.T) {
		for n := range segments {
			require.NoError(t, deliver(func(d *smpptest.Delivery) {
				d.DataCoding = 8
				octets, err := segments[n].AppendUserData(nil, 77)
				require.NoError(t, err)
				d.Octets = octets[6:]
				d.Params = []smpptest.Param{{Tag: 0x020C, Value: []byte{1, 2}}, {Tag: 0x020E, Value: []byte{3}}, {Tag: 0x020F, Value: []byte{byte(n + 1)}}}
			}))
		}
		assert.Equal(t, text, e.next(t).Text)
	})
}

func TestSegmentsThatStayAlone(t *testing.T) {
	server, p := open(t, nil)
	e := listen(t, server, p)
	for i := range 1001 { // one more than are kept
		require.NoError(t, server.Deliver(smpptest.Delivery{
			From: "306900000001", FromTON: 1, To: "12345", ESMClass: 0x40,
			Octets: append([]byte{6, 8, 4, byte(i >> 8), byte(i), 2, 1}, "half"...),
		}))
	}
	event := e.next(t)
	assert.Equal(t, "half", event.Text)
	assert.Equal(t, 1, event.Segment.Number)
	assert.Equal(t, 2, event.Segment.Of)
}

func TestManyReports(t *testing.T) {
	server, p := open(t, func(c *smpp.Config) { c.Binds = 2 })
	e := listen(t, server, p)
	e.events = make(chan provider.Event, 1000)
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			err := server.Deliver(smpptest.Delivery{From: "306900000001", To: "1", ESMClass: 4, Octets: fmt.Appendf(nil, "id:%d stat:DELIVRD", i)})
			for errors.Is(err, smpptest.StatusError(0x64)) { // more at once than are held
				err = server.Deliver(smpptest.Delivery{From: "306900000001", To: "1", ESMClass: 4, Octets: fmt.Appendf(nil, "id:%d stat:DELIVRD", i)})
			}
			assert.NoError(t, err)
		})
	}
	all.Wait()
	seen := make(map[string]bool)
	for range 500 {
		seen[e.next(t).ID] = true
	}
	assert.Len(t, seen, 500)
}
