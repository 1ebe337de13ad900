package messages

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
)

const replayHelp = `Process callbacks from a JSON Lines file, such as a log, as if the vendors had just sent
them. Each line is one request:

  {"provider": "athens", "method": "POST", "url": "https://…", "header": {"Content-Type": ["application/json"]}, "body": "…"}

Only provider and body are required; use body_base64 instead of body for binary data.
Signatures are verified. A callback that was recorded before changes nothing, so a file
can be replayed again after an interruption. Invalid lines are reported and skipped, and
the exit code is then 1; so it is if an item of a batch cannot be read, which is kept as
"anysms webhook unreadable" shows.`

// maxReplayLine bounds a line of the file.
const maxReplayLine = 8 << 20

func (a *app) replayCommand() *cobra.Command {
	var conf cli.ConfigFlag
	cmd := &cobra.Command{
		Use:     "replay FILE",
		Short:   "Process callbacks from a file",
		Long:    replayHelp,
		Example: "  anysms webhook replay callbacks.jsonl",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInput(args[0], func(in io.Reader) error {
				return withProviders(cmd.Context(), &conf, func(c *config.Config, l *ledger.Ledger) error {
					return a.replay(cmd.Context(), c, l, args[0], in)
				})
			})
		},
	}
	conf.AddTo(cmd)
	return cmd
}

// replayed is a line of the file.
type replayed struct {
	Provider   string      `json:"provider"`
	Method     string      `json:"method"`
	URL        string      `json:"url"`
	Header     http.Header `json:"header"`
	Body       string      `json:"body"`
	Bytes      []byte      `json:"body_base64"`
	RemoteIP   string      `json:"remote_ip"`
	ReceivedAt time.Time   `json:"received_at"`
}

func (a *app) replay(ctx context.Context, c *config.Config, l *ledger.Ledger, name string, in io.Reader) error {
	var total ledger.Recorded
	wrong, unread, line := 0, 0, 0
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxReplayLine)
	for lines.Scan() {
		line++
		if len(lines.Bytes()) == 0 {
			continue
		}
		p, events, err := parseReplayed(ctx, c, lines.Bytes())
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			wrong++
			fmt.Fprintf(a.Err, "%s:%d: %s\n", name, line, provider.Mask(err.Error()))
			continue
		}
		counts, err := l.Record(ctx, p, events...)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
		total.Add(counts)
		if bad := unreadIn(events); bad > 0 {
			unread += bad
			fmt.Fprintf(a.Err, "%s:%d: %s of the batch could not be read; the others are recorded, see \"anysms webhook unreadable\"\n", name, line, cli.Plural(bad, "item"))
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", name, line+1, err)
	}
	fmt.Fprintf(a.Err, "%s, %d known already, %d about no known message, %d settled doubt; left out %s\n",
		cli.Plural(total.New, "new event"), total.Repeated, total.Unmatched, total.Settled, cli.Plural(wrong, "line"))
	if wrong+unread > 0 {
		return &cli.ExitError{Code: 1}
	}
	return nil
}

// unreadIn counts the items of a batch that could not be read.
func unreadIn(events []provider.Event) (n int) {
	for i := range events {
		if events[i].Kind == provider.Unreadable {
			n++
		}
	}
	return n
}

func parseReplayed(ctx context.Context, c *config.Config, line []byte) (name string, events []provider.Event, err error) {
	var r replayed
	if err := json.Unmarshal(line, &r); err != nil {
		return "", nil, fmt.Errorf("not a callback in JSON: %w", err)
	}
	p, err := c.Provider(r.Provider)
	if err != nil {
		return "", nil, err
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return "", nil, errors.New("url: not a URL")
	}
	callback := &provider.Callback{
		Method: r.Method, URL: r.URL, Query: u.Query(), Header: http.Header{}, Body: []byte(r.Body), RemoteIP: r.RemoteIP, ReceivedAt: r.ReceivedAt,
	}
	if r.Method == "" {
		callback.Method = http.MethodPost
	}
	if r.Bytes != nil {
		callback.Body = r.Bytes
	}
	if callback.ReceivedAt.IsZero() {
		callback.ReceivedAt = time.Now()
	}
	for key, values := range r.Header {
		callback.Header[http.CanonicalHeaderKey(key)] = values
	}
	events, err = provider.ParseCallback(ctx, p.Provider, callback)
	return r.Provider, events, err
}
