package analysis

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"github.com/anysms/anysms/cmd/anysms/internal/table"
)

// Rows reads a file to its end and returns the totals. A row that cannot be read or
// sent is counted and listed, and reading continues. An error means that the file
// could not be read, or not to its end: the totals are then nil, or cover the rows
// read before and are not Complete.
func Rows(r table.Reader, opts *Options) (*Totals, error) {
	at, err := opts.places(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opts.Name, err)
	}
	annotator, err := newAnnotator(r, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opts.Name, err)
	}
	return run(r, opts, at, annotator)
}

// blockRows is the number of rows in a block.
const blockRows = 512

// block is a group of rows on its way from the reader to a worker and, with
// Annotate, to the annotated copy.
type block struct {
	number int
	rows   []table.Row
	arena  []string // the rows' fields
	lines  string   // plain lines instead of rows, each with its newline
	first  int      // the number of the first of them
	output []byte   // for the annotated copy
}

// run cuts the file into blocks in one goroutine and processes them in several,
// each with its own tally.
func run(r table.Reader, opts *Options, at places, annotator *annotator) (*Totals, error) {
	repeats := newRepeats(opts)
	defer repeats.close()

	workers := opts.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	full, empty := make(chan *block, workers), make(chan *block, 2*workers+1)
	for range cap(empty) {
		empty <- new(block)
	}
	tallies := make([]*tally, workers)
	var working sync.WaitGroup
	for i := range tallies {
		tallies[i] = newTally(opts, at, repeats)
		working.Go(func() {
			for b := range full {
				tallies[i].add(b, annotator)
				annotator.write(b)
				empty <- b
			}
		})
	}
	readErr := cut(r, opts, full, empty)
	close(full)
	working.Wait()

	total := tallies[0]
	for _, t := range tallies[1:] {
		total.merge(t)
	}
	totals, err := total.totals(r)
	totals.Complete = readErr == nil && err == nil
	return totals, errors.Join(readErr, err, annotator.close())
}

// cut fills blocks until the file ends.
func cut(r table.Reader, opts *Options, full chan<- *block, empty <-chan *block) error {
	rows := 0
	for number := 0; ; number++ {
		b := <-empty
		b.number = number
		err := b.fill(r)
		rows += len(b.rows) + strings.Count(b.lines, "\n")
		full <- b
		if opts.Progress != nil {
			opts.Progress(rows)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: after line %d: %w", opts.Name, r.NextLine()-1, err)
		}
	}
}

func (b *block) fill(r table.Reader) error {
	b.rows, b.arena, b.output = b.rows[:0], b.arena[:0], b.output[:0]
	var ok bool
	if b.lines, b.first, ok = r.Bulk(); ok {
		return nil
	}
	for len(b.rows) < blockRows {
		row, err := r.Next()
		if err != nil {
			return err
		}
		start := len(b.arena)
		b.arena = append(b.arena, row.Fields...)
		row.Fields = b.arena[start:len(b.arena):len(b.arena)]
		b.rows = append(b.rows, row)
	}
	return nil
}
