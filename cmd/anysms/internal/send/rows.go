package send

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/suggest"
	"github.com/anysms/anysms/router/numbering"
)

// optional are the columns of a file of messages beside the numbers and the texts.
var optional = []string{"from", "ref", "class", "tag", "validity", "send_at"}

// reader makes messages of the rows of a file, and finds the row of each result.
type reader struct {
	from   *source.File
	rows   table.Reader
	base   *provider.Message // the flags, for empty fields
	region string            // of national numbers
	queues bool              // the messages are queued, not sent

	to     int // index of the column of numbers
	texts  texts
	others []column // the optional ones that the file has

	repeats       *repeats
	refuseRepeats bool
	repeatsKnown  int // repeats whose message was known already

	mu       sync.Mutex
	inFlight map[int]row // by index of the message
	readErr  error       // why the file could not be read to its end
}

// texts says where the texts of the rows come from: a column, or a template and its
// columns. Without either, they are all that of the base message.
type texts struct {
	column   int // -1 = none
	template *table.Template
	at       []int // the template's columns
	values   []string
	buffer   []byte
}

// column is a column by its name and index.
type column struct {
	name string
	at   int
}

// row is what is kept of a row while its message is in flight.
type row struct {
	line   int
	bad    *provider.Error // why it is not a message
	repeat bool            // it repeats an earlier row
}

// newReader finds the columns of a file.
func newReader(file *input.File, base *provider.Message) (*reader, error) {
	r := &reader{from: file.File, rows: file.Rows, base: base, repeats: newRepeats()}
	var err error
	r.texts = texts{column: -1, template: file.Template}
	if file.Template == nil {
		r.texts.column, err = table.Find(file.Rows, file.Text)
	} else {
		r.texts.at, err = file.Template.Find(file.Rows)
		r.texts.values = make([]string, len(r.texts.at))
	}
	if err != nil {
		return nil, err
	}
	if r.to, err = table.Find(file.Rows, file.To); err != nil {
		return nil, err
	}
	for _, name := range optional {
		at := table.Index(file.Rows, name)
		if at < 0 {
			continue
		}
		if !file.Rows.Lines() { // which have the keys that were asked for
			if _, err := table.Find(file.Rows, name); err != nil {
				return nil, err
			}
		}
		r.others = append(r.others, column{name, at})
	}
	return r, nil
}

// numbersReader reads one number in each line, for messages with the same text.
func numbersReader(from *source.File, base *provider.Message) *reader {
	return &reader{from: from, rows: table.List(from, "to"), base: base, texts: texts{column: -1}, repeats: newRepeats()}
}

// ignored lists the columns that are not read.
func (r *reader) ignored() (names []string) {
	for i, name := range r.rows.Columns() {
		other := slices.ContainsFunc(r.others, func(c column) bool { return c.at == i })
		if i != r.to && i != r.texts.column && !other && !slices.Contains(r.texts.at, i) {
			names = append(names, fmt.Sprintf("%q", name))
		}
	}
	return names
}

func (t *texts) of(fields []string) string {
	if t.template == nil {
		return fields[t.column]
	}
	for i, at := range t.at {
		t.values[i] = fields[at]
	}
	t.buffer = t.template.Merge(t.buffer[:0], t.values, -1)
	return string(t.buffer)
}

// notes are warnings about the rows that were read.
func (r *reader) notes() (lines []string) {
	if words := r.repeated(); words != "" {
		lines = append(lines, words)
	}
	if n := r.rows.Hidden(); n > 0 {
		lines = append(lines, fmt.Sprintf("%s left out, as the worksheet hides them; --hidden-rows reads them", cli.Plural(n, "row")))
	}
	return lines
}

// repeated says how many rows repeat earlier ones; "" = none.
func (r *reader) repeated() string {
	if r.repeats.count == 0 {
		return ""
	}
	lines := make([]string, len(r.repeats.lines))
	for i, line := range r.repeats.lines {
		lines[i] = strconv.Itoa(line)
	}
	more := ""
	if r.repeats.count > len(lines) {
		more = ", …"
	}
	return fmt.Sprintf("%s the number, text, sender and time of an earlier row (line %s%s): %s", repeat(r.repeats.count), strings.Join(lines, ", "), more, r.becameOfRepeats())
}

// becameOfRepeats says what was done with the rows that repeat earlier ones.
func (r *reader) becameOfRepeats() string {
	const hint = "; --duplicates refuse refuses such rows"
	done := "sent"
	if r.queues {
		done = "queued"
	}
	switch others := r.repeats.count - r.repeatsKnown; {
	case r.refuseRepeats:
		return "refused"
	case r.repeatsKnown == 0:
		return done + " like any other" + hint
	case others == 0:
		return "known already, and not " + done + " again"
	default:
		return fmt.Sprintf("%s known already, and not %s again; %s %s like any other%s", cli.Grouped(r.repeatsKnown), done, cli.Grouped(others), done, hint)
	}
}

func repeat(n int) string {
	if n == 1 {
		return "1 row repeats"
	}
	return cli.Grouped(n) + " rows repeat"
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
					r.readErr = fmt.Errorf("%s: after line %d: %w", r.from.Name, r.rows.NextLine()-1, err)
				}
				return
			}
			before := r.repeats.count
			m, bad := r.message(next)
			r.mu.Lock()
			r.inFlight[index] = row{next.Line, bad, r.repeats.count > before}
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
	if r.texts.column >= 0 || r.texts.template != nil {
		m.Text = r.texts.of(next.Fields)
	}
	for _, c := range r.others {
		if err := setField(m, c.name, next.Fields[c.at]); err != nil {
			return m, provider.NewError(provider.InvalidMessage, fmt.Sprintf("column %q: %v", c.name, err))
		}
	}
	to, _, err := numbering.Parse(next.Fields[r.to], r.region)
	if err != nil {
		return m, provider.NewError(provider.InvalidRecipient, input.NumberReason(err))
	}
	if first, again := r.repeats.add(to, m, next.Line); again && r.refuseRepeats {
		return m, provider.NewError(provider.InvalidMessage, fmt.Sprintf("the row repeats an earlier one: same number, text, sender and time%s %d)", onLine, first))
	}
	m.To = to
	return m, nil
}

// onLine precedes the line of an earlier row in a reason.
const onLine = " (line"

// setField sets a field from its column. An empty value leaves what the flags say.
func setField(m *provider.Message, column, value string) (err error) {
	if value == "" {
		return nil
	}
	switch column {
	case "from":
		m.From = value
	case "ref":
		m.Ref = value
	case "tag":
		m.Tag = value
	case "class":
		m.Class, err = parseClass(value)
	case "validity":
		if m.Validity, err = time.ParseDuration(value); err != nil || m.Validity <= 0 {
			return fmt.Errorf("got %q; want a positive duration such as 90s", value)
		}
	case "send_at":
		m.SendAt, err = parseTime(value)
	}
	return err
}

var classes = []string{string(provider.OTP), string(provider.Transactional), string(provider.Marketing)}

func parseClass(s string) (provider.Class, error) {
	if !slices.Contains(classes, s) {
		return "", fmt.Errorf("unknown class %q%s; want %s", s, suggest.DidYouMean(s, classes), strings.Join(classes, ", "))
	}
	return provider.Class(s), nil
}

func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("got %q; want a time such as 2030-01-02T15:04:05Z", s)
	}
	return t, nil
}
