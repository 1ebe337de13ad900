package smpp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
)

// The connection is cut after each byte of a submit_sm in turn. What the driver
// says must agree with what the SMSC has.
func TestCutAtEveryByte(t *testing.T) {
	for _, segments := range []int{1, 2} {
		text := fmt.Sprintf("%0*d", 100*segments, 7)
		for cut := 0; ; cut++ {
			server, p := open(t, nil)
			require.NoError(t, p.Check(t.Context()))
			server.CutAfter(cut)
			_, err := p.Send(within(t, 30*time.Second), message(text))
			messages := server.Messages()
			switch provider.OutcomeOf(err) {
			case provider.OutcomeAccepted:
				require.Len(t, messages, segments, "cut after %d: accepted", cut)
			case provider.OutcomeNotSent:
				require.Empty(t, messages, "cut after %d: %v", cut, err)
			case provider.OutcomeUnknown:
			default:
				require.Fail(t, "wrong outcome", "cut after %d: %v", cut, err)
			}
			require.LessOrEqual(t, len(messages), segments, "cut after %d: no duplicates", cut)
			require.NoError(t, p.Close())
			server.Close()
			if len(messages) > 0 { // the whole PDU was read
				require.ErrorIs(t, err, provider.Indeterminate)
				break
			}
		}
	}
}

// Connections drop all the time while messages are sent; the caller sends again
// what was proven not to be sent. Each message has a number, so that the SMSC's
// count shows losses and duplicates.
func TestNoSilentDuplicates(t *testing.T) {
	messages := 2000
	if os.Getenv("ANYSMS_LONG") != "" {
		messages = 100_000
	}
	server, p := open(t, func(c *smpp.Config) { c.Binds, c.Window = 2, 32 })
	var count atomic.Int64
	server.OnSubmit(func(smpptest.Message) smpptest.Reply {
		switch n := count.Add(1); {
		case n%701 == 0:
			return smpptest.Reply{Drop: true}
		case n%997 == 0:
			return smpptest.Reply{Status: 0x58}
		case n%499 == 0:
			go server.Drop()
		}
		return smpptest.Reply{}
	})
	results := make([]provider.Outcome, messages)
	work := make(chan int)
	var workers sync.WaitGroup
	for range 64 {
		workers.Go(func() {
			for i := range work {
				results[i] = persist(t.Context(), p, fmt.Sprintf("message %d", i))
			}
		})
	}
	for i := range messages {
		work <- i
	}
	close(work)
	workers.Wait()

	at := make(map[string]int)
	for _, m := range server.Messages() {
		at[m.Text]++
	}
	doubts := 0
	for i, outcome := range results {
		n := at[fmt.Sprintf("message %d", i)]
		switch outcome {
		case provider.OutcomeAccepted:
			require.Equal(t, 1, n, "message %d was accepted", i)
		case provider.OutcomeUnknown:
			require.LessOrEqual(t, n, 1, "message %d is in doubt", i)
			doubts++
		default:
			require.Fail(t, "wrong outcome", "message %d: %s", i, outcome)
		}
	}
	assert.Positive(t, doubts)
	assert.Greater(t, server.Binds(), 2)
	t.Logf("%d messages, %d connections, %d in doubt", messages, server.Binds(), doubts)
}

// persist sends until the outcome is something else than not sent.
func persist(ctx context.Context, p provider.Provider, text string) provider.Outcome {
	for {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := p.Send(ctx, message(text))
		cancel()
		if outcome := provider.OutcomeOf(err); outcome != provider.OutcomeNotSent {
			return outcome
		}
		time.Sleep(time.Millisecond)
	}
}

func TestQuietSMSCIsLeft(t *testing.T) {
	server, p := open(t, func(c *smpp.Config) {
		c.EnquireLink, c.Timeout = provider.Duration(50*time.Millisecond), provider.Duration(100*time.Millisecond)
	})
	require.NoError(t, p.Check(t.Context()))
	server.Hang(true)
	require.Eventually(t, func() bool { return server.Binds() > 1 }, 30*time.Second, time.Millisecond, "it connects again")
}

