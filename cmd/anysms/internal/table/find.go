package table

import (
	"fmt"
	"slices"
	"strings"
)

// Find returns the index of a column by its name in the header, or for JSON Lines
// among the keys of the first lines.
func Find(r Reader, name string) (int, error) {
	header := r.Columns()
	if j, ok := r.(*jsonRows); ok && len(j.seen) > 0 && !slices.Contains(j.seen, name) {
		return 0, fmt.Errorf("no key %q in the first lines; read as JSON Lines, the file has: %s", name, quotedNames(j.seen))
	}
	at := slices.Index(header, name)
	if at < 0 {
		return 0, fmt.Errorf("line 1: no column %q; read as %s, the file has: %s", name, r.Format(), quotedNames(header))
	}
	if slices.Contains(header[at+1:], name) {
		return 0, fmt.Errorf("line 1: duplicate column %q", name)
	}
	return at, nil
}

// quotedNames lists the columns of a header. It is shortened, as a file of another
// format has a header of any length.
func quotedNames(header []string) string {
	const most, longest = 20, 60
	var names []string
	for _, name := range header[:min(len(header), most)] {
		if len(name) > longest {
			name = strings.ToValidUTF8(name[:longest], "") + "…"
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	if len(header) > most {
		names = append(names, fmt.Sprintf("and %d more", len(header)-most))
	}
	return strings.Join(names, ", ")
}
