package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"
)

// outputFormat is the value of --format.
type outputFormat string

const (
	formatText outputFormat = "text"
	formatJSON outputFormat = "json"
)

func (f *outputFormat) addTo(cmd *cobra.Command) {
	*f = formatText
	cmd.Flags().Var(f, "format", "text for people, json for programs")
	// The flag was just defined, so that this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

func (f outputFormat) json() bool { return f == formatJSON }

func (f outputFormat) String() string { return string(f) }

func (f outputFormat) Type() string { return "text|json" }

func (f *outputFormat) Set(s string) error {
	switch v := outputFormat(s); v {
	case formatText, formatJSON:
		*f = v
		return nil
	}
	return fmt.Errorf("want text or json")
}

// oneOf is a flag that takes one of some words; "" means not given.
type oneOf struct {
	value string
	words []string
}

func (o *oneOf) addTo(cmd *cobra.Command, name, usage string) {
	cmd.Flags().Var(o, name, usage)
	// The flag was just defined, so that this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(o.words, cobra.ShellCompDirectiveNoFileComp))
}

func (o *oneOf) String() string { return o.value }

func (o *oneOf) Type() string { return strings.Join(o.words, "|") }

func (o *oneOf) Set(s string) error {
	for _, w := range o.words {
		if s == w {
			o.value = s
			return nil
		}
	}
	return fmt.Errorf("want one of %s", strings.Join(o.words, ", "))
}

// teach has a command and those below it say with a wrong argument where help is.
func teach(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help")
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		teach(sub)
	}
}

// printJSON writes one line of JSON. Characters are not escaped beyond what
// JSON needs.
func (a *app) printJSON(v any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// table writes rows of cells in columns.
func (a *app) table(rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = harmless(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return w.Flush()
}

// harmless puts what others wrote, such as a vendor's message, into one line,
// without what a terminal would act upon.
func harmless(words string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, words)
}
