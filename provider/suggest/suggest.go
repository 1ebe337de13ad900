// Package suggest finds the name that was probably meant by one that is unknown,
// for error messages.
package suggest

import (
	"fmt"
	"strings"
	"unicode"
)

// DidYouMean returns ` (did you mean "name"?)` with the name that is most like word,
// or "" if none is. Names that differ only in case, spaces, hyphens or underscores
// are alike, and so are those with a typing error or two.
func DidYouMean(word string, names []string) string {
	if name, ok := Nearest(word, names); ok {
		return fmt.Sprintf(" (did you mean %q?)", name)
	}
	return ""
}

// longest bounds the words that are compared letter by letter.
const longest = 64

// Nearest returns the name that is most like word; of equally like ones the first.
func Nearest(word string, names []string) (name string, ok bool) {
	meant := plain(word)
	if meant == "" || len(meant) > longest {
		return "", false
	}
	nearest := 1 + min(2, len(meant)/3) // more differences are another word
	for _, candidate := range names {
		other := plain(candidate)
		if other == "" || len(other) > longest {
			continue
		}
		if d := distance(meant, other); d < nearest {
			name, nearest, ok = candidate, d, true
		}
	}
	return name, ok
}

// plain is a name without what people mix up in names.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || unicode.IsSpace(r) || !unicode.IsGraphic(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// distance counts the letters to insert, delete, replace, or swap with the next
// one, to make b of a (optimal string alignment).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	before, last, next := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i := range from {
		next[0] = i + 1
		for j := range to {
			change := last[j]
			if from[i] != to[j] {
				change++
			}
			next[j+1] = min(change, last[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(to)]
}
