package gsm7

import (
	"fmt"
	"unicode/utf8"
)

// CharError is a character that the tables do not hold.
type CharError struct {
	Rune   rune // utf8.RuneError where the text is no valid UTF-8
	Offset int  // of the character, in bytes
	Index  int  // of the character, in code points
}

func (e *CharError) Error() string {
	return fmt.Sprintf("gsm7: %U at byte %d (character %d) is not in the tables", e.Rune, e.Offset, e.Index)
}

// Encode appends the septets of text, one per octet, and returns the extended
// slice. The error is a *CharError for the first character that neither table
// holds; dst then holds the septets before it.
func (t Tables) Encode(dst []byte, text string) ([]byte, error) {
	locking, single := &lockingIndex[t.locking()], &singleIndex[t.single()]
	for i, r := range text {
		if code := locking.find(r); code != absent {
			dst = append(dst, code)
		} else if code := single.find(r); code != absent {
			dst = append(dst, escape, code)
		} else {
			return dst, &CharError{Rune: r, Offset: i, Index: utf8.RuneCountInString(text[:i])}
		}
	}
	return dst, nil
}
