package analysis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
)

// File reads text to its end and adds up. A row that cannot be read or sent is
// counted and listed, and the rest goes on. An error means that the file could
// not be used, or not to its end: the totals then hold what was read before, or
// are nil.
func File(ctx context.Context, from io.Reader, opts Options) (*Totals, error) {
	r, err := table.Text(from, opts.Name, opts.Format, opts.columns())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opts.Name, err)
	}
	return run(ctx, r, &opts)
}

// Workbook is [File] for a worksheet.
func Workbook(ctx context.Context, sheet *source.Sheet, opts Options) (*Totals, error) {
	r, err := table.Workbook(sheet)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opts.Name, err)
	}
	return run(ctx, r, &opts)
}

// blockRows is how many rows go through the pipeline together.
const blockRows = 512

// block is some rows on their way from the reader to a worker and, where rows
// are written out again, to the writer.
type block struct {
	number int
	rows   []table.Row
	arena  []string // the rows' fields
	lines  string   // plain lines in place of rows, each with its line feed
	first  int      // the number of the first of them
	output []byte   // of annotate
}

// run cuts the file into blocks in one goroutine and works them off in several,
// each with a tally of its own.
func run(ctx context.Context, r table.Reader, opts *Options) (*Totals, error) {
	at, err := opts.places(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opts.Name, err)
	}
	annotator, err := newAnnotator(r, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opts.Name, err)
	}
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
	readErr := cut(ctx, r, opts, full, empty)
	close(full)
	working.Wait()

	total := tallies[0]
	for _, t := range tallies[1:] {
		total.merge(t)
	}
	totals, err := total.totals(r)
	return totals, errors.Join(readErr, err, annotator.close())
}

// cut fills blocks until the file ends.
func cut(ctx context.Context, r table.Reader, opts *Options, full chan<- *block, empty <-chan *block) error {
	rows := 0
	for number := 0; ; number++ {
		if ctx.Err() != nil {
			return fmt.Errorf("%s: stopped after line %d: %w", opts.Name, r.NextLine()-1, context.Cause(ctx))
		}
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
			return fmt.Errorf("%s: line %d: %w", opts.Name, r.NextLine(), err)
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
