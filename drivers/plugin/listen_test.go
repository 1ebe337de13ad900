package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
)

// listening starts Listen and returns its events, each of which waits for a
// verdict, and its result.
func listening(t *testing.T, p provider.Provider) (events <-chan provider.Event, verdicts chan<- error, result <-chan error, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	came, judged, ended := make(chan provider.Event), make(chan error), make(chan error, 1)
	go func() {
		ended <- provider.Listen(ctx, p, func(ctx context.Context, es []provider.Event) error {
			select {
			case came <- es[0]:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case err := <-judged:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	t.Cleanup(cancel)
	return came, judged, ended, cancel
}

// receive takes a value from a channel, or fails if none comes.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience.Std()):
		require.Fail(t, "nothing came")
		panic("not reached")
	}
}

func give[T any](t *testing.T, to chan<- T, v T) {
	t.Helper()
	select {
	case to <- v:
	case <-time.After(patience.Std()):
		require.Fail(t, "nobody took it")
	}
}

func TestEventsCross(t *testing.T) {
	p := open(t, config(t, "odd", `{}`))
	require.True(t, p.Capabilities().Has(provider.HasEvents))
	pid := pidOf(t, p)
	events, verdicts, result, stop := listening(t, p)

	want := provider.Event{Kind: provider.Report, ID: strconv.Itoa(pid), Status: provider.StatusDelivered, Raw: json.RawMessage(`{}`)}
	assert.Equal(t, want, receive(t, events))
	give(t, verdicts, errors.New("the disk is full"))
	assert.Equal(t, want, <-events, "refused, so it is repeated")
	give(t, verdicts, nil)

	assert.ErrorContains(t, provider.Listen(t.Context(), p, nil), "in progress", "one at a time may listen")
	stop()
	assert.NoError(t, receive(t, result))
}

func TestListeningOutlivesTheProcess(t *testing.T) {
	p := open(t, config(t, "odd", `{}`))
	pid := pidOf(t, p)
	events, verdicts, _, _ := listening(t, p)
	assert.Equal(t, strconv.Itoa(pid), (receive(t, events)).ID)
	kill(t, pid)
	next := again(t, p, pid)
	select { // the first event's handler ended with its process, or still waits for its verdict
	case verdicts <- nil:
		assert.Equal(t, strconv.Itoa(next), (receive(t, events)).ID)
	case e := <-events:
		assert.Equal(t, strconv.Itoa(next), e.ID)
	}
}

func TestListeningEnds(t *testing.T) {
	t.Run("with the provider", func(t *testing.T) {
		p := open(t, config(t, "odd", `{}`))
		events, verdicts, result, _ := listening(t, p)
		receive(t, events)
		give(t, verdicts, nil)
		require.NoError(t, p.Close())
		assert.ErrorContains(t, receive(t, result), "closed")
	})
	for banner, code := range map[string]provider.Code{
		"listening fails":  provider.Unauthenticated,
		"listening panics": provider.Indeterminate,
	} {
		t.Run(banner, func(t *testing.T) {
			p := open(t, config(t, "odd", `{"banner": "`+banner+`"}`))
			events, verdicts, result, _ := listening(t, p)
			receive(t, events)
			give(t, verdicts, nil)
			assert.ErrorIs(t, receive(t, result), code)
		})
	}
}

// A driver whose vendor pushes over a connection, in another process.
func TestSMPPCrosses(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{})
	defer server.Close()
	p := open(t, config(t, "smpp", `{"address": "`+server.Address()+`", "system_id": "esme", "password": "secret"}`))
	events, verdicts, result, stop := listening(t, p)
	require.Eventually(t, func() bool { _, _, trx := server.Bound(); return trx == 1 }, time.Minute, time.Millisecond)

	r, err := send(p, "Καλημέρα")
	require.NoError(t, err)
	assert.Equal(t, "Καλημέρα", server.Messages()[0].Text)
	reported := make(chan error, 1)
	go func() { reported <- server.Report(r.ID, smpptest.StateDelivered) }()
	event := receive(t, events)
	assert.Equal(t, r.ID, event.ID)
	assert.Equal(t, provider.StatusDelivered, event.Status)
	select {
	case err := <-reported:
		require.Fail(t, "acknowledged before the host has recorded it", "%v", err)
	default:
	}
	give(t, verdicts, errors.New("the disk is full"))
	assert.Error(t, receive(t, reported), "so the SMSC repeats it")
	stop()
	assert.NoError(t, receive(t, result))
}

func TestEventsNeedTheBit(t *testing.T) {
	p := open(t, config(t, "memory", `{"features": ["status"]}`))
	err := provider.Listen(t.Context(), p, nil)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

var _ provider.EventSource = (*plugin.Provider)(nil)
