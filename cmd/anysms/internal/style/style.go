// Package style colours words for a terminal. It uses the terminal's own basic
// colours alone, which its owner has made readable, dark or light.
package style

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// Style colours words, or leaves them as they are. The zero Style is plain.
type Style struct{ on bool }

// For colours what goes to w if that is a terminal, unless NO_COLOR is set to
// anything (no-color.org).
func For(w io.Writer) Style {
	return Style{on: IsTerminal(w) && os.Getenv("NO_COLOR") == ""}
}

// IsTerminal reports whether w is a terminal that understands control sequences.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// Bold makes words stand out.
func (s Style) Bold(words string) string { return s.paint("1", words) }

// Dim makes words step back.
func (s Style) Dim(words string) string { return s.paint("2", words) }

// Good is for what went well.
func (s Style) Good(words string) string { return s.paint("32", words) }

// Bad is for what went wrong.
func (s Style) Bad(words string) string { return s.paint("31", words) }

// Doubt is for what nobody knows.
func (s Style) Doubt(words string) string { return s.paint("35", words) }

// Mark shows words on a reversed ground.
func (s Style) Mark(words string) string { return s.paint("7", words) }

func (s Style) paint(code, words string) string {
	if !s.on || words == "" {
		return words
	}
	return "\x1b[" + code + "m" + words + "\x1b[0m"
}
