package httpcall

import (
	"bufio"
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// framing finds the end of an HTTP/1 response in the bytes of a connection. What
// cannot be framed has no end, and net/http refuses it or reads it until the
// connection closes.
type framing struct {
	state frame
	head  []byte // the header so far
	line  []byte // the line of a chunked body so far
	left  int64  // bytes of the body, or of its current chunk, that are still to come
}

// frame is what the next byte belongs to.
type frame int

const (
	inHead frame = iota
	inBody
	inChunkSize
	inChunk // left bytes and the line end
	inTrailer
	complete
	endless
)

// maxChunkLine is net/http's own limit.
const maxChunkLine = 4096

// take returns how many of the bytes belong to the response to a request with this
// method.
func (f *framing) take(b []byte, method string) int {
	for i := 0; i < len(b); {
		switch f.state {
		case complete:
			return i
		case endless:
			return len(b)
		case inHead:
			f.head = append(f.head, b[i])
			i++
			if b[i-1] == '\n' && endsHead(f.head) {
				f.begin(method)
			} else if len(f.head) > DefaultMaxResponse {
				f.state = endless
			}
		case inBody, inChunk:
			n := min(f.left, int64(len(b)-i))
			f.left -= n
			i += int(n)
			if f.left > 0 {
				break
			}
			if f.state == inChunk {
				f.state = inChunkSize
			} else {
				f.state = complete
			}
		case inChunkSize, inTrailer:
			f.line = append(f.line, b[i])
			i++
			if b[i-1] == '\n' {
				f.endLine(strings.TrimRight(string(f.line), "\r\n"))
				f.line = f.line[:0]
			} else if len(f.line) > maxChunkLine {
				f.state = endless
			}
		}
	}
	return len(b)
}

func endsHead(head []byte) bool {
	return bytes.HasSuffix(head, []byte("\n\n")) || bytes.HasSuffix(head, []byte("\n\r\n"))
}

// restart is for the next response; it keeps the buffers.
func (f *framing) restart() {
	f.state, f.left, f.head, f.line = inHead, 0, f.head[:0], f.line[:0]
}

// begin reads the header.
func (f *framing) begin(method string) {
	response, err := http.ReadResponse(bufio.NewReaderSize(bytes.NewReader(f.head), len(f.head)), &http.Request{Method: method})
	f.head = f.head[:0]
	switch {
	case err != nil, response.StatusCode == http.StatusSwitchingProtocols:
		f.state = endless
	case response.StatusCode <= 199: // the response is still to come
	case response.ContentLength == 0 || method == http.MethodHead:
		f.state = complete
	case len(response.TransferEncoding) > 0:
		f.state = inChunkSize
	case response.ContentLength > 0:
		f.state, f.left = inBody, response.ContentLength
	default:
		f.state = endless // it ends with the connection
	}
}

// endLine reads the size of a chunk, or a line after the last one.
func (f *framing) endLine(line string) {
	if f.state == inTrailer {
		if line == "" {
			f.state = complete
		}
		return
	}
	size, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseInt(strings.TrimRight(size, " \t"), 16, 63)
	switch {
	case err != nil || n < 0:
		f.state = endless
	case n == 0:
		f.state = inTrailer
	default:
		f.state, f.left = inChunk, n+int64(len("\r\n"))
	}
}
