// Package table reads the rows of files: comma-, semicolon- or tab-separated
// values, JSON Lines, worksheets. It reads in bounded memory, and continues after
// a row that cannot be read.
package table

import (
	"fmt"
	"strings"
)

// Format is how a file separates its fields.
type Format struct {
	Delimiter byte
	// Quotes means that a field may be enclosed in double quotes, with two of them
	// for a literal one (RFC 4180). Without it, quotes have no special meaning.
	Quotes bool
}

// The formats.
var (
	Comma     = Format{Delimiter: ',', Quotes: true}
	Semicolon = Format{Delimiter: ';', Quotes: true}
	Tab       = Format{Delimiter: '\t'}
	// Plain is one text per line, after a header line with the name of the column.
	Plain = Format{Delimiter: '\n'}
)

// String is "comma-separated", "semicolon-separated",
// "tab-separated" or "plain lines".
func (f Format) String() string {
	switch f.Delimiter {
	case '\n':
		return "plain lines"
	case '\t':
		return "tab-separated"
	case ';':
		return "semicolon-separated"
	case ',':
		return "comma-separated"
	}
	return fmt.Sprintf("separated by %q", f.Delimiter)
}

// ParseFormat parses "comma", "semicolon", "tab" or "none".
func ParseFormat(name string) (Format, error) {
	switch name {
	case "comma":
		return Comma, nil
	case "semicolon":
		return Semicolon, nil
	case "tab":
		return Tab, nil
	case "none":
		return Plain, nil
	}
	return Format{}, fmt.Errorf("unknown delimiter %q; want comma, semicolon, tab or none", name)
}

// detect finds the format from the file's name, else from its header line: the
// most frequent delimiter. A header without any means plain lines, unless the name
// or a quote says that it is CSV.
func detect(name, header string) Format {
	best, most := Plain, 0
	switch extension(name) {
	case ".tsv", ".tab":
		return Tab
	case ".csv":
		best = Comma
	}
	if strings.HasPrefix(header, `"`) {
		best = Comma
	}
	if n := strings.Count(header, ","); n > most {
		best, most = Comma, n
	}
	for _, f := range []Format{Semicolon, Tab} {
		if n := strings.Count(header, string(f.Delimiter)); n > most {
			best, most = f, n
		}
	}
	return best
}
