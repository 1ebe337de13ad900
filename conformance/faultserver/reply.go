package faultserver

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Answer is a proper answer, the stuff that faults are made of.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Bytes is the answer as it goes over the wire, with the Content-Length that it
// needs.
func (a Answer) Bytes() []byte {
	var b bytes.Buffer
	a.head(&b, len(a.Body))
	b.Write(a.Body)
	return b.Bytes()
}

// head writes everything before the body. A negative length leaves
// Content-Length out.
func (a Answer) head(b *bytes.Buffer, length int) {
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
	_ = h.Write(b) // a buffer takes everything
	b.WriteString("\r\n")
}

// Reply is the whole answer, kept alive.
func (a Answer) Reply() Reply { return Reply{Bytes: a.Bytes()} }

// With is the answer with a header set.
func (a Answer) With(key, value string) Answer {
	h := a.Header.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h.Set(key, value)
	a.Header = h
	return a
}

// End is what follows a reply.
type End int

// The ends.
const (
	Keep  End = iota // the connection waits for its next request
	Close            // the connection is closed in order
	Reset            // the connection is reset
	Hang             // nothing more is said, and the connection stays open

	// Of HTTP/2, which the server speaks with clients that begin with its
	// preface; in HTTP/1.1 they are like Close. Bytes are not written.
	GoAway       // GOAWAY that counts the request as taken, then the connection is closed
	RefuseStream // RST_STREAM with REFUSED_STREAM: the request was not processed
)

// Reply is what the server does with a request that it has read.
type Reply struct {
	Bytes  []byte        // written as they are
	Stream io.Reader     // written after Bytes; may be endless
	Chunk  int           // bytes written at a time; 0 = all at once
	Pause  time.Duration // before each chunk but the first
	End    End
}

// write reports whether everything was said and the connection can be used
// again.
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
		// Reading notices when the client gives up.
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
