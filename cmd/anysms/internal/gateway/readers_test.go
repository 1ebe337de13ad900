package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestManyReaders opens hundreds of streams of events, and some whose clients do not read.
// The others get each event, and those that do not read are cut off and go on later, without
// a gap.
func TestManyReaders(t *testing.T) {
	t.Parallel() // it waits until the gateway has lost patience
	const readers, stalled, events = 200, 20, 1000
	l := &lab{T: t, smallBuffers: true}
	l.open(keys(key("root", "scopes: [admin, all]"), key("other", "scopes: [send, read]")))
	first := l.readers("root", 1)[0].place(t)
	live, others := l.readers("root", readers), l.readers("other", readers/4)
	slow := l.readers("root", stalled)
	open := l.gateway.Connections()
	l.optOut(0, events)

	var work sync.WaitGroup
	for _, r := range live {
		work.Go(func() { assertNumbers(t, numbers(0, events), r.follow(t, events)) })
	}
	work.Wait()
	own := l.send("other", "own")
	for _, r := range others {
		work.Go(func() { assert.Contains(t, r.next(t).data, own, "opt-outs are not theirs") })
	}
	work.Wait()

	l.eventually("those that do not read are cut off", func() bool { return l.gateway.Connections() <= open-stalled })
	for _, r := range slow {
		work.Go(func() {
			got := r.read(t, events)
			assert.Less(t, len(got), events)
			assertNumbers(t, numbers(0, events), append(got, r.follow(t, events-len(got))...))
		})
	}
	work.Wait()
	unread := &reader{lab: l, client: "root", last: first}
	unread.again(t)
	assert.Equal(t, numbers(0, 1), unread.read(t, 1), "after a stream that was told of its place alone")
}

// assertNumbers says little about long lists that differ.
func assertNumbers(t *testing.T, want, got []string) {
	if !slices.Equal(want, got) {
		t.Errorf("%d events instead of %d, or others", len(got), len(want))
	}
}

// TestStreamsLeaveRoom opens more streams than there may be: messages still get through.
func TestStreamsLeaveRoom(t *testing.T) {
	l := open(t, "{max_connections: 20}")
	for range 10 {
		assert.Equal(t, http.StatusOK, l.stream("").status)
	}
	refused := l.call("", "GET", "/v1/events", "")
	assert.Equal(t, http.StatusServiceUnavailable, refused.status)
	assert.Equal(t, "10", refused.header.Get("Retry-After"))
	l.send("", "beside them")
}

// optOut adds opt-outs of numbers that are told apart by their ends.
func (l *lab) optOut(from, to int) {
	l.Helper()
	var list []string
	for _, n := range numbers(from, to) {
		list = append(list, fmt.Sprintf(`{"number":%q}`, n))
	}
	a := l.call("root", "POST", "/v1/optouts", "["+strings.Join(list, ",")+"]")
	require.Equal(l, http.StatusOK, a.status, "%s", a.body)
}

func numbers(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("+30694%07d", i))
	}
	return list
}

// reader is a stream on a connection of its own, whose buffers are small.
type reader struct {
	*lab
	client string
	last   string // id
	conn   net.Conn
	lines  *bufio.Reader
}

// readers opens streams. They get what comes after this returns.
func (l *lab) readers(client string, n int) (list []*reader) {
	l.Helper()
	for range n {
		r := &reader{lab: l, client: client}
		r.again(l.T)
		list = append(list, r)
	}
	return list
}

// again connects, after the last event if there was one.
func (r *reader) again(t *testing.T) {
	if r.conn != nil {
		r.conn.Close()
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(smallBuffer))
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(3*time.Minute)))
	request := "GET /v1/events HTTP/1.0\r\nAuthorization: Bearer " + keyOf(r.client) + "\r\n"
	if r.last != "" {
		request += "Last-Event-ID: " + r.last + "\r\n"
	}
	_, err = io.WriteString(conn, request+"\r\n")
	require.NoError(t, err)
	r.conn, r.lines = conn, bufio.NewReader(conn)
	status, err := r.lines.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, status, "200 OK")
	_, err = textproto.NewReader(r.lines).ReadMIMEHeader()
	require.NoError(t, err)
	_, err = r.lines.Peek(1) // it has begun
	require.NoError(t, err)
}

// place reads where the stream begins.
func (r *reader) place(t *testing.T) string {
	for range 3 {
		line, err := r.lines.ReadString('\n')
		require.NoError(t, err)
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			return strings.TrimSpace(id)
		}
	}
	t.Error("no id")
	return ""
}

// read reads n events, or fewer where the stream ends, and returns the numbers in them.
func (r *reader) read(t *testing.T, n int) (got []string) {
	for len(got) < n {
		e := r.next(t)
		if e.data == "" {
			break
		}
		if _, rest, ok := strings.Cut(e.data, `"number":"`); ok {
			got = append(got, rest[:len("+306940000000")])
		}
	}
	return got
}

// follow reads n events, and connects again where it was too slow.
func (r *reader) follow(t *testing.T, n int) (got []string) {
	for end := time.Now().Add(3 * time.Minute); len(got) < n && time.Now().Before(end); {
		got = append(got, r.read(t, n-len(got))...)
		if len(got) < n {
			r.again(t)
		}
	}
	return got
}

// next reads an event; an empty one = the stream has ended.
func (r *reader) next(t *testing.T) (e event) {
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return event{}
		}
		switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); name {
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			before, _ := strconv.Atoi(r.last)
			now, err := strconv.Atoi(e.id)
			if err != nil || e.data != "" && now <= before {
				t.Errorf("event %q after %q", e.id, r.last)
			}
			r.last = e.id
			if e.data != "" {
				return e
			}
		}
	}
}
