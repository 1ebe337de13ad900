package send

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/numbering"
)

// columns are the columns of a file of messages. The first ones are required.
var columns = []string{"to", "text", "from", "ref", "class", "tag", "validity", "send_at"}

const required = 2

// reader makes messages of the rows of a file, and finds the row of each result.
type reader struct {
	rows   table.Reader
	base   *provider.Message // the flags, for empty fields
	region string            // of national numbers

	mu       sync.Mutex
	inFlight map[int]row // by index of the message
	readErr  error       // why the file could not be read to its end
}

// row is what is kept of a row while its message is in flight.
type row struct {
	line int
	bad  *provider.Error // why it is not a message
}

// messages reads the rows as messages until stopped. A row that is not a message is
// yielded without a number, so that it gets a result too.
func (r *reader) messages(stopped func() bool) iter.Seq[*provider.Message] {
	r.inFlight = make(map[int]row)
	return func(yield func(*provider.Message) bool) {
		for index := 0; !stopped(); index++ {
			next, err := r.rows.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					r.readErr = fmt.Errorf("line %d: %w", r.rows.NextLine(), err)
				}
				return
			}
			m, bad := r.message(next)
			r.mu.Lock()
			r.inFlight[index] = row{next.Line, bad}
			r.mu.Unlock()
			if !yield(m) {
				return
			}
		}
	}
}

// message makes a message of a row; bad is why it cannot.
func (r *reader) message(next table.Row) (m *provider.Message, bad *provider.Error) {
	m = r.base.Clone()
	if next.Problem != "" {
		return m, provider.NewError(provider.InvalidMessage, "the row cannot be read: "+next.Problem)
	}
	number := ""
	for i, name := range r.rows.Columns() {
		if value := next.Fields[i]; name == "to" {
			number = value
		} else if err := setField(m, name, value); err != nil {
			return m, provider.NewError(provider.InvalidMessage, fmt.Sprintf("column %q: %v", name, err))
		}
	}
	to, _, err := numbering.Parse(number, r.region)
	if err != nil {
		return m, provider.NewError(provider.InvalidRecipient, cli.Reason(err))
	}
	m.To = to
	return m, nil
}

// setField sets a field from its column. An empty value leaves what the flags say.
func setField(m *provider.Message, column, value string) (err error) {
	if value == "" && column != "text" {
		return nil
	}
	switch column {
	case "text":
		m.Text = value
	case "from":
		m.From = value
	case "ref":
		m.Ref = value
	case "tag":
		m.Tag = value
	case "class":
		m.Class = provider.Class(value)
		if !slices.Contains([]provider.Class{provider.OTP, provider.Transactional, provider.Marketing}, m.Class) {
			return fmt.Errorf("unknown class %q; want otp, transactional or marketing", value)
		}
	case "validity":
		if m.Validity, err = time.ParseDuration(value); err != nil || m.Validity <= 0 {
			return fmt.Errorf("got %q; want a positive duration such as 90s", value)
		}
	case "send_at":
		if m.SendAt, err = time.Parse(time.RFC3339, value); err != nil {
			return fmt.Errorf("got %q; want a time such as 2030-01-02T15:04:05Z", value)
		}
	}
	return nil
}

// rowOf completes a result with its row.
func (r *reader) rowOf(result *router.Result) *rowResult {
	r.mu.Lock()
	own := r.inFlight[result.Index]
	delete(r.inFlight, result.Index)
	r.mu.Unlock()
	if own.bad != nil {
		result.Status, result.Code, result.Message = provider.OutcomeRefused, own.bad.Code, cli.Reason(own.bad)
	}
	return &rowResult{own.line, result}
}

// rowResult is the result of a row.
type rowResult struct {
	line int // physical line where the row starts; the header is line 1
	*router.Result
}

// MarshalJSON writes the result with its line.
func (r *rowResult) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(r.Result)
	if err != nil {
		return nil, err
	}
	withLine := strconv.AppendInt([]byte(`{"line":`), int64(r.line), 10)
	return append(append(withLine, ','), b[1:]...), nil
}

func (r *rowResult) text(s style.Style) string {
	text := fmt.Sprintf("line %d: %s", r.line, resultLine(r.Result, s))
	if r.Replayed {
		text += " (earlier result)"
	}
	return text
}
