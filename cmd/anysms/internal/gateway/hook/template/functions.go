package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// function is a function that templates can call. It gets as many arguments as it
// takes.
type function struct {
	min, max int // number of arguments; max -1 = any
	call     func(args []any) (any, error)
}

func (f function) arity() string {
	switch {
	case f.max < 0:
		return fmt.Sprintf("%d or more", f.min)
	case f.max > f.min:
		return fmt.Sprintf("%d to %d", f.min, f.max)
	}
	return fmt.Sprint(f.min)
}

var functions = map[string]function{
	"and": {min: 1, max: -1}, // evaluated by execution.decide
	"or":  {min: 1, max: -1},
	"not": {1, 1, func(args []any) (any, error) { return !truth(args[0]), nil }},

	"eq": {2, -1, func(args []any) (any, error) { return equalToOne(args[0], args[1:]) }},
	"ne": {2, 2, func(args []any) (any, error) { same, err := equal(args[0], args[1]); return !same, err }},
	"lt": {2, 2, ordered(func(c int) bool { return c < 0 })},
	"le": {2, 2, ordered(func(c int) bool { return c <= 0 })},
	"gt": {2, 2, ordered(func(c int) bool { return c > 0 })},
	"ge": {2, 2, ordered(func(c int) bool { return c >= 0 })},

	"len":   {1, 1, func(args []any) (any, error) { return length(args[0]) }},
	"index": {1, -1, func(args []any) (any, error) { return index(args[0], args[1:]) }},
	"slice": {1, 4, func(args []any) (any, error) { return slice(args[0], args[1:]) }},

	"print":    {0, -1, printed(fmt.Sprint)},
	"println":  {0, -1, printed(fmt.Sprintln)},
	"printf":   {1, -1, printed(func(args ...any) string { return fmt.Sprintf(textOf(args[0]), args[1:]...) })},
	"urlquery": {0, -1, printed(func(args ...any) string { return url.QueryEscape(fmt.Sprint(args...)) })},

	"field":    {2, 2, field},
	"upper":    {1, 1, onText(strings.ToUpper)},
	"lower":    {1, 1, onText(strings.ToLower)},
	"trim":     {1, 1, onText(strings.TrimSpace)},
	"truncate": {2, 2, truncate},
}

// printed makes a function of one that makes a text from any values.
func printed(makeText func(...any) string) func([]any) (any, error) {
	return func(args []any) (any, error) {
		for i, arg := range args {
			switch arg := arg.(type) {
			case nil:
				return nil, errors.New("null has no text")
			case json.Number:
				args[i] = decimal{arg}
			}
		}
		return makeText(args...), nil
	}
}

// onText makes a function of one that changes a text.
func onText(change func(string) string) func([]any) (any, error) {
	return func(args []any) (any, error) {
		s, err := wantText(args[0])
		return change(s), err
	}
}

func wantText(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("want a text, not %s", kindOf(v))
	}
	return s, nil
}

func field(args []any) (any, error) {
	paths, err := wantText(args[1])
	return Field(args[0], paths), err
}

// truncate shortens a text to a number of characters: {{truncate 100 .title}}.
func truncate(args []any) (any, error) {
	limit, ok := args[0].(int64)
	if !ok {
		return nil, fmt.Errorf("want a whole number of characters, not %s", kindOf(args[0]))
	}
	s, err := wantText(args[1])
	if err != nil || limit < 1 {
		return s, err
	}
	var count int64
	last := 0 // where the last character of at most limit begins
	for i := range s {
		if count++; count == limit {
			last = i
		}
		if count > limit {
			return s[:last] + "…", nil
		}
	}
	return s, nil
}

func length(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return int64(len(v)), nil
	case []any:
		return int64(len(v)), nil
	case map[string]any:
		return int64(len(v)), nil
	}
	return nil, fmt.Errorf("want a text, a list or an object, not %s", kindOf(v))
}

// index follows names and indexes; a name that an object does not have leads to null.
func index(v any, path []any) (any, error) {
	if v == nil {
		return nil, errors.New("want a list or an object, not null")
	}
	for _, at := range path {
		switch inner := v.(type) {
		case map[string]any:
			name, err := wantText(at)
			if err != nil {
				return nil, err
			}
			v = inner[name]
		case []any:
			i, err := position(at, len(inner)-1)
			if err != nil {
				return nil, err
			}
			v = inner[i]
		case string:
			i, err := position(at, len(inner)-1)
			if err != nil {
				return nil, err
			}
			v = int64(inner[i])
		default:
			return nil, fmt.Errorf("want a list or an object, not %s", kindOf(v))
		}
	}
	return v, nil
}

// slice cuts texts at bytes, and lists at members.
func slice(v any, bounds []any) (any, error) {
	switch v := v.(type) {
	case string:
		if len(bounds) > 2 {
			return nil, errors.New("a text is cut at two places, not three")
		}
		from, to, err := cut(len(v), bounds)
		return v[from:to], err
	case []any:
		from, to, err := cut(len(v), bounds)
		return v[from:to], err
	}
	return nil, fmt.Errorf("want a text or a list, not %s", kindOf(v))
}

// cut checks the bounds of a slice. The third is Go's for the capacity of a list, which
// nothing here looks at.
func cut(size int, bounds []any) (from, to int, err error) {
	places := [3]int{0, size, size}
	for i, bound := range bounds {
		if places[i], err = position(bound, size); err != nil {
			return 0, 0, err
		}
	}
	if !slices.IsSorted(places[:]) {
		return 0, 0, errors.New("the places to cut at are not in ascending order")
	}
	return places[0], places[1], nil
}

// position checks an index of at most last.
func position(v any, last int) (int, error) {
	i, ok := v.(int64)
	switch {
	case !ok:
		return 0, fmt.Errorf("want a whole number as index, not %s", kindOf(v))
	case i < 0 || i > int64(last):
		return 0, errors.New("the index is out of range")
	}
	return int(i), nil
}
