package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
)

// identifier is a column that can name messages, and what it calls each.
type identifier struct {
	column string
	of     func(*doubt) string
}

func (d *doubt) key() string { return d.Key }

// The columns by which a file for --settle names messages, the most exact first. In a
// journal the key of a message with a ref is the ref; in a ledger it is the id.
var (
	namesInJournal = []identifier{{"key", (*doubt).key}, {"ref", (*doubt).key}}
	namesInLedger  = []identifier{{"key", (*doubt).key}, {"id", (*doubt).key}, {"ref", func(d *doubt) string { return d.ref }}}
)

// decide reads what to settle each message as.
func (a *app) decide(ctx context.Context, path string, doubts []*doubt, names []identifier) error {
	columns := []string{"outcome"}
	for _, n := range names {
		columns = append(columns, n.column)
	}
	file, err := (&input.Flags{Path: path}).Open(ctx, a.App, input.Needs{More: columns})
	if err != nil {
		return err
	}
	defer file.Close()
	d, err := newDecisions(file.Rows, doubts, names)
	if err == nil {
		fmt.Fprintf(a.Err, "%s: messages are found by %s\n", file.Name, strings.Join(d.columns(), " and "))
		err = d.read()
	}
	if err != nil {
		return fmt.Errorf("%s: %w; nothing was settled", file.Name, err)
	}
	return nil
}

// decisions are a file that says what to settle messages as.
type decisions struct {
	rows    table.Reader
	outcome int
	by      []naming
}

// naming is a column of the file that names messages.
type naming struct {
	column
	doubts map[string][]*doubt // by what the column calls them
}

// newDecisions finds the columns.
func newDecisions(rows table.Reader, doubts []*doubt, names []identifier) (*decisions, error) {
	d := &decisions{rows: rows}
	var err error
	if d.outcome, err = table.Find(rows, "outcome"); err != nil {
		return nil, err
	}
	var known []string
	for _, n := range names {
		known = append(known, n.column)
		if !mentions(rows, n.column) {
			continue
		}
		at, err := table.Find(rows, n.column)
		if err != nil {
			return nil, err
		}
		by := make(map[string][]*doubt, len(doubts))
		for _, one := range doubts {
			by[n.of(one)] = append(by[n.of(one)], one)
		}
		d.by = append(d.by, naming{column{n.column, at}, by})
	}
	if len(d.by) == 0 {
		_, err := table.Find(rows, names[0].column)
		return nil, fmt.Errorf("%w; want one of %s", err, strings.Join(known, ", "))
	}
	return d, nil
}

// mentions reports whether a file has a column of this name, or several like it.
func mentions(rows table.Reader, name string) bool {
	if rows.Lines() {
		return table.Has(rows, name)
	}
	return slices.ContainsFunc(rows.Columns(), func(column string) bool { return table.Like(column, name) })
}

func (d *decisions) columns() (names []string) {
	for _, n := range d.by {
		names = append(names, n.name)
	}
	return names
}

func (d *decisions) read() error {
	for {
		row, err := d.rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if row.Problem != "" {
			return fmt.Errorf("line %d: %s", row.Line, row.Problem)
		}
		if err := d.decide(row.Fields); err != nil {
			return fmt.Errorf("line %d: %w", row.Line, err)
		}
	}
}

// decide takes the decision of a row.
func (d *decisions) decide(fields []string) error {
	outcome := fields[d.outcome]
	decision := provider.Outcome(outcome)
	switch decision {
	case "":
		return nil
	case provider.OutcomeAccepted, provider.OutcomeNotSent:
	default:
		return fmt.Errorf("outcome %q; want accepted, not_sent, or nothing", outcome)
	}
	one, called, err := d.find(fields)
	switch {
	case err != nil:
		return err
	case one.decision != "" && one.decision != decision:
		return fmt.Errorf("%s has outcome %s in an earlier line, and %s here", called, one.decision, decision)
	}
	one.decision = decision
	return nil
}

// find returns the message that all columns of a row name, and what the first calls it.
func (d *decisions) find(fields []string) (found *doubt, called string, err error) {
	for _, by := range d.by {
		value := fields[by.at]
		if value == "" {
			continue
		}
		here, list := fmt.Sprintf("%s %q", by.name, value), by.doubts[value]
		switch {
		case len(list) == 0:
			return nil, "", fmt.Errorf("no message of unknown outcome has %s", here)
		case found != nil && !slices.Contains(list, found):
			return nil, "", fmt.Errorf("%s and %s are different messages", called, here)
		case found == nil && len(list) > 1:
			return nil, "", fmt.Errorf("%s of unknown outcome have %s: name the one that is meant by its id (%s)", cli.Plural(len(list), "message"), here, keysOf(list))
		case found == nil:
			found, called = list[0], here
		}
	}
	if found == nil {
		return nil, "", fmt.Errorf("it has an outcome, but no %s", strings.Join(d.columns(), " or "))
	}
	return found, called, nil
}

// keysOf lists the keys of messages, not all of many.
func keysOf(list []*doubt) string {
	const most = 3
	var keys []string
	for _, d := range list[:min(len(list), most)] {
		keys = append(keys, d.Key)
	}
	if len(list) > most {
		keys = append(keys, "…")
	}
	return strings.Join(keys, ", ")
}
