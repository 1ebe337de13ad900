// Package loosejson reads values whose JSON type a vendor does not keep to: ids
// that come as numbers, amounts that come as strings.
package loosejson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Unmarshal is json.Unmarshal, except that a value of an unexpected type is left
// out: a field that nobody needs must not make a whole response unreadable.
func Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}

// Text is a value of any type as text: a string as it is, null as "", anything
// else as its JSON.
type Text string

// UnmarshalJSON never fails.
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = TextOf(b)
	return nil
}

// TextOf is for the UnmarshalJSON of other types.
func TextOf(b []byte) Text {
	b = bytes.TrimSpace(b)
	var s string
	if json.Unmarshal(b, &s) == nil { // null too
		return Text(s)
	}
	return Text(b)
}

// Word is a string or a number as text; a value of another type is "".
type Word string

// UnmarshalJSON never fails.
func (w *Word) UnmarshalJSON(b []byte) error {
	*w = WordOf(b)
	return nil
}

// ID is a Word that identifies something: one of blanks alone is "".
type ID string

// UnmarshalJSON never fails.
func (id *ID) UnmarshalJSON(b []byte) error {
	*id = IDOf(b)
	return nil
}

// IDOf is for the UnmarshalJSON of other types.
func IDOf(b []byte) ID {
	word := string(WordOf(b))
	if strings.TrimSpace(word) == "" {
		return ""
	}
	return ID(word)
}

// WordOf is for the UnmarshalJSON of other types.
func WordOf(b []byte) Word {
	var s string
	var n json.Number
	switch {
	case json.Unmarshal(b, &s) == nil:
		return Word(s)
	case json.Unmarshal(b, &n) == nil:
		return Word(n)
	}
	return ""
}
