package analysis

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
)

// annotator writes a copy of the rows as CSV, with the findings about each in
// added columns. Rows keep their order.
type annotator struct {
	mu     sync.Mutex
	turn   sync.Cond
	next   int // the block whose turn it is
	out    *bufio.Writer
	failed error
}

// added are the names of the added columns, before the prices.
var added = []string{"encoding", "units", "segments", "country", "problem"}

// newAnnotator writes the header. Without Options.Annotate it returns nil, which
// writes nothing.
func newAnnotator(r table.Reader, opts *Options) (*annotator, error) {
	if opts.Annotate == nil {
		return nil, nil
	}
	if r.Lines() {
		return nil, errors.New("cannot annotate JSON Lines, which have no columns; want CSV, TSV or XLSX")
	}
	a := &annotator{out: bufio.NewWriter(opts.Annotate)}
	a.turn.L = &a.mu
	var header []byte
	if opts.Mark {
		header = append(header, "\ufeff"...)
	}
	header = appendRecord(header, r.Columns())
	for _, name := range added {
		header = append(append(header, ','), name...)
	}
	for _, p := range opts.Prices {
		header = appendField(append(header, ','), "cost_"+p.Provider+"_"+p.Book.Currency())
	}
	_, a.failed = a.out.Write(append(header, '\n'))
	return a, nil
}

// row appends one row with its added columns; each is tally.each.
func (a *annotator) row(b []byte, r *table.Row, m *message, bad problem, opts *Options, each []int64) []byte {
	b = appendRecord(b, r.Fields)
	if !bad.none() {
		b = append(b, ",,,,"...)
		b = appendField(append(b, ','), bad.text)
		return append(append(b, strings.Repeat(",", len(opts.Prices))...), '\n')
	}
	b = append(append(b, ','), m.Encoding.String()...)
	b = strconv.AppendInt(append(b, ','), int64(m.Units), 10)
	b = strconv.AppendInt(append(b, ','), int64(m.Segments), 10)
	b = append(append(b, ','), m.country...)
	b = append(b, ',')
	for i, p := range opts.Prices {
		b = append(b, ',')
		price := provider.Money{Micros: each[i], Currency: p.Book.Currency()}
		if each[i] < 0 {
			continue
		}
		if total, err := price.Mul(m.Segments); err == nil {
			b = append(b, total.Amount()...)
		}
	}
	return append(b, '\n')
}

func appendRecord(b []byte, fields []string) []byte {
	for i, field := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendField(b, field)
	}
	return b
}

// appendField quotes where RFC 4180 requires it.
func appendField(b []byte, field string) []byte {
	if !strings.ContainsAny(field, ",\"\r\n") {
		return append(b, field...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(field, `"`, `""`)...)
	return append(b, '"')
}

// write waits for the block's turn. Blocks are processed concurrently, and the one
// before is always being processed, so that the wait ends.
func (a *annotator) write(b *block) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.next != b.number {
		a.turn.Wait()
	}
	if a.failed == nil {
		_, a.failed = a.out.Write(b.output)
	}
	a.next++
	a.turn.Broadcast()
}

func (a *annotator) close() error {
	if a == nil {
		return nil
	}
	if a.failed == nil {
		a.failed = a.out.Flush()
	}
	if a.failed != nil {
		return fmt.Errorf("annotate: %w", a.failed)
	}
	return nil
}
