package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/rates"
)

// tally holds the counts of one worker.
type tally struct {
	opts    *Options
	at      places
	repeats *repeats

	rows, messages, unsendable int
	problems                   map[string]int // invalid rows by kind of problem
	invalid                    []Invalid      // the first MaxInvalid
	encodings                  [2]Count       // by segment.Encoding
	histogram                  [segment.MaxSegments + 2]int
	segments, longest          int
	countries                  map[string]*country
	networks                   map[string]*Count // by MCCMNC
	costs                      []cost            // by price
	edits                      *edits
	levels                     []saving // in the order of var levels
	each                       []int64  // by price: the last valid message's price per segment in micros, -1 = none
	variables                  []Variable
	worst, first               []Message

	values []string // of the template, reused
	buffer []byte
}

// country counts the messages to one country.
type country struct {
	Count
	costs []cost
}

func newTally(opts *Options, at places, r *repeats) *tally {
	t := &tally{
		opts: opts, at: at, repeats: r,
		problems:  make(map[string]int),
		countries: make(map[string]*country),
		networks:  make(map[string]*Count),
		costs:     make([]cost, len(opts.Prices)),
		each:      make([]int64, len(opts.Prices)),
	}
	if opts.Levels {
		t.levels = newSavings(len(opts.Prices))
	}
	if opts.Characters {
		t.edits = newEdits()
	}
	if opts.Template != nil {
		t.values = make([]string, len(opts.Template.Variables()))
		for _, name := range opts.Template.Variables() {
			t.variables = append(t.variables, Variable{Name: name})
		}
	}
	return t
}

// message is one valid row.
type message struct {
	segment.Analysis
	text    string
	to      e164.Number
	country string
}

func (t *tally) add(b *block, out *annotator) {
	for i := range b.rows {
		t.addRow(b, &b.rows[i], out)
	}
	var field [1]string
	for number, rest := b.first, b.lines; rest != ""; number++ {
		end := strings.IndexByte(rest, '\n')
		row := table.Line(rest[:end], number, &field)
		if end > table.MaxRow {
			row.Problem = table.TooLong
		}
		t.addRow(b, &row, out)
		rest = rest[end+1:]
	}
}

func (t *tally) addRow(b *block, r *table.Row, out *annotator) {
	t.rows++
	m, problem := t.read(r)
	if !problem.none() {
		t.refuse(r.Line, problem)
	} else {
		t.accept(r, &m)
	}
	if out != nil {
		b.output = out.row(b.output, r, &m, problem, t.opts, t.each)
	}
}

// problem is why a row is invalid.
type problem struct {
	kind string // for counting: without details of the row
	text string // with the details of the row
}

func (p problem) none() bool { return p.kind == "" }

// read makes a message of a row, or says why it is invalid.
func (t *tally) read(r *table.Row) (m message, bad problem) {
	if r.Problem != "" {
		return m, problem{"the row cannot be read", r.Problem}
	}
	if t.at.to >= 0 {
		var reason string
		if m.to, m.country, reason = t.opts.Number(r.Fields[t.at.to]); reason != "" {
			reason = fmt.Sprintf("column %q: %s", t.opts.ToColumn, reason)
			return m, problem{reason, reason}
		}
	}
	m.text = t.text(r)
	if m.text == "" {
		reason := t.where() + "the text is empty"
		return m, problem{reason, reason}
	}
	var err error
	if m.Analysis, err = segment.Analyze(m.text, t.opts.Segment); err != nil {
		return m, problem{t.where() + "the text is not valid UTF-8", t.where() + err.Error()}
	}
	return m, problem{}
}

func (t *tally) where() string {
	if t.opts.Template != nil {
		return "merged text: "
	}
	return fmt.Sprintf("column %q: ", t.opts.TextColumn)
}

// text is the row's text, or the template's with the row's values.
func (t *tally) text(r *table.Row) string {
	if t.opts.Template == nil {
		return r.Fields[t.at.text]
	}
	for i, at := range t.at.variables {
		t.values[i] = r.Fields[at]
	}
	t.buffer = t.opts.Template.Merge(t.buffer[:0], t.values, -1)
	return string(t.buffer)
}

func (t *tally) refuse(line int, p problem) {
	t.problems[p.kind]++
	if len(t.invalid) < MaxInvalid {
		t.invalid = append(t.invalid, Invalid{Line: line, Reason: p.text})
	}
}

