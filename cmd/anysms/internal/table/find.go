package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider/suggest"
)

// Find returns the index of a column by its name in the header, or for JSON Lines
// among the keys of the first lines. In a header, case and surrounding blanks do not
// matter where that leaves one column: people write "Text", programs write "text".
func Find(r Reader, name string) (int, error) {
	header := r.Columns()
	if j, ok := r.(*jsonRows); ok && len(j.seen) > 0 && !slices.Contains(j.seen, name) {
		return 0, missing("no key %q in the first lines%s; read as JSON Lines, the file has: %s", name, suggest.DidYouMean(name, j.seen), quotedNames(j.seen))
	}
	at := Index(r, name)
	if at < 0 {
		return 0, missing("the header has no column %q%s; read as %s, it has: %s", name, suggest.DidYouMean(name, header), r.Format(), quotedNames(header))
	}
	if slices.Contains(header[at+1:], name) {
		return 0, fmt.Errorf("the header has column %q twice", name)
	}
	return at, nil
}

// missingColumn is the error for a column that the file does not have.
type missingColumn struct{ error }

func missing(format string, args ...any) error { return missingColumn{fmt.Errorf(format, args...)} }

// Misses reports whether the error is that the file does not have a column.
func Misses(err error) bool {
	_, ok := errors.AsType[missingColumn](err)
	return ok
}

// Has reports whether the file has a column, or for JSON Lines whether one of the
// first lines has the key.
func Has(r Reader, name string) bool {
	if j, ok := r.(*jsonRows); ok {
		return slices.Contains(j.seen, name)
	}
	return Index(r, name) >= 0
}

// Index returns the first column with this name, else the only one that is [Like] it;
// -1 = none.
func Index(r Reader, name string) int {
	header := r.Columns()
	if at := slices.Index(header, name); at >= 0 || r.Lines() {
		return at
	}
	like := func(column string) bool { return Like(column, name) }
	at := slices.IndexFunc(header, like)
	if at >= 0 && slices.ContainsFunc(header[at+1:], like) {
		return -1
	}
	return at
}

// Like reports whether a column's name is this one but for case and surrounding blanks.
func Like(column, name string) bool { return strings.EqualFold(strings.TrimSpace(column), name) }

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
