package faultserver

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Response is a valid HTTP response.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Bytes is the response as it is sent, with its Content-Length.
func (a Response) Bytes() []byte {
	var b bytes.Buffer
	a.head(&b, len(a.Body))
	b.Write(a.Body)
	return b.Bytes()
}

// head writes everything before the body. A negative length omits Content-Length.
func (a Response) head(b *bytes.Buffer, length int) {
	fmt.Fprintf(b, "HTTP/1.1 %03d %s\r\n", a.Status, http.StatusText(a.Status))
	h := a.Header.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h.Del("Content-Length")
	h.Del("Transfer-Encoding")
	if length >= 0 && a.Status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(length))
	}
	_ = h.Write(b) // a buffer does not fail
	b.WriteString("\r\n")
}

// Reply sends the response and keeps the connection alive.
func (a Response) Reply() Reply { return Reply{Bytes: a.Bytes()} }

// With returns the response with one more header field.
func (a Response) With(key, value string) Response {
	h := a.Header.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h.Set(key, value)
	a.Header = h
	return a
}

// End is what happens to the connection after a reply.
type End int

// The ends.
const (
	Keep  End = iota // the connection serves further requests
	Close            // the connection is closed
	Reset            // the connection is reset
	Hang             // nothing more is sent, and the connection stays open

	// For HTTP/2; with HTTP/1.1 they are like Close. Bytes are not sent.
	GoAway       // GOAWAY that includes the request, then the connection is closed
	RefuseStream // RST_STREAM with REFUSED_STREAM: the request was not processed
)

// Reply is what the server does after reading a request.
type Reply struct {
	Bytes  []byte        // sent unchanged
	Stream io.Reader     // sent after Bytes; may be endless
	Chunk  int           // bytes to send at a time; 0 = all at once
	Pause  time.Duration // between chunks
	End    End
}

// write sends the reply. It reports whether the connection can serve another
// request.
func (r Reply) write(c *conn, done <-chan struct{}) bool {
	if !r.drip(c, done) {
		return false
	}
	if r.Stream != nil {
		if _, err := io.Copy(c.Conn, r.Stream); err != nil {
			return false
		}
	}
	switch r.End {
	case Reset:
		c.reset()
	case Hang:
		// Reading detects that the client closes the connection.
		_, _ = io.Copy(io.Discard, c.Conn)
	}
	return r.End == Keep
}

func (r Reply) drip(c *conn, done <-chan struct{}) bool {
	size := r.Chunk
	if size == 0 {
		size = max(1, len(r.Bytes))
	}
	for rest := r.Bytes; len(rest) > 0; {
		n := min(size, len(rest))
		if _, err := c.Conn.Write(rest[:n]); err != nil {
			return false
		}
		rest = rest[n:]
		if len(rest) == 0 || r.Pause == 0 {
			continue
		}
		select {
		case <-done:
			return false
		case <-time.After(r.Pause):
		}
	}
	return true
}
