package smpp_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

// hostile is an SMSC that takes each submit_sm and then misbehaves as its script says,
// a few octets for each. When the script is over, it is gone.
type hostile struct {
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	script []byte
	taken  map[string]int // by the octets of the text
	said   map[string]said
	lines  []*hostileLine
	// early counts what it called accepted on a connection before it read it, and never
	// read afterwards.
	early int
}

// said is what the SMSC has told about a text, whether it was true or not.
type said struct{ accepted, refused bool }

// hostileLine is one of its connections.
type hostileLine struct {
	net.Conn
	wrote []byte
	texts map[uint32]string // by sequence number
	held  []uint32          // responses that are owed
}

func newHostile(t testing.TB, script []byte) *hostile {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &hostile{listener: l, script: script, taken: make(map[string]int), said: make(map[string]said)}
	h.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			h.running.Go(func() { h.serve(c) })
		}
	})
	return h
}

// next takes an octet of the script; false = it is over.
func (h *hostile) next() (byte, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.script) == 0 {
		h.listener.Close()
		for _, l := range h.lines {
			l.Close()
		}
		return 0, false
	}
	b := h.script[0]
	h.script = h.script[1:]
	return b, true
}

func (h *hostile) serve(c net.Conn) {
	defer c.Close()
	l := &hostileLine{Conn: c, texts: make(map[uint32]string)}
	h.mu.Lock()
	h.lines = append(h.lines, l)
	h.mu.Unlock()
	in := bufio.NewReader(c)
	for {
		p, err := wire.Read(in)
		switch {
		case err != nil:
			return
		case p.Command.IsResponse():
		case p.Command != wire.SubmitSM:
			l.write(wire.PDU{Command: p.Command.Response(), Sequence: p.Sequence, Body: []byte("hostile\x00")}.Append(nil))
		case !h.submit(l, p):
			return
		}
	}
}

// write is told by the script, which does not care whether anybody reads.
func (l *hostileLine) write(frame []byte) {
	l.wrote = append(l.wrote, frame...)
	_, _ = l.Write(frame)
}

func (l *hostileLine) respond(sequence, status uint32, body string) {
	l.write(wire.PDU{Command: wire.SubmitSM.Response(), Status: status, Sequence: sequence, Body: []byte(body)}.Append(nil))
}

const (
	opRefuse = 20
	ops      = 25
)

// submit takes a message, unless the script refuses it, and does the script's next step.
func (h *hostile) submit(l *hostileLine, p wire.PDU) bool {
	op, more := h.next()
	m, err := wire.ParseMessage(p.Body)
	if err != nil {
		panic(err) // the driver sent it
	}
	op %= ops
	l.texts[p.Sequence] = string(m.ShortMessage)
	if op != opRefuse {
		h.mu.Lock()
		h.taken[string(m.ShortMessage)]++
		h.mu.Unlock()
	}
	n, _ := h.next()
	return more && h.step(l, op, n, p.Sequence)
}

