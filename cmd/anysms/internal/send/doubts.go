package send

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/router"
)

// locate finds the messages in the file that was sent.
func (a *app) locate(ctx context.Context, flags *sendFlags, doubts []*doubt) error {
	if flags.file.Region == "" && flags.conf.Exists() {
		conf, _, err := flags.conf.LoadOffline(ctx)
		if err != nil {
			return err
		}
		flags.file.Region = conf.DefaultRegion
		conf.Close()
	}
	rows, err := a.openRows(ctx, flags)
	if err != nil {
		return err
	}
	defer rows.from.Close()
	rows.region = flags.file.Region
	found, err := rows.find(byKey(doubts))
	if err != nil {
		return err
	}
	if missing := len(doubts) - found; missing > 0 {
		fmt.Fprintf(a.Err, "warning: not found in %s: %s (another file, or sent with other flags)\n", rows.from.Name, cli.Plural(missing, "message"))
	}
	return nil
}

func byKey(doubts []*doubt) map[string]*doubt {
	m := make(map[string]*doubt, len(doubts))
	for _, d := range doubts {
		m[d.Key] = d
	}
	return m
}

// find gives the messages their lines and numbers, and returns how many it found.
func (r *reader) find(doubts map[string]*doubt) (found int, err error) {
	var keys router.Keys
	for {
		row, err := r.rows.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, fmt.Errorf("%s: after line %d: %w", r.from.Name, r.rows.NextLine()-1, err)
		}
		m, _ := r.message(row)
		if d := doubts[keys.Key(m)]; d != nil && d.Line == 0 {
			d.Line, d.To = row.Line, m.To.Masked()
			found++
		}
	}
}

func (a *app) printDoubts(doubts []*doubt, format string) error {
	switch format {
	case "json":
		for _, d := range doubts {
			if err := a.PrintJSON(d); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		return a.writeDoubts(doubts)
	}
	if len(doubts) == 0 {
		return nil
	}
	rows := [][]string{{"line", "number", "key", "provider", "since", "outcome"}}
	if !anyLine(doubts) {
		rows[0][0], rows[0][1] = "", ""
	}
	for _, d := range doubts {
		rows = append(rows, []string{d.line(), d.To, d.Key, cli.OrDash(d.Provider), d.At.UTC().Format(time.RFC3339), d.state()})
	}
	return a.Table(rows)
}

// writeDoubts writes the messages as a file for --settle.
func (a *app) writeDoubts(doubts []*doubt) error {
	w := csv.NewWriter(a.Out)
	rows := [][]string{{"line", "number", "provider", "since", "state", "key", "outcome"}}
	for _, d := range doubts {
		rows = append(rows, []string{d.line(), d.To, d.Provider, d.At.UTC().Format(time.RFC3339), d.state(), d.Key, string(d.decision)})
	}
	return w.WriteAll(rows)
}

func anyLine(doubts []*doubt) bool {
	for _, d := range doubts {
		if d.Line > 0 {
			return true
		}
	}
	return false
}

func (d *doubt) line() string {
	if d.Line == 0 {
		return ""
	}
	return strconv.Itoa(d.Line)
}

func (d *doubt) state() string {
	if d.Outcome == "" {
		return "in flight when the program ended"
	}
	return string(d.Outcome)
}
