package conformance_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
)

// lineDriver speaks the protocol of lineLab, with a connection for each request.
type lineDriver struct {
	address string
	timeout time.Duration
	wrong   string // what is broken; "" = nothing
	closed  atomic.Bool
	hears   sync.Mutex // held by Listen
}

func openLine(wrong string) func(string) (provider.Provider, error) {
	return func(address string) (provider.Provider, error) {
		return &lineDriver{address: address, timeout: 20 * time.Second, wrong: wrong}, nil
	}
}

func (d *lineDriver) Capabilities() provider.Capabilities {
	return provider.Capabilities{Features: provider.HasStatus | provider.HasEvents | provider.CanSetValidity}
}

func (d *lineDriver) Close() error {
	d.closed.Store(true)
	return nil
}

func (d *lineDriver) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if _, err := m.ExtraOf("line"); err != nil {
		return nil, err
	}
	if m.From != "" || !m.SendAt.IsZero() {
		return nil, provider.NewError(provider.Unsupported, "the protocol has no field for it")
	}
	text := m.Text
	if d.wrong == "short" && len(text) > 160 {
		text = text[:160]
	}
	words, err := d.ask(ctx, "SEND", m.To.Digits(), text, strconv.Itoa(int(m.Validity.Minutes())))
	if err != nil && d.wrong == "retries" {
		words, err = d.ask(ctx, "SEND", m.To.Digits(), text, strconv.Itoa(int(m.Validity.Minutes())))
	}
	if err != nil {
		return nil, err
	}
	return judgeLine(words)
}

func judgeLine(words []string) (*provider.Receipt, error) {
	switch {
	case len(words) == 2 && words[0] == "OK":
		return &provider.Receipt{ID: words[1]}, nil
	case len(words) == 2 && words[0] == "ERR" && words[1] == "1":
		return nil, &provider.Error{Code: provider.InvalidRecipient, VendorCode: "1"}
	case len(words) == 2 && words[0] == "ERR":
		return nil, &provider.Error{Code: provider.Rejected, VendorCode: words[1]}
	}
	return nil, provider.NewError(provider.Indeterminate, "the reply is not in the protocol")
}

func (d *lineDriver) Status(ctx context.Context, id string) (*provider.Event, error) {
	words, err := d.ask(ctx, "QUERY", id)
	switch {
	case err != nil:
		return nil, err
	case len(words) != 3 || words[0] != "STATE" || words[1] != id:
		return nil, provider.NewError(provider.Indeterminate, "the reply is not about this message")
	}
	status := provider.StatusUnknown
	switch words[2] {
	case "D":
		status = provider.StatusDelivered
	case "U":
		status = provider.StatusUndelivered
	}
	return &provider.Event{Kind: provider.Report, ID: id, Status: status, VendorStatus: words[2]}, nil
}

// Listen makes a connection again when it is lost.
func (d *lineDriver) Listen(ctx context.Context, handle func(context.Context, []provider.Event) error) error {
	if !d.hears.TryLock() {
		if d.wrong == "two listeners" {
			<-ctx.Done()
			return nil
		}
		return errors.New("another call of Listen is in progress")
	}
	defer d.hears.Unlock()
	for ctx.Err() == nil {
		if c, err := new(net.Dialer).DialContext(ctx, "tcp", d.address); err == nil {
			d.hear(ctx, c, handle)
		}
	}
	if d.wrong == "an error at the end" {
		return ctx.Err()
	}
	return nil
}

func (d *lineDriver) hear(ctx context.Context, c net.Conn, handle func(context.Context, []provider.Event) error) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	fmt.Fprintln(c, "LISTEN")
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadString('\n')
		words := lineWords(line)
		if err != nil || len(words) != 3 {
			return
		}
		e := provider.Event{Kind: provider.Report, ID: words[1], Status: provider.StatusUnknown, VendorStatus: words[2]}
		if words[2] == "D" {
			e.Status = provider.StatusDelivered
		}
		switch d.wrong {
		case "events are misread":
			e.Status = provider.StatusDelivered
		case "an event is lost":
			fmt.Fprintln(c, "ACK")
			continue
		case "acknowledged at once":
			fmt.Fprintln(c, "ACK")
			_ = handle(ctx, []provider.Event{e})
			continue
		}
		if handle(ctx, []provider.Event{e}) != nil {
			fmt.Fprintln(c, "NAK")
			continue
		}
		fmt.Fprintln(c, "ACK")
	}
}

