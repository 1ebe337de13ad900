package template

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/template/parse"
)

// kind is what a value is, in the words of error messages.
type kind string

const (
	nullKind    kind = "null"
	boolKind    kind = "a boolean"
	numberKind  kind = "a number"
	textKind    kind = "a text"
	listKind    kind = "a list"
	objectKind  kind = "an object"
	unknownKind kind = "a value of an unknown kind"
)

func kindOf(v any) kind {
	switch v.(type) {
	case nil:
		return nullKind
	case bool:
		return boolKind
	case int64, float64, json.Number:
		return numberKind
	case string:
		return textKind
	case []any:
		return listKind
	case map[string]any:
		return objectKind
	}
	return unknownKind
}

// truth says whether if takes a value for true.
func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case int64:
		return v != 0
	case float64, json.Number:
		return float(v) != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return false
}

// float is a number as float64, infinite if it is too large.
func float(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	case json.Number:
		f, _ := v.Float64()
		return f
	}
	return 0
}

// constant is the value of a number in a template, by the rules of Go's constants.
func constant(n *parse.NumberNode) (value any, ok bool) {
	hexadecimal := strings.HasPrefix(strings.ToLower(n.Text), "0x")
	fraction := ".eEpP"
	if hexadecimal {
		fraction = "pP"
	}
	switch {
	case n.IsComplex:
		return nil, false
	case n.IsFloat && n.Text[0] != '\'' && strings.ContainsAny(n.Text, fraction):
		return n.Float64, true
	case n.IsInt:
		return n.Int64, true
	}
	return nil, false
}

// textOf is a value as templates write it: numbers as the payload has them.
func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

// decimal is a json.Number that fmt takes for a number: the verbs of decimals get a
// float64, and all others what the payload has.
type decimal struct{ json.Number }

func (d decimal) Format(s fmt.State, verb rune) {
	format := fmt.FormatString(s, verb)
	if strings.ContainsRune("eEfFgG", verb) {
		fmt.Fprintf(s, format, float(d.Number))
		return
	}
	fmt.Fprintf(s, format, d.String())
}

// at returns what a path of names and indexes leads to; nil = nothing.
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(inner) {
				return nil
			}
			v = inner[i]
		default:
			return nil
		}
	}
	return v
}

// Field returns the text, number or boolean that the first of several paths leads to,
// which are separated by |, such as "user.phone|phones.0"; "" = there is none.
func Field(v any, paths string) string {
	for path := range strings.SplitSeq(paths, "|") {
		found := at(v, path)
		switch kindOf(found) {
		case textKind, numberKind, boolKind:
			if s := textOf(found); s != "" {
				return s
			}
		}
	}
	return ""
}
