// Package style colours words for a terminal. It uses only the terminal's basic
// colours, which are readable on dark and light backgrounds.
package style

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// Style colours words. The zero Style leaves them as they are.
type Style struct{ on bool }

// For returns a Style that colours if w is a terminal and NO_COLOR is not set
// (no-color.org).
func For(w io.Writer) Style {
	return Style{on: IsTerminal(w) && os.Getenv("NO_COLOR") == ""}
}

// IsTerminal reports whether w is a terminal that supports control sequences.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// Bold is for headings.
func (s Style) Bold(words string) string { return s.paint("1", words) }

// Dim is for what is less important.
func (s Style) Dim(words string) string { return s.paint("2", words) }

// Good is for success.
func (s Style) Good(words string) string { return s.paint("32", words) }

// Bad is for failure.
func (s Style) Bad(words string) string { return s.paint("31", words) }

// Doubt is for unknown outcomes.
func (s Style) Doubt(words string) string { return s.paint("35", words) }

// Mark reverses foreground and background.
func (s Style) Mark(words string) string { return s.paint("7", words) }

func (s Style) paint(code, words string) string {
	if !s.on || words == "" {
		return words
	}
	return "\x1b[" + code + "m" + words + "\x1b[0m"
}