func TestUnbindOfTheSMSC(t *testing.T) {
	server, p := open(t, nil)
	respond := make(chan struct{})
	release := sync.OnceFunc(func() { close(respond) })
	defer release()
	server.OnSubmit(func(smpptest.Message) smpptest.Reply {
		return smpptest.Reply{Before: func(string) { <-respond }}
	})
	result := make(chan error, 1)
	go func() {
		_, err := p.Send(t.Context(), message("Hello"))
		result <- err
	}()
	require.Eventually(t, func() bool { return server.Submits() == 1 }, 30*time.Second, time.Millisecond)
	server.Unbind()
	release()
	require.NoError(t, <-result, "what is under way gets its response")
	_, err := p.Send(t.Context(), message("Hello"))
	require.NoError(t, err, "over a new connection")
	assert.Equal(t, 2, server.Binds())
}

func TestCloseLetsSendsFinish(t *testing.T) {
	server, p := open(t, nil)
	server.OnSubmit(func(smpptest.Message) smpptest.Reply { return smpptest.Reply{Delay: 100 * time.Millisecond} })
	result := make(chan error)
	go func() {
		_, err := p.Send(t.Context(), message("Hello"))
		result <- err
	}()
	require.Eventually(t, func() bool { return server.Submits() == 1 }, 30*time.Second, time.Millisecond)
	require.NoError(t, p.Close())
	assert.NoError(t, <-result)
}

func TestWindow(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{Window: 4}) // more are throttled
	t.Cleanup(server.Close)
	p := openAt(t, server, func(c *smpp.Config) { c.Window = 4 })
	server.OnSubmit(func(smpptest.Message) smpptest.Reply { return smpptest.Reply{Delay: 5 * time.Millisecond} })
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			_, err := p.Send(t.Context(), message("Hello"))
			assert.NoError(t, err)
		})
	}
	all.Wait()
}

// cutter is a line to the SMSC that carries a number of bytes more, once armed,
// and then breaks with the next.
type cutter struct {
	address string
	room    atomic.Int64 // -1 = not armed
}

func (c *cutter) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	far, err := new(net.Dialer).DialContext(ctx, network, c.address)
	if err != nil {
		return nil, err
	}
	near, end := net.Pipe() // a write to it tells how much the other side has read
	go func() {
		defer end.Close()
		_, _ = io.Copy(end, far)
	}()
	go func() {
		defer far.Close()
		defer end.Close()
		octet := make([]byte, 1)
		for {
			if _, err := end.Read(octet); err != nil {
				return
			}
			if room := c.room.Load(); room == 0 {
				c.room.Store(-1)
				return
			} else if room > 0 {
				c.room.Store(room - 1)
			}
			if _, err := far.Write(octet); err != nil {
				return
			}
		}
	}()
	return near, nil
}

// The line breaks with each byte in turn, which it has taken: nothing proves that the
// message was not sent.
func TestLineTakesSomeBytes(t *testing.T) {
	for room := range 100 {
		server := smpptest.NewServer(smpptest.Config{})
		line := &cutter{address: server.Address()}
		line.room.Store(-1)
		p := openAt(t, server, func(c *smpp.Config) { c.Dial = line.dial })
		require.NoError(t, p.Check(t.Context()))
		line.room.Store(int64(room))
		_, err := p.Send(within(t, 30*time.Second), message("Hello"))
		whole := len(server.Messages()) == 1
		require.NoError(t, p.Close())
		server.Close()
		if err == nil {
			require.Greater(t, room, 50)
			return
		}
		require.ErrorIs(t, err, provider.Indeterminate, "%d bytes", room)
		require.False(t, whole && provider.OutcomeOf(err) == provider.OutcomeNotSent)
	}
}

// An SMSC that is bound and then reads nothing holds a sender up until its deadline,
// and the message has not left.
func TestLineThatIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, smsc := net.Pipe() // a write waits until it is read
		defer smsc.Close()
		p, err := smpp.New(smpp.Config{
			Address: "127.0.0.1:2775", SystemID: "esme", Password: "secret",
			Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		})
		require.NoError(t, err)
		defer p.Close()
		go func() {
			bind, err := wire.Read(smsc)
			if assert.NoError(t, err) {
				_, err = smsc.Write(wire.PDU{Command: bind.Command.Response(), Sequence: bind.Sequence, Body: []byte("smsc\x00")}.Append(nil))
				assert.NoError(t, err)
			}
		}()
		start := time.Now()
		_, err = p.Send(within(t, 3*time.Second), message("Hello"))
		assert.Equal(t, provider.Unavailable, provider.CodeOf(err), "%v", err)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}
