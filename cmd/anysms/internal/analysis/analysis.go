// Package analysis reads files of messages, row by row in bounded memory, and
// counts what sending them takes.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/anysms/anysms/encoding/segment"
)

// MaxInvalid is how many invalid rows are listed; all are counted.
const MaxInvalid = 1000

// Options says what a file holds and how its texts are encoded.
type Options struct {
	Name       string  // the file's, for errors and to tell its format
	Format     *Format // nil = told from the name and the header
	TextColumn string
	ToColumn   string // "" = numbers are not judged
	// Judge says what is wrong with a number; it is called where ToColumn is set.
	Judge   func(raw string) error
	Segment *segment.Options
}

// Totals is what a file comes to. Rows = Messages + InvalidRows.
type Totals struct {
	Rows        int        `json:"rows"`         // data rows, the header apart
	Messages    int        `json:"messages"`     // valid rows
	InvalidRows int        `json:"invalid_rows"` // rows that no message can be made of
	Segments    int        `json:"segments"`
	ByEncoding  ByEncoding `json:"by_encoding"`
	Unsendable  int        `json:"unsendable"` // messages of more segments than one message can have
	Invalid     []Invalid  `json:"invalid"`    // the first MaxInvalid of them

	Format Format `json:"-"` // in which the file was read
}

// ByEncoding parts the totals by encoding.
type ByEncoding struct {
	GSM7 Count `json:"gsm7"`
	UCS2 Count `json:"ucs2"`
}

// Count is a number of messages and of their segments.
type Count struct {
	Messages int `json:"messages"`
	Segments int `json:"segments"`
}

// Invalid is a row that no message can be made of.
type Invalid struct {
	Line   int    `json:"line"` // physical line on which the row begins; the header is 1
	Reason string `json:"reason"`
}

// File reads a file to its end and adds up. A row that cannot be read or sent is
// counted and listed, and the rest goes on. An error means that the file could
// not be used, or not to its end: the totals then hold what was read before, or
// are nil.
func File(ctx context.Context, from io.Reader, opts Options) (*Totals, error) {
	r := newRows(from)
	c := counter{opts: opts, totals: Totals{Invalid: []Invalid{}}}
	if err := c.readHeader(r); err != nil {
		return nil, err
	}
	for {
		// A context is asked once per so many rows: it costs more than a row.
		if c.totals.Rows%1024 == 0 && ctx.Err() != nil {
			return &c.totals, fmt.Errorf("%s: stopped after line %d: %w", opts.Name, r.line-1, context.Cause(ctx))
		}
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return &c.totals, nil
		}
		if err != nil {
			return &c.totals, fmt.Errorf("%s: line %d: %w", opts.Name, r.line, err)
		}
		c.add(row)
	}
}

// counter adds up the rows of one file.
type counter struct {
	opts     Options
	columns  int
	text, to int // places of the columns; to < 0 = there is none
	totals   Totals
}

// readHeader reads the first line, tells the format and finds the columns.
func (c *counter) readHeader(r *rows) error {
	r.fill()
	if err := checkEncoding([]byte(r.data[:min(len(r.data), 4096)])); err != nil {
		return fmt.Errorf("%s: %w", c.opts.Name, err)
	}
	r.data = strings.TrimPrefix(r.data, "\ufeff")
	first, _, _ := strings.Cut(r.data, "\n")
	r.format = detect(c.opts.Name, first)
	if c.opts.Format != nil {
		r.format = *c.opts.Format
	}
	c.totals.Format = r.format

	header, err := r.next()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the file is empty; want a header line with the names of the columns", c.opts.Name)
	case err != nil:
		return fmt.Errorf("%s: %w", c.opts.Name, err)
	case header.problem != "":
		return fmt.Errorf("%s: line 1: %s", c.opts.Name, header.problem)
	}
	names := slices.Clone(header.fields)
	c.columns = len(names)
	if c.text, err = c.find(names, c.opts.TextColumn); err != nil {
		return err
	}
	c.to = -1
	if c.opts.ToColumn != "" {
		c.to, err = c.find(names, c.opts.ToColumn)
	}
	return err
}

// find finds a column by its name in the header.
func (c *counter) find(header []string, name string) (int, error) {
	at := slices.Index(header, name)
	if at < 0 {
		return 0, fmt.Errorf("%s: line 1: no column %q; read as %s the file has: %s", c.opts.Name, name, c.totals.Format, quotedNames(header))
	}
	if slices.Contains(header[at+1:], name) {
		return 0, fmt.Errorf("%s: line 1: more than one column is named %q", c.opts.Name, name)
	}
	return at, nil
}

// quotedNames lists the columns of a header, shortened where the file is not
// what it was taken for.
func quotedNames(header []string) string {
	const most, longest = 20, 60
	var names []string
	for _, name := range header[:min(len(header), most)] {
		if len(name) > longest {
			name = strings.ToValidUTF8(name[:longest], "") + "…"
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	if len(header) > most {
		names = append(names, fmt.Sprintf("and %d more", len(header)-most))
	}
	return strings.Join(names, ", ")
}

func (c *counter) add(r row) {
	if c.columns > 1 && len(r.fields) == 1 && r.fields[0] == "" {
		return // a blank line is no row
	}
	c.totals.Rows++
	a, problem := c.analyze(r)
	if problem != "" {
		c.totals.InvalidRows++
		if len(c.totals.Invalid) < MaxInvalid {
			c.totals.Invalid = append(c.totals.Invalid, Invalid{Line: r.line, Reason: problem})
		}
		return
	}
	c.totals.Messages++
	c.totals.Segments += a.Segments
	if !a.Sendable() {
		c.totals.Unsendable++
	}
	count := &c.totals.ByEncoding.GSM7
	if a.Encoding == segment.UCS2 {
		count = &c.totals.ByEncoding.UCS2
	}
	count.Messages++
	count.Segments += a.Segments
}

// analyze judges one row; a problem is why no message can be made of it.
func (c *counter) analyze(r row) (a segment.Analysis, problem string) {
	if r.problem != "" {
		return a, r.problem
	}
	if len(r.fields) != c.columns {
		return a, fmt.Sprintf("the row has %d fields, the header %d", len(r.fields), c.columns)
	}
	if c.to >= 0 {
		if err := c.opts.Judge(r.fields[c.to]); err != nil {
			return a, fmt.Sprintf("column %q: %v", c.opts.ToColumn, err)
		}
	}
	text := r.fields[c.text]
	if text == "" {
		return a, fmt.Sprintf("column %q: the text is empty", c.opts.TextColumn)
	}
	a, err := segment.Analyze(text, c.opts.Segment)
	if err != nil {
		return a, fmt.Sprintf("column %q: %v", c.opts.TextColumn, err)
	}
	return a, ""
}
