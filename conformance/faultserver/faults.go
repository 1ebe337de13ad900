package faultserver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Fault is one kind of failure.
type Fault struct {
	Name   string // stable
	Doc    string // what the client sees
	Intake Intake // how the request is read
	// Reply modifies the good response; nil = it is sent unchanged.
	Reply func(good Response) Reply
}

// Sizes of the floods, in bytes. They are far larger than any real response, and
// small enough to be sent over loopback quickly.
const (
	HugeBody   = 20 << 20
	BombBody   = 32 << 20 // uncompressed
	FloodLimit = 16 << 20
)

// Faults lists the faults.
func Faults() []Fault {
	return []Fault{
		{Name: "reset-before-read", Doc: "the connection is reset before the request is read", Intake: ResetBeforeRead},
		{Name: "hang-before-read", Doc: "the connection is accepted, and nothing is read", Intake: HangBeforeRead},
		{Name: "reset-in-request", Doc: "the connection is reset in the middle of the request", Intake: ResetInRequest},
		{Name: "slow-read", Doc: "the request is read byte by byte, then gets the good response", Intake: ReadSlowly},
		{Name: "gibberish", Doc: "the response is not HTTP", Intake: Gibberish},
		{Name: "reset-after-read", Doc: "the request is read, then the connection is reset", Reply: always(Reply{End: Reset})},
		{Name: "close-after-read", Doc: "the request is read, then the connection is closed", Reply: always(Reply{End: Close})},
		{Name: "h2-goaway", Doc: "HTTP/2: the request is read, then the server sends GOAWAY", Reply: always(Reply{End: GoAway})},
		{Name: "h2-refused-stream", Doc: "HTTP/2: the stream is refused", Reply: always(Reply{End: RefuseStream})},
		{Name: "hang-after-read", Doc: "the request is read, and never gets a response", Reply: always(Reply{End: Hang})},
		{Name: "hang-in-head", Doc: "the response stops in its header", Reply: always(Reply{Bytes: []byte("HTTP/1.1 200 OK\r\nContent-"), End: Hang})},
		{Name: "hang-in-body", Doc: "the response stops in its body", Reply: func(good Response) Reply {
			return Reply{Bytes: short(good), End: Hang}
		}},
		{Name: "slow-response", Doc: "the good response is sent slowly", Reply: func(good Response) Reply {
			return Reply{Bytes: good.Bytes(), Chunk: 16, Pause: time.Millisecond}
		}},
		{Name: "truncated-length", Doc: "the body is shorter than its Content-Length", Reply: func(good Response) Reply {
			return Reply{Bytes: short(good), End: Close}
		}},
		{Name: "truncated-chunk", Doc: "the chunked body ends inside a chunk", Reply: truncatedChunk},
		{Name: "missing-last-chunk", Doc: "the chunked body has no last chunk", Reply: missingLastChunk},
		{Name: "empty-200", Doc: "status 200 with an empty body", Reply: fixed(200, "", "")},
		{Name: "html-200", Doc: "status 200 with a web page", Reply: fixed(200, "text/html", page)},
		{Name: "json-null", Doc: "status 200 with the JSON value null", Reply: fixed(200, "application/json", "null")},
		{Name: "json-empty", Doc: "status 200 with an empty JSON object", Reply: fixed(200, "application/json", "{}")},
		{Name: "json-list", Doc: "status 200 with an empty JSON list", Reply: fixed(200, "application/json", "[]")},
		{Name: "json-deep", Doc: "status 200 with a hundred thousand nested lists", Reply: fixed(200, "application/json", strings.Repeat("[", 100_000))},
		{Name: "chunked", Doc: "the good response is chunked", Reply: chunked},
		{Name: "bom", Doc: "the body of the good response starts with a byte order mark", Reply: func(good Response) Reply {
			good.Body = append([]byte("\xef\xbb\xbf"), good.Body...)
			return good.Reply()
		}},
		{Name: "gzip", Doc: "the good response is compressed", Reply: func(good Response) Reply {
			good = good.With("Content-Encoding", "gzip")
			good.Body = zipped(good.Body)
			return good.Reply()
		}},
		{Name: "gzip-bomb", Doc: "the good response follows 32 MiB of compressed spaces", Reply: func(good Response) Reply {
			good = good.With("Content-Encoding", "gzip")
			good.Body = append(bytes.Repeat(zippedBlanks(), BombBody/blankSize), zipped(good.Body)...)
			return good.Reply()
		}},
		{Name: "huge-body", Doc: "the good response follows 20 MiB of spaces", Reply: hugeBody},
		{Name: "header-flood", Doc: "the header never ends", Reply: headerFlood},
		{Name: "continue", Doc: "an unrequested 100 Continue comes first", Reply: preceded("HTTP/1.1 100 Continue\r\n\r\n")},
		{Name: "informational", Doc: "102 and 103 responses come first", Reply: preceded(
			"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")},
	}
}