// ask makes a request and reads its reply.
func (d *lineDriver) ask(ctx context.Context, command string, words ...string) ([]string, error) {
	if err := ctx.Err(); err != nil || d.closed.Load() {
		return nil, &provider.Error{Code: provider.Unavailable, Err: err}
	}
	c, err := new(net.Dialer).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, &provider.Error{Code: provider.Unavailable, Err: err}
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	line := command
	for _, w := range words {
		line += fmt.Sprintf(" %q", w)
	}
	_ = c.SetDeadline(time.Now().Add(d.timeout))
	fmt.Fprintln(c, line)
	reply, err := bufio.NewReader(c).ReadString('\n')
	switch {
	case ctx.Err() != nil:
		return nil, &provider.Error{Code: provider.Indeterminate, Err: ctx.Err()}
	case err != nil && d.wrong == "timeout is not sent":
		return nil, &provider.Error{Code: provider.Unavailable, Err: err}
	case err != nil:
		return nil, &provider.Error{Code: provider.Indeterminate, Err: errors.New("no reply")}
	}
	return lineWords(reply), nil
}

func lineHarness(wrong string) conformance.Harness {
	const source = "# source: line_lab_test.go\n"
	return conformance.Harness{
		Lab:   lineLab{},
		Open:  openLine(wrong),
		Extra: "line",
		OpenTimeout: func(address string, timeout time.Duration) (provider.Provider, error) {
			return &lineDriver{address: address, timeout: timeout, wrong: wrong}, nil
		},
		Replies: fstest.MapFS{
			"accepted.line":               reply(source + "# validity: minutes\nOK \"{{id}}\"\n"),
			"invalid_recipient.line":      reply(source + "# vendor_code: 1\nERR \"1\"\n"),
			"rejected.line":               reply(source + "# vendor_code: 7\nERR \"7\"\n"),
			"calls/status.delivered.line": reply(source + "# args: {\"id\":\"a1\"}\n# request: QUERY\n# want: {\"status\":\"delivered\"}\nSTATE \"a1\" \"D\"\n"),
			"events/delivered.line":       reply(source + "# event: {\"id\":\"a1\",\"status\":\"delivered\",\"vendor_status\":\"D\"}\nEVENT \"a1\" \"D\"\n"),
			"events/other.line":           reply(source + "# event: {\"id\":\"a2\",\"status\":\"unknown\"}\nEVENT \"a2\" \"?\"\n"),
			"calls/status.failed.line":    reply(source + "# args: {\"id\":\"a2\"}\n# want: {\"status\":\"undelivered\"}\nSTATE \"a2\" \"U\"\n"),
		},
	}
}

// TestAnotherLab runs the suite over a transport that is not HTTP.
func TestAnotherLab(t *testing.T) {
	report := conformance.Check(t.Context(), lineHarness(""))
	require.NoError(t, report.Err())
	assert.Equal(t, conformance.Conformant, report.Verdict())
	assert.Greater(t, report.Count(conformance.Passed), 50)
	for _, r := range report.Results {
		assert.False(t, strings.HasPrefix(r.ID, "status."), r.ID)
	}
}

func TestAnotherLabCatches(t *testing.T) {
	for wrong, ids := range map[string][]string{
		"short":               {"text.long"},
		"retries":             {"requests.one", "fault.close-after-read"},
		"timeout is not sent": {"timeout.hang-after-read", "fault.close-after-read", "requests.reused-drop"},

		"events are misread":   {"events.golden"},
		"an event is lost":     {"events.golden", "events.refused"},
		"acknowledged at once": {"events.refused"},
		"two listeners":        {"events.one-listener"},
		"an error at the end":  {"events.golden", "events.one-listener"},
	} {
		t.Run(wrong, func(t *testing.T) {
			t.Parallel()
			report := conformance.CheckOnly(t.Context(), lineHarness(wrong), ids...)
			assert.Equal(t, len(ids), report.Count(conformance.Failed), "%v", report.Err())
		})
	}
}
