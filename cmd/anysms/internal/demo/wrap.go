package demo

import (
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
)

// columns is the width of the narrowest terminal that shows each line whole.
const columns = 60

// controls matches the control sequences of colours, which have no width.
var controls = regexp.MustCompile("\x1b\\[[0-9;]*m")

func width(words string) int { return uniseg.StringWidth(controls.ReplaceAllString(words, "")) }

// wrap breaks a line at spaces so that it fits the columns. What goes on below is
// indented.
func wrap(line string, indent int) string {
	if width(line) <= columns {
		return strings.TrimRight(line, " ")
	}
	var b strings.Builder
	at := 0
	for i, word := range strings.Split(line, " ") {
		w := width(word)
		switch {
		case i == 0:
		case w > 0 && at+1+w > columns && at > indent:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += w
	}
	return b.String()
}