// step reports whether the connection goes on.
func (h *hostile) step(l *hostileLine, op, n byte, sequence uint32) bool {
	id := fmt.Sprint(sequence, "\x00")
	good := wire.PDU{Command: wire.SubmitSM.Response(), Sequence: sequence, Body: []byte(id)}.Append(nil)
	switch op {
	default:
		l.respond(sequence, 0, id)
	case 5:
		l.held = append(l.held, sequence)
	case 6: // out of order
		l.respond(sequence, 0, id)
		for _, earlier := range slices.Backward(l.held) {
			l.respond(earlier, 0, "late\x00")
		}
		l.held = nil
	case 7:
		l.respond(sequence, 0, id)
		l.respond(sequence, uint32(n%2), "again\x00")
	case 8: // another's number, and then its own
		l.respond(sequence+uint32(int8(n)), uint32(n%3), id)
		l.respond(sequence, 0, id)
	case 9: // to another command
		l.write(wire.PDU{Command: wire.Command(n).Response(), Sequence: sequence, Body: []byte(id)}.Append(nil))
	case 10:
		l.write(wire.PDU{Command: wire.GenericNack, Status: uint32(n), Sequence: sequence}.Append(nil))
	case 11:
		l.write(wire.PDU{Command: wire.GenericNack, Status: uint32(n)}.Append(nil))
	case 12:
		l.respond(sequence, 0, "")
	case 13:
		l.respond(sequence, 0, id+strings.Repeat("\x02\x10\x00", 50*int(n)))
	case 14: // longer and shorter than it says
		binary.BigEndian.PutUint32(good, uint32(len(good)+int(n)))
		l.write(good)
		l.respond(sequence, 0, id)
	case 15:
		binary.BigEndian.PutUint32(good, uint32(max(wire.HeaderSize, len(good)-int(n%8))))
		l.write(good)
	case 16: // impossible
		binary.BigEndian.PutUint32(good, uint32(n)<<24|uint32(n%16))
		l.write(good)
	case 17: // requests that nobody expects
		l.write(wire.PDU{Command: wire.Command(n % 32), Sequence: sequence, Body: h.octets(int(n))}.Append(nil))
		l.respond(sequence, 0, id)
	case 18:
		l.write(good[:n%16])
		l.write(good[n%16:])
	case 19:
		_ = l.Conn.(*net.TCPConn).SetLinger(0)
		return false
	case opRefuse:
		l.respond(sequence, uint32(n)|1, "")
	case 21:
		l.write(h.octets(int(n)))
	case 22:
		l.write(good[:int(n)%len(good)])
		return false
	case 23:
	case 24:
		l.respond(sequence, 0, strings.TrimSuffix(id, "\x00"))
	}
	return true
}

func (h *hostile) octets(n int) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	n = min(n, len(h.script))
	octets := h.script[:n]
	h.script = h.script[n:]
	return octets
}

// close ends everything and notes what was said on each connection, read naively.
func (h *hostile) close() {
	h.listener.Close()
	h.mu.Lock()
	for _, l := range h.lines {
		l.Close()
	}
	h.mu.Unlock()
	h.running.Wait()
	for _, l := range h.lines {
		for rest := l.wrote; len(rest) >= 16; {
			n := binary.BigEndian.Uint32(rest)
			if binary.BigEndian.Uint32(rest[4:]) == 0x80000004 {
				h.note(l, binary.BigEndian.Uint32(rest[12:]), binary.BigEndian.Uint32(rest[8:]))
			}
			if n < 16 || uint64(n) > uint64(len(rest)) {
				break
			}
			rest = rest[n:]
		}
	}
}

// note notes a response to a submit_sm.
func (h *hostile) note(l *hostileLine, sequence, status uint32) {
	text, known := l.texts[sequence]
	if known {
		s := h.said[text]
		h.said[text] = said{s.accepted || status == 0, s.refused || status != 0}
	} else if status == 0 {
		h.early++
	}
}

// tally counts what became of messages.
type tally struct{ messages, accepted, refused, unknown, notSent int }

// quarrel sends messages through a driver to a hostile SMSC and compares what is said
// of each with what the SMSC has taken and said.
func quarrel(t testing.TB, script []byte) (sum tally) {
	t.Helper()
	h := newHostile(t, script)
	p, err := smpp.New(smpp.Config{
		Address: h.listener.Addr().String(), SystemID: "esme", Password: "secret", Window: 4, Binds: 2,
		Timeout: provider.Duration(100 * time.Millisecond), ConnectTimeout: provider.Duration(100 * time.Millisecond),
	})
	require.NoError(t, err)
	errs := make([]error, 12)
	var senders sync.WaitGroup
	for i := range errs {
		text := fmt.Sprintf("m%02d Hello", i)
		if i == 0 {
			text += strings.Repeat(" and on", 30)
		}
		senders.Go(func() { _, errs[i] = p.Send(t.Context(), message(text)) })
	}
	senders.Wait()
	require.NoError(t, p.Close())
	h.close()

	for text, n := range h.taken {
		assert.Equal(t, 1, n, "%q was sent more than once", text)
	}
	early := 0
	for i, err := range errs {
		first, taken := "", false // segment
		for text := range h.taken {
			if strings.Contains(text, fmt.Sprintf("m%02d ", i)) {
				first, taken = text, true
			}
		}
		sum.messages++
		switch outcome := provider.OutcomeOf(err); outcome {
		case provider.OutcomeAccepted:
			sum.accepted++
			if !taken || !h.said[first].accepted {
				early++
			}
		case provider.OutcomeRefused, provider.OutcomeNotSent:
			if outcome == provider.OutcomeRefused {
				sum.refused++
			} else {
				sum.notSent++
			}
			assert.False(t, taken && !h.said[first].refused, "message %d: %v, but the SMSC has it", i, err)
		case provider.OutcomeUnknown:
			sum.unknown++
		}
	}
	assert.LessOrEqual(t, early, h.early, "accepted, but the SMSC has not said so")
	return sum
}

