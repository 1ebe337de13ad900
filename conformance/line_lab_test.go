package conformance_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
)

// lineLab is the lab of a made-up protocol: a request and its reply are a line each,
// with quoted words. It shows that the suite's core knows no transport.
type lineLab struct{}

func (lineLab) Name() string      { return "line" }
func (lineLab) Extension() string { return "line" }

func (lineLab) CheckReply(reply []byte) error {
	if words := lineWords(string(reply)); len(words) == 0 || !strings.HasSuffix(string(reply), "\n") {
		return errors.New(`want a line such as OK "17"`)
	}
	return nil
}

func (lineLab) Faults() []conformance.Fault {
	doubt := []provider.Code{provider.Indeterminate}
	const why = "the vendor may have the message"
	return []conformance.Fault{
		{Name: conformance.FaultRefused, Codes: []provider.Code{provider.Unavailable}, Why: "nothing was written"},
		{Name: conformance.FaultClose, Codes: doubt, Why: why},
		{Name: conformance.FaultHang, Codes: doubt, Silent: true, Why: why},
		{Name: "gibberish", Codes: doubt, Why: why},
		{Name: "slow-response", Why: "the vendor has the message"},
	}
}

func (lineLab) Start(respond conformance.Respond) (conformance.Vendor, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	v := &lineVendor{respond: respond, listener: l, done: make(chan struct{}), conns: make(map[net.Conn]bool), listening: make(chan lineSession, 10)}
	v.running.Go(v.accept)
	return v, nil
}

type lineVendor struct {
	respond  conformance.Respond
	listener net.Listener
	done     chan struct{}
	running  sync.WaitGroup

	listening chan lineSession // connections of drivers that listen

	mu       sync.Mutex
	fault    string
	accepted int
	closed   bool
	conns    map[net.Conn]bool // true while it replies
}

func (v *lineVendor) Address() string { return v.listener.Addr().String() }

func (v *lineVendor) Fail(fault string) error {
	if fault == conformance.FaultRefused {
		v.listener.Close()
		v.drop(func(bool) bool { return true })
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fault = fault
	return nil
}

func (v *lineVendor) DropIdle() { v.drop(func(busy bool) bool { return !busy }) }

func (v *lineVendor) drop(which func(busy bool) bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for c, busy := range v.conns {
		if which(busy) {
			c.Close()
		}
	}
}

func (v *lineVendor) Connections() (accepted, open int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.accepted, len(v.conns)
}

func (v *lineVendor) Incomplete() int { return 0 }

func (v *lineVendor) Close() {
	v.mu.Lock()
	if !v.closed {
		v.closed = true
		close(v.done)
	}
	v.mu.Unlock()
	v.listener.Close()
	v.drop(func(bool) bool { return true })
	v.running.Wait()
}

func (v *lineVendor) accept() {
	for {
		c, err := v.listener.Accept()
		if err != nil {
			return
		}
		v.mu.Lock()
		v.accepted++
		v.conns[c] = false
		v.mu.Unlock()
		v.running.Go(func() { v.serve(c) })
	}
}

func (v *lineVendor) serve(c net.Conn) {
	defer func() {
		c.Close()
		v.mu.Lock()
		delete(v.conns, c)
		v.mu.Unlock()
	}()
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if line == "LISTEN\n" {
			v.listening <- lineSession{c, r}
			<-v.done
			return
		}
		if err != nil || !v.reply(c, line) {
			return
		}
	}
}

// reply serves one request. It reports whether the connection stays open.
func (v *lineVendor) reply(c net.Conn, line string) bool {
	words := lineWords(line)
	if len(words) == 0 {
		return false
	}
	v.mu.Lock()
	fault := v.fault
	v.conns[c] = true
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		v.conns[c] = false
		v.mu.Unlock()
	}()
	reply := v.respond(conformance.Request{Target: words[0], Values: words[1:], Print: line})
	switch fault {
	case conformance.FaultClose:
		return false
	case conformance.FaultHang:
		<-v.done
		return false
	case "gibberish":
		fmt.Fprint(c, "\x05\x00 what?\n")
		return true
	case "slow-response":
		for _, b := range reply.Text {
			time.Sleep(time.Millisecond)
			_, _ = c.Write([]byte{b})
		}
		return true
	}
	_, err := c.Write(reply.Text)
	return err == nil
}

// lineWords splits a line into its command and its quoted words.
func lineWords(line string) []string {
	command, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	words := []string{command}
	for rest != "" {
		var word string
		n, err := fmt.Sscanf(rest, "%q", &word)
		quoted := fmt.Sprintf("%q", word)
		if n != 1 || err != nil || !strings.HasPrefix(rest, quoted) {
			return nil
		}
		words = append(words, word)
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, quoted), " ")
	}
	return words
}

// lineSession is a connection over which the vendor pushes events.
type lineSession struct {
	net.Conn
	replies *bufio.Reader
}

// Push writes an event to the driver that listens, and reads ACK or NAK.
func (v *lineVendor) Push(ctx context.Context, event []byte) (acknowledged bool, err error) {
	for {
		var s lineSession
		select {
		case s = <-v.listening:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		stop := context.AfterFunc(ctx, func() { s.Close() })
		_, _ = s.Write(event) // a closed connection has no reply
		reply, err := s.replies.ReadString('\n')
		stop()
		if err == nil {
			v.listening <- s
			return reply == "ACK\n", nil
		}
	}
}
