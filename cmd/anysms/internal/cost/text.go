package cost

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/encoding/segment"
)

// printText prints the analysis of one text.
func (a *app) printText(t *analysis.Text) error {
	s := style.For(a.Out)
	fmt.Fprintln(a.Out, s.Bold(headline(t)))
	rows := [][]string{
		{"  characters", cli.Grouped(t.Characters)},
		{"  units", fmt.Sprintf("%s, %d per segment, %d left in the last", cli.Grouped(t.Units), t.UnitsPerSegment, t.RemainingUnits)},
	}
	if t.Locking+t.Single != "" {
		rows = append(rows, []string{"  tables", tables(t)})
	}
	if err := a.Table(rows); err != nil {
		return err
	}
	if err := a.printChars("forces UCS-2", t.Forcing); err != nil {
		return err
	}
	two := "takes two units"
	if t.Encoding == segment.UCS2 {
		two = "would take two units in GSM-7"
	}
	if err := a.printChars(two, t.Extension); err != nil {
		return err
	}
	a.printParts(t, s)
	printSuggestion(a.Out, t, s)
	if !t.Sendable {
		fmt.Fprintf(a.Out, "\n%s\n", s.Bad(fmt.Sprintf("Too long to send: a message has at most %d segments.", segment.MaxSegments)))
	}
	return nil
}

func headline(t *analysis.Text) string {
	return fmt.Sprintf("%s, %s", encodingName(t.Encoding), cli.Plural(t.Segments, "segment"))
}

func encodingName(e segment.Encoding) string {
	if e == segment.UCS2 {
		return "UCS-2"
	}
	return "GSM-7"
}

func tables(t *analysis.Text) string {
	var used []string
	if t.Locking != "" {
		used = append(used, "locking shift "+t.Locking)
	}
	if t.Single != "" {
		used = append(used, "single shift "+t.Single)
	}
	return strings.Join(used, ", ")
}

// printChars lists characters that make the text longer, at most the first few.
func (a *app) printChars(why string, list []analysis.Char) error {
	const most = 12
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintf(a.Out, "\n%s\n", why)
	var rows [][]string
	for _, c := range list[:min(len(list), most)] {
		row := []string{"  " + c.Rune, cli.Visible(c.Char), "×" + cli.Grouped(c.Count), "first at index " + cli.Grouped(c.Index)}
		if c.Suggest != "" {
			row = append(row, "write "+strconv.Quote(c.Suggest))
		}
		rows = append(rows, row)
	}
	if len(list) > most {
		rows = append(rows, []string{fmt.Sprintf("  … and %d more", len(list)-most)})
	}
	return a.Table(rows)
}

// printParts prints the text segment by segment and marks the characters that
// force UCS-2.
func (a *app) printParts(t *analysis.Text, s style.Style) {
	const most = 10
	if t.Characters == 0 {
		return
	}
	fmt.Fprintln(a.Out, "\nsegments")
	for _, p := range t.Parts[:min(len(t.Parts), most)] {
		ends := ""
		if p.End != segment.EndOfText && p.End != segment.Full {
			ends = s.Dim(" ends early: " + whyEarly(p.End))
		}
		fmt.Fprintf(a.Out, "  %d  %3d units  %s%s%s%s\n", p.Number, p.Units, s.Dim("│"), marked(p.Text, t.Forcing, s), s.Dim("│"), ends)
	}
	if len(t.Parts) > most {
		fmt.Fprintf(a.Out, "  … and %d more\n", len(t.Parts)-most)
	}
}

// printSuggestion prints the shorter text, if there is one.
func printSuggestion(w io.Writer, t *analysis.Text, s style.Style) {
	if t.Suggestion == nil {
		return
	}
	saved := "same number of segments"
	if n := t.Segments - t.Suggestion.Segments; n > 0 {
		saved = cli.Plural(n, "segment") + " fewer"
	}
	title := fmt.Sprintf("suggestion: %s, %s, %s", encodingName(t.Suggestion.Encoding), cli.Plural(t.Suggestion.Segments, "segment"), saved)
	fmt.Fprintf(w, "\n%s\n  %s%s%s\n", title, s.Dim("│"), s.Good(marked(t.Suggestion.Text, nil, s)), s.Dim("│"))
}

func whyEarly(e segment.End) string {
	switch e {
	case segment.Escape:
		return "the next character takes two units"
	case segment.Surrogate:
		return "the next character takes a surrogate pair"
	}
	return "the next grapheme is not split"
}

// marked makes a text visible and marks the characters of the list.
func marked(text string, list []analysis.Char, s style.Style) string {
	var b strings.Builder
	for _, r := range text {
		shown := cli.Visible(string(r))
		if slices.ContainsFunc(list, func(c analysis.Char) bool { return c.Char == string(r) }) {
			shown = s.Mark(shown)
		}
		b.WriteString(shown)
	}
	return b.String()
}