// FuzzSession lets an SMSC interleave, repeat, misnumber, cut and invent what it sends.
func FuzzSession(f *testing.F) {
	for op := range byte(ops) {
		f.Add([]byte{0, 0, op, 7, 5, 0, op, 130, 0, 0, op, 1, 6, 0, op, 255, 0, 0})
	}
	f.Fuzz(func(t *testing.T, script []byte) { quarrel(t, script[:min(len(script), 200)]) })
}

// The same with random scripts, so that it is tried with each run of the tests.
func TestHostileSMSC(t *testing.T) {
	scripts := 25
	if os.Getenv("ANYSMS_LONG") != "" {
		scripts = 5000
	}
	var sum tally
	seed := uint64(time.Now().UnixNano())
	for i := range scripts {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		script := make([]byte, 20+r.IntN(60))
		for j := range script {
			script[j] = byte(r.Uint32())
		}
		one := quarrel(t, script)
		require.False(t, t.Failed(), "the script %d of the seed %d: %v", i, seed, script)
		sum = tally{sum.messages + one.messages, sum.accepted + one.accepted, sum.refused + one.refused, sum.unknown + one.unknown, sum.notSent + one.notSent}
	}
	t.Logf("%d scripts: %+v", scripts, sum)
	assert.Positive(t, sum.accepted)
	assert.Positive(t, sum.unknown)
}

// A response cannot be about a request that has not left: the SMSC has mistaken its
// number. If it were believed, a message would be called refused and then be written.
func TestResponseBeforeTheRequest(t *testing.T) {
	for name, stray := range map[string]wire.PDU{
		"refused":      {Command: wire.SubmitSM.Response(), Status: 0x45, Sequence: 3},
		"accepted":     {Command: wire.SubmitSM.Response(), Sequence: 3, Body: []byte("wrong\x00")},
		"generic_nack": {Command: wire.GenericNack, Status: 3, Sequence: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, smsc := net.Pipe() // a write waits until it is read
				p, err := smpp.New(smpp.Config{
					Address: "127.0.0.1:2775", SystemID: "esme", Password: "secret",
					Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
				})
				require.NoError(t, err)
				respond := func(p wire.PDU) {
					_, err := smsc.Write(p.Append(nil))
					require.NoError(t, err)
				}
				results := make(chan string, 2)
				send := func() {
					r, err := p.Send(t.Context(), message("Hello"))
					if assert.NoError(t, err) {
						results <- r.ID
					}
				}
				go send()
				bind, err := wire.Read(smsc)
				require.NoError(t, err)
				respond(wire.PDU{Command: bind.Command.Response(), Sequence: bind.Sequence, Body: []byte("smsc\x00")})
				synctest.Wait() // the first is being written
				go send()
				synctest.Wait() // the second waits for it
				respond(stray)
				synctest.Wait()
				assert.Empty(t, results)
				_ = smsc.SetDeadline(time.Now().Add(time.Minute))
				for range 2 {
					request, err := wire.Read(smsc)
					require.NoError(t, err)
					respond(wire.PDU{Command: wire.SubmitSM.Response(), Sequence: request.Sequence, Body: wire.CString(fmt.Sprint(request.Sequence))})
				}
				synctest.Wait()
				require.Len(t, results, 2)
				assert.ElementsMatch(t, []string{"2", "3"}, []string{<-results, <-results})
				smsc.Close()
				require.NoError(t, p.Close())
			})
		})
	}
}
