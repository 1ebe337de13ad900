package smpp_test

import (
	"bufio"
	"cmp"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/internal/wire"
)

// bareSubmit is what the codec alone sends.
var bareSubmit = &wire.Message{
	Source: wire.Address{TON: 5, Addr: "Example"}, Dest: wire.Address{TON: 1, NPI: 1, Addr: "306900000001"},
	RegisteredDelivery: 1, ShortMessage: []byte("Your code is 123456"),
}

// bareSMSC accepts everything and does no more than the codec.
func bareSMSC(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveBare(c)
		}
	}()
	return l.Addr().String()
}

func serveBare(c net.Conn) {
	defer c.Close()
	in, out := bufio.NewReader(c), bufio.NewWriter(c)
	id := []byte("12345678\x00")
	var frame []byte
	for {
		p, err := wire.Read(in)
		if err != nil {
			return
		}
		if p.Command == wire.SubmitSM {
			if _, err := wire.ParseMessage(p.Body); err != nil {
				return
			}
		}
		frame = wire.PDU{Command: p.Command.Response(), Sequence: p.Sequence, Body: id}.Append(frame[:0])
		_, _ = out.Write(frame)
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
	}
}

// BenchmarkSubmit compares Send with the codec alone, over the same loopback and
// with the same window.
func BenchmarkSubmit(b *testing.B) {
	for _, window := range []int{1, 64} {
		b.Run("window="+strconv.Itoa(window), func(b *testing.B) {
			b.Run("bare", func(b *testing.B) { benchmarkBare(b, window) })
			b.Run("driver", func(b *testing.B) { benchmarkDriver(b, window) })
		})
	}
}

func benchmarkDriver(b *testing.B, window int) {
	p, err := smpp.New(smpp.Config{Address: bareSMSC(b), SystemID: "esme", Password: "secret", Window: window})
	require.NoError(b, err)
	defer p.Close()
	require.NoError(b, p.Check(b.Context()))
	m := message("Your code is 123456")
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var senders sync.WaitGroup
	for range window {
		senders.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := p.Send(b.Context(), m); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
}

// benchmarkBare writes submit_sm and reads responses, with a token for each place
// in the window.
func benchmarkBare(b *testing.B, window int) {
	c, err := net.Dial("tcp", bareSMSC(b))
	require.NoError(b, err)
	defer c.Close()
	tokens := make(chan struct{}, window)
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		for i := range b.N {
			tokens <- struct{}{}
			frame, err := bareSubmit.Submit(uint32(i + 1))
			if err == nil {
				_, err = c.Write(frame)
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	}()
	in := bufio.NewReader(c)
	for range b.N {
		p, err := wire.Read(in)
		if err != nil {
			b.Fatal(err)
		}
		if _, ok := p.ID(); !ok {
			b.Fatal("no id")
		}
		<-tokens
	}
}

// BenchmarkRoundTrip takes turns between Send and the codec alone, which writes and
// reads in one goroutine, and compares their medians: other work on the machine then
// slows both.
func BenchmarkRoundTrip(b *testing.B) {
	bare, sent := dialBare(b), openBare(b)
	m := message("Your code is 123456")
	times := make([][2]time.Duration, b.N)
	b.ResetTimer()
	for i := range times {
		start := time.Now()
		bare(uint32(i + 1))
		middle := time.Now()
		if _, err := sent.Send(b.Context(), m); err != nil {
			b.Fatal(err)
		}
		times[i] = [2]time.Duration{middle.Sub(start), time.Since(middle)}
	}
	b.StopTimer()
	median := func(which int) float64 {
		slices.SortFunc(times, func(x, y [2]time.Duration) int { return cmp.Compare(x[which], y[which]) })
		return float64(times[len(times)/2][which])
	}
	b.ReportMetric(median(0), "bare-ns")
	b.ReportMetric(median(1), "driver-ns")
	b.ReportMetric(median(1)/median(0), "driver/bare")
}

// dialBare returns a function that makes one round trip.
func dialBare(b *testing.B) func(sequence uint32) {
	b.Helper()
	c, err := net.Dial("tcp", bareSMSC(b))
	require.NoError(b, err)
	b.Cleanup(func() { c.Close() })
	in := bufio.NewReader(c)
	return func(sequence uint32) {
		frame, err := bareSubmit.Submit(sequence)
		if err == nil {
			_, err = c.Write(frame)
		}
		if err != nil {
			b.Fatal(err)
		}
		p, err := wire.Read(in)
		if _, ok := p.ID(); err != nil || !ok {
			b.Fatal("no id", err)
		}
	}
}

func openBare(b *testing.B) *smpp.Provider {
	b.Helper()
	p, err := smpp.New(smpp.Config{Address: bareSMSC(b), SystemID: "esme", Password: "secret"})
	require.NoError(b, err)
	b.Cleanup(func() { p.Close() })
	require.NoError(b, p.Check(b.Context()))
	return p
}
