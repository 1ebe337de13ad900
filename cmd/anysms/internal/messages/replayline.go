package messages

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

// maxReplayLine bounds a line of the file, in bytes.
const maxReplayLine = 8 << 20

var errLongLine = errors.New("the line is longer than 8 MiB")

// eachLine calls f for every line that is not blank, until f returns an error. The error
// that f gets is [errLongLine], or nil.
func eachLine(from io.Reader, f func(line int, text []byte, err error) error) error {
	in := bufio.NewReaderSize(from, 64<<10)
	var text []byte
	for line := 1; ; {
		piece, err := in.ReadSlice('\n')
		if len(text) <= maxReplayLine { // the rest of a longer one is skipped
			text = append(text, piece...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", line, err)
		}
		var long error
		if len(text) > maxReplayLine {
			long = errLongLine
		}
		if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 {
			if err := f(line, trimmed, long); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		text = text[:0]
		line++
	}
}

// replayed is a line of the file.
type replayed struct {
	Provider   string      `json:"provider"`
	Method     string      `json:"method"`
	URL        string      `json:"url"`
	Header     http.Header `json:"header"`
	Body       *string     `json:"body"`
	Base64     *string     `json:"body_base64"`
	RemoteIP   string      `json:"remote_ip"`
	ReceivedAt string      `json:"received_at"`
}

func parseReplayed(ctx context.Context, c *config.Config, line []byte) (name string, events []provider.Event, err error) {
	var r replayed
	if err := json.Unmarshal(line, &r); err != nil {
		wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
		switch {
		case ok && wrong.Field == "":
			return "", nil, fmt.Errorf("the line is a JSON %s; want one object in each line", wrong.Value)
		case ok:
			return "", nil, fmt.Errorf("%s: is a JSON %s; see the form of a line in --help", wrong.Field, wrong.Value)
		}
		return "", nil, fmt.Errorf("not a callback in JSON: %w", err)
	}
	if r.Provider == "" {
		return "", nil, errors.New("provider: must not be empty")
	}
	p, err := c.Provider(r.Provider)
	if err != nil {
		return "", nil, err
	}
	callback, err := r.callback()
	if err != nil {
		return "", nil, err
	}
	events, err = provider.ParseCallback(ctx, p.Provider, callback)
	return r.Provider, events, err
}

// callback is the request as the vendor made it.
func (r *replayed) callback() (c *provider.Callback, err error) {
	c = &provider.Callback{Method: r.Method, URL: r.URL, Header: http.Header{}, RemoteIP: r.RemoteIP, ReceivedAt: time.Now()}
	if r.Method == "" {
		c.Method = http.MethodPost
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, errors.New("url: not a URL")
	}
	c.Query = u.Query()
	switch {
	case r.Body != nil && r.Base64 != nil:
		return nil, errors.New("there are both body and body_base64; want one of them")
	case r.Body != nil:
		c.Body = []byte(*r.Body)
	case r.Base64 != nil:
		if c.Body, err = base64.StdEncoding.DecodeString(*r.Base64); err != nil {
			return nil, fmt.Errorf("body_base64: %w", err)
		}
	case u.RawQuery == "":
		return nil, errors.New("body: is missing, and the url has no values either")
	}
	if r.ReceivedAt != "" {
		if c.ReceivedAt, err = time.Parse(time.RFC3339, r.ReceivedAt); err != nil {
			return nil, fmt.Errorf("received_at: %q is not a time such as 2026-11-21T08:00:00Z", r.ReceivedAt)
		}
	}
	for key, values := range r.Header {
		c.Header[http.CanonicalHeaderKey(key)] = values
	}
	return c, nil
}
