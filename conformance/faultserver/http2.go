package faultserver

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// speaksHTTP2 detects the preface of HTTP/2 with prior knowledge (RFC 9113 §3.3), the
// only way to use it without TLS.
func speaksHTTP2(r *bufio.Reader) bool {
	first, err := r.Peek(1)
	if err != nil || first[0] != http2.ClientPreface[0] {
		return false
	}
	// POST, PUT and PATCH start with the same letter.
	start, err := r.Peek(3)
	return err == nil && string(start) == http2.ClientPreface[:3]
}

// session is one HTTP/2 connection. Streams are served one after the other.
type session struct {
	server  *Server
	conn    *conn
	framer  *http2.Framer
	streams map[uint32]*Request
	nth     int
}

func (s *Server) serveHTTP2(c *conn, r *bufio.Reader) {
	if _, err := r.Discard(len(http2.ClientPreface)); err != nil {
		return
	}
	x := &session{server: s, conn: c, framer: http2.NewFramer(c.Conn, r), streams: make(map[uint32]*Request)}
	x.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if x.framer.WriteSettings() != nil {
		return
	}
	for {
		frame, err := x.framer.ReadFrame()
		if err != nil || !x.take(frame) {
			return
		}
	}
}

// take handles a frame. It reports whether the connection stays open.
func (x *session) take(frame http2.Frame) bool {
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		return f.IsAck() || x.framer.WriteSettingsAck() == nil
	case *http2.PingFrame:
		return f.IsAck() || x.framer.WritePing(true, f.Data) == nil
	case *http2.MetaHeadersFrame:
		x.nth++
		rq := x.server.begin(x.conn, x.nth)
		x.streams[f.StreamID] = rq
		x.server.fill(x.conn, rq, requestOf(f), nil, io.ErrUnexpectedEOF)
		return !f.StreamEnded() || x.respond(f.StreamID)
	case *http2.DataFrame:
		rq := x.streams[f.StreamID]
		if rq == nil {
			return true
		}
		x.server.fill(x.conn, rq, rq.HTTP, append(rq.Body, f.Data()...), io.ErrUnexpectedEOF)
		return !f.StreamEnded() || x.respond(f.StreamID)
	}
	return true
}

func requestOf(f *http2.MetaHeadersFrame) *http.Request {
	r := &http.Request{
		Method: f.PseudoValue("method"), Host: f.PseudoValue("authority"), RequestURI: f.PseudoValue("path"),
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: make(http.Header), URL: new(url.URL),
	}
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		r.URL = u
	}
	for _, field := range f.RegularFields() {
		r.Header.Add(field.Name, field.Value)
	}
	return r
}

// respond replies to a complete request.
func (x *session) respond(id uint32) bool {
	rq := x.streams[id]
	delete(x.streams, id)
	rq.HTTP.Body = io.NopCloser(bytes.NewReader(rq.Body))
	x.server.fill(x.conn, rq, rq.HTTP, rq.Body, nil)
	reply := x.server.handler(rq)
	switch reply.End {
	case GoAway:
		_ = x.framer.WriteGoAway(id, http2.ErrCodeInternal, nil) // the connection ends either way
		return false
	case RefuseStream:
		return x.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream) == nil
	case Reset:
		x.conn.reset()
		return false
	case Close:
		return false
	case Hang:
		return true
	}
	return x.say(id, reply.Bytes)
}

// say sends a response that was written for HTTP/1.1. It must fit the initial window
// of a stream, 65,535 bytes (RFC 9113 §6.9.2).
func (x *session) say(id uint32, plain []byte) bool {
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(plain)), nil)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return false
	}
	var head bytes.Buffer
	encoder := hpack.NewEncoder(&head)
	_ = encoder.WriteField(hpack.HeaderField{Name: ":status", Value: strconv.Itoa(response.StatusCode)}) // a buffer does not fail
	for name, values := range response.Header {
		for _, value := range values {
			_ = encoder.WriteField(hpack.HeaderField{Name: strings.ToLower(name), Value: value})
		}
	}
	err = x.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: head.Bytes(), EndHeaders: true, EndStream: len(body) == 0,
	})
	for len(body) > 0 && err == nil {
		n := min(len(body), 16<<10)
		err = x.framer.WriteData(id, n == len(body), body[:n])
		body = body[n:]
	}
	return err == nil
}