func (t *tally) accept(r *table.Row, m *message) {
	t.messages++
	t.segments += m.Segments
	t.longest = max(t.longest, m.Segments)
	t.encodings[m.Encoding].add(m.Segments)
	t.histogram[min(m.Segments, segment.MaxSegments+1)]++
	if !m.Sendable() {
		t.unsendable++
	}
	if t.at.to >= 0 {
		t.price(r, m)
	}
	if t.at.network >= 0 {
		t.network(r.Fields[t.at.network]).add(m.Segments)
	}
	if t.edits != nil && m.Forcing >= 0 {
		t.edits.add(m.text, m.Segments, t.opts.Segment, t.each)
	}
	if t.levels != nil && (m.Segments > 1 || m.Forcing >= 0) {
		t.rewrite(m)
	}
	if t.opts.Template != nil {
		t.blame(m)
	}
	t.repeats.add(m.to, m.text, r.Line, m.Segments)
	kept := Message{Line: r.Line, To: m.to, Text: m.text, Segments: m.Segments}
	t.worst = keepWorst(t.worst, kept, t.opts.Worst)
	t.first = keepFirst(t.first, kept, t.opts.First)
}

func (t *tally) price(r *table.Row, m *message) {
	c := t.countries[m.country]
	if c == nil {
		c = &country{costs: make([]cost, len(t.opts.Prices))}
		t.countries[m.country] = c
	}
	c.add(m.Segments)
	d := rates.Destination{Number: m.to, Country: m.country}
	if t.at.network >= 0 {
		d.MCCMNC = r.Fields[t.at.network]
	}
	for i := range t.opts.Prices {
		t.each[i] = -1
		p := &t.opts.Prices[i]
		if !p.carries(&m.Analysis) {
			t.costs[i].uncarried++
			c.costs[i].uncarried++
			continue
		}
		price, _, ok := p.Book.Price(d)
		if !ok {
			t.costs[i].unpriced++
			c.costs[i].unpriced++
			continue
		}
		t.each[i] = price.Micros
		t.costs[i].add(price.Micros, m.Segments)
		c.costs[i].add(price.Micros, m.Segments)
	}
}

// network returns the count of a network. Anything but a MCCMNC counts as "", so
// that garbage in the column cannot grow the map.
func (t *tally) network(mccmnc string) *Count {
	if len(mccmnc) < 5 || len(mccmnc) > 6 || strings.Trim(mccmnc, "0123456789") != "" {
		mccmnc = ""
	}
	c := t.networks[mccmnc]
	if c == nil {
		c = new(Count)
		t.networks[mccmnc] = c
	}
	return c
}

// blame finds the variables whose values make a merged text longer.
func (t *tally) blame(m *message) {
	for i, value := range t.values {
		v := &t.variables[i]
		if value == "" {
			v.Missing++
			continue
		}
		if m.Forcing >= 0 {
			if a, err := segment.Analyze(value, t.opts.Segment); err == nil && a.Forcing >= 0 {
				v.ForcesUCS2++
			}
		}
		if m.Segments == 1 {
			continue
		}
		t.buffer = t.opts.Template.Merge(t.buffer[:0], t.values, i)
		if a, err := segment.Analyze(string(t.buffer), t.opts.Segment); err == nil {
			v.Segments += m.Segments - a.Segments
		}
	}
}

func (t *tally) merge(o *tally) {
	t.rows += o.rows
	t.messages += o.messages
	t.unsendable += o.unsendable
	t.segments += o.segments
	t.longest = max(t.longest, o.longest)
	for kind, n := range o.problems {
		t.problems[kind] += n
	}
	t.invalid = append(t.invalid, o.invalid...)
	slices.SortFunc(t.invalid, func(a, b Invalid) int { return a.Line - b.Line })
	t.invalid = t.invalid[:min(len(t.invalid), MaxInvalid)]
	for i := range t.encodings {
		t.encodings[i].merge(o.encodings[i])
	}
	for i, n := range o.histogram {
		t.histogram[i] += n
	}
	for i := range t.costs {
		t.costs[i].merge(o.costs[i])
	}
	for name, c := range o.countries {
		had := t.countries[name]
		if had == nil {
			t.countries[name] = c
			continue
		}
		had.Count.merge(c.Count)
		for i := range had.costs {
			had.costs[i].merge(c.costs[i])
		}
	}
	for mccmnc, count := range o.networks {
		t.network(mccmnc).merge(*count)
	}
	if t.edits != nil {
		t.edits.merge(o.edits)
	}
	for i := range t.levels {
		t.levels[i].merge(o.levels[i])
	}
	for i := range t.variables {
		t.variables[i].merge(o.variables[i])
	}
	for _, m := range o.worst {
		t.worst = keepWorst(t.worst, m, t.opts.Worst)
	}
	for _, m := range o.first {
		t.first = keepFirst(t.first, m, t.opts.First)
	}
}
