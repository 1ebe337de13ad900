package httpcall

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const extra = "HTTP/1.1 200 OK\r\n\r\nextra"

func TestFramingFindsTheEnd(t *testing.T) {
	for name, tt := range map[string]struct{ method, response string }{
		"length":             {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		"line feeds":         {"POST", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"},
		"no body":            {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		"204":                {"POST", "HTTP/1.1 204 No Content\r\n\r\n"},
		"304 with a length":  {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
		"HEAD":               {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
		"HEAD, chunked":      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		"chunked":            {"POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"},
		"chunked, trailer":   {"POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n"},
		"blank lines within": {"POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n\r\n\r\n\r\n\r\n5\r\n\r\n0\r\n\r\n0\r\n\r\n"},
		"longest header":     {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: " + strings.Repeat("x", DefaultMaxResponse-len("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: \r\n\r\n")+1) + "\r\n\r\nok"},
		"longest chunk line": {"POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + strings.Repeat("x", maxChunkLine-len("5;")) + "\nhello\r\n0\r\n\r\n"},
		"no chunks":          {"POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		"continue":           {"POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 199 Soon\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, after := range []string{"", extra, "x", "\r\n"} {
				for _, step := range []int{1, 2, 3, 1000} {
					var f framing
					taken := takeAll(&f, []byte(tt.response+after), tt.method, step)
					require.Equal(t, len(tt.response), taken)
					require.Equal(t, complete, f.state)
				}
			}
		})
	}
}

func TestFramingWithoutAnEnd(t *testing.T) {
	for name, response := range map[string]string{
		"until the connection closes": "HTTP/1.1 200 OK\r\n\r\nhello",
		"another protocol":            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello",
		"not HTTP":                    "220 mail.example\r\n\r\nhello",
		"no number as length":         "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
		"no number as chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello",
		"negative chunk":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello",
		"long chunk line":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + strings.Repeat("x", 5000),
		"long header":                 "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", DefaultMaxResponse),
	} {
		t.Run(name, func(t *testing.T) {
			var f framing
			assert.Equal(t, len(response+extra), takeAll(&f, []byte(response+extra), "POST", 1<<16))
			assert.Equal(t, endless, f.state)
		})
	}
	var f framing
	takeAll(&f, []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"), "POST", 7)
	assert.Equal(t, inBody, f.state, "there is more to come")
}

// takeAll gives the bytes in steps until the response is complete.
func takeAll(f *framing, b []byte, method string, step int) (taken int) {
	for taken < len(b) {
		part := b[taken:min(taken+step, len(b))]
		n := f.take(part, method)
		taken += n
		if n < len(part) {
			break
		}
	}
	return taken
}

// Where net/http reads a whole response, the framing ends at the same byte, in
// whatever pieces it comes.
func FuzzFraming(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"+extra), uint8(3))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n\r\n"+extra), uint8(1))
	f.Add([]byte("HTTP/1.1 100 Continue\n\nHTTP/1.0 200 OK\nContent-Length: 1\nContent-Length: 1\n\nx"+extra), uint8(7))
	f.Add([]byte("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), uint8(2))
	f.Add([]byte("HTTP/1.1 200 OK\r\nX: y\r\n z\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), uint8(9))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		for _, method := range []string{http.MethodPost, http.MethodHead} {
			want, ok := lengthByNetHTTP(b, method)
			var f framing
			taken := takeAll(&f, b, method, int(step)+1)
			if ok && (f.state == complete || taken < len(b)) && taken != want {
				t.Errorf("%s: %q: the framing takes %d bytes, net/http %d", method, b, taken, want)
			}
			if ok && want < len(b) && f.state != complete {
				t.Errorf("%s: %q: net/http ends after %d bytes, the framing does not", method, b, want)
			}
		}
	})
}

// lengthByNetHTTP is how many bytes net/http reads of a response that has an end.
func lengthByNetHTTP(b []byte, method string) (n int, ok bool) {
	from := bytes.NewReader(b)
	r := bufio.NewReaderSize(from, len(b)+16)
	for {
		response, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil || response.StatusCode == http.StatusSwitchingProtocols {
			return 0, false
		}
		if response.StatusCode <= 199 {
			continue
		}
		if response.ContentLength < 0 && len(response.TransferEncoding) == 0 && method != http.MethodHead {
			return 0, false
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return 0, false
		}
		return len(b) - from.Len() - r.Buffered(), true
	}
}