// FaultNamed returns the fault with a name.
func FaultNamed(name string) (Fault, error) {
	for _, f := range Faults() {
		if f.Name == name {
			return f, nil
		}
	}
	return Fault{}, fmt.Errorf("faultserver: unknown fault %q", name)
}

const page = "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>"

// Page is a response with a web page, like those of proxies.
func Page(status int) Response {
	return Response{Status: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte(page)}
}

func always(r Reply) func(Response) Reply { return func(Response) Reply { return r } }

func fixed(status int, contentType, body string) func(Response) Reply {
	a := Response{Status: status, Body: []byte(body)}
	if contentType != "" {
		a = a.With("Content-Type", contentType)
	}
	return always(a.Reply())
}

func preceded(first string) func(Response) Reply {
	return func(good Response) Reply { return Reply{Bytes: append([]byte(first), good.Bytes()...)} }
}

// short is the response without the second half of its body.
func short(good Response) []byte {
	whole := good.Bytes()
	return whole[:len(whole)-max(1, len(good.Body)/2)]
}

func chunkedHead(good Response) *bytes.Buffer {
	var b bytes.Buffer
	good.head(&b, -1)
	b.Truncate(b.Len() - len("\r\n"))
	b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	return &b
}

func chunked(good Response) Reply {
	b := chunkedHead(good)
	for i := range good.Body {
		fmt.Fprintf(b, "1\r\n%s\r\n", good.Body[i:i+1])
	}
	b.WriteString("0\r\n\r\n")
	return Reply{Bytes: b.Bytes()}
}

func truncatedChunk(good Response) Reply {
	b := chunkedHead(good)
	fmt.Fprintf(b, "%x\r\n", len(good.Body)+1)
	b.Write(good.Body[:len(good.Body)/2])
	return Reply{Bytes: b.Bytes(), End: Close}
}

func missingLastChunk(good Response) Reply {
	b := chunkedHead(good)
	fmt.Fprintf(b, "%x\r\n%s\r\n", len(good.Body), good.Body)
	return Reply{Bytes: b.Bytes(), End: Close}
}

func hugeBody(good Response) Reply {
	var b bytes.Buffer
	good.head(&b, HugeBody+len(good.Body))
	return Reply{
		Bytes:  b.Bytes(),
		Stream: io.MultiReader(io.LimitReader(&repeated{line: bytes.Repeat([]byte(" "), 64<<10)}, HugeBody), bytes.NewReader(good.Body)),
	}
}

func headerFlood(Response) Reply {
	return Reply{
		Bytes:  []byte("HTTP/1.1 200 OK\r\n"),
		Stream: io.LimitReader(&repeated{line: []byte("X-Flood: " + strings.Repeat("a", 8<<10) + "\r\n")}, FloodLimit),
		End:    Close,
	}
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // a buffer does not fail
	_ = w.Close()
	return out.Bytes()
}

const blankSize = 1 << 20

// zippedBlanks is one gzip member; a file may have several (RFC 1952 §2.2).
var zippedBlanks = sync.OnceValue(func() []byte { return zipped(bytes.Repeat([]byte(" "), blankSize)) })

// repeated is one line, repeated for ever.
type repeated struct {
	line []byte
	at   int
}

func (r *repeated) Read(b []byte) (int, error) {
	n := copy(b, r.line[r.at:])
	r.at = (r.at + n) % len(r.line)
	return n, nil
}
