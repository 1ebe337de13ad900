package apifontest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// fault is a value that the vendor's reference forbids.
type fault struct {
	field  string
	reason string
}

// check checks one JSON value.
type check func(field string, v any) *fault

// field is a member of an object.
type field struct {
	check    check
	required bool
}

func must(c check) field { return field{c, true} }
func may(c check) field  { return field{c, false} }

// object accepts exactly the fields that the reference has.
func object(fields map[string]field) check {
	return func(at string, v any) *fault {
		members, ok := v.(map[string]any)
		if !ok {
			return &fault{at, "must be an object"}
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			f, known := fields[name]
			if !known {
				return &fault{under(at, name), "is not a parameter of this request"}
			}
			if wrong := f.check(under(at, name), members[name]); wrong != nil {
				return wrong
			}
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if _, given := members[name]; fields[name].required && !given {
				return &fault{under(at, name), "is required"}
			}
		}
		return nil
	}
}

func under(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// all accepts what every one of the checks accepts.
func all(checks ...check) check {
	return func(at string, v any) *fault {
		for _, c := range checks {
			if wrong := c(at, v); wrong != nil {
				return wrong
			}
		}
		return nil
	}
}

// array accepts an array of at least least and at most most elements; 0 = no
// limit.
func array(least, most int, element check) check {
	return func(at string, v any) *fault {
		elements, ok := v.([]any)
		switch {
		case !ok:
			return &fault{at, "must be an array"}
		case len(elements) < least:
			return &fault{at, fmt.Sprintf("must have at least %d elements", least)}
		case most > 0 && len(elements) > most:
			return &fault{at, fmt.Sprintf("must have at most %d elements", most)}
		}
		for i, e := range elements {
			if wrong := element(fmt.Sprintf("%s[%d]", at, i), e); wrong != nil {
				return wrong
			}
		}
		return nil
	}
}

// mapOf accepts an object with any keys.
func mapOf(value func(key string) check) check {
	return func(at string, v any) *fault {
		members, ok := v.(map[string]any)
		if !ok {
			return &fault{at, "must be an object"}
		}
		for _, key := range slices.Sorted(maps.Keys(members)) {
			if wrong := value(key)(under(at, key), members[key]); wrong != nil {
				return wrong
			}
		}
		return nil
	}
}

// text accepts a string of at least least and at most most characters; 0 = no
// limit.
func text(least, most int) check {
	return matching(func(s string) string {
		n := utf8.RuneCountInString(s)
		switch {
		case n < least:
			return "must not be empty"
		case most > 0 && n > most:
			return fmt.Sprintf("must have at most %d characters", most)
		}
		return ""
	})
}

// matching accepts a string for which reason returns "".
func matching(reason func(string) string) check {
	return func(at string, v any) *fault {
		s, ok := v.(string)
		if !ok {
			return &fault{at, "must be a string"}
		}
		if wrong := reason(s); wrong != "" {
			return &fault{at, wrong}
		}
		return nil
	}
}

func oneOf(values ...string) check {
	return matching(func(s string) string {
		if slices.Contains(values, s) {
			return ""
		}
		return "must be one of " + strings.Join(values, ", ")
	})
}

func integer(least, most int64) check {
	return func(at string, v any) *fault {
		number, ok := v.(json.Number)
		if !ok {
			return &fault{at, "must be a number"}
		}
		n, err := number.Int64()
		if err != nil || n < least || n > most {
			return &fault{at, fmt.Sprintf("must be an integer from %d to %d", least, most)}
		}
		return nil
	}
}

func boolean(at string, v any) *fault {
	if _, ok := v.(bool); !ok {
		return &fault{at, "must be a boolean"}
	}
	return nil
}

func scalar(at string, v any) *fault {
	switch v.(type) {
	case string, json.Number, bool:
		return nil
	}
	return &fault{at, "must be a string or a number"}
}

// address accepts a URL with a host.
func address(schemes ...string) check {
	return matching(func(s string) string {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
			return "must be a valid URL with the scheme " + strings.Join(schemes, " or ")
		}
		return ""
	})
}

// emptyOr also accepts the empty string.
func emptyOr(c check) check {
	return func(at string, v any) *fault {
		if v == "" {
			return nil
		}
		return c(at, v)
	}
}

// callbackURL is https, or empty for none.
var callbackURL = emptyOr(address("https"))

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// number accepts a destination of the gateways.
var number = matching(func(s string) string {
	if !isDigits(s) || len(s) < 7 || len(s) > 15 || s[0] == '0' {
		return "must be 7 to 15 digits, the first not 0"
	}
	return ""
})

// senderID accepts 1 to 16 digits, or 1 to 11 Latin letters, digits and spaces.
var senderID = matching(func(s string) string {
	if isDigits(s) {
		if len(s) > 16 {
			return "Invalid sender: more than 16 digits"
		}
		return ""
	}
	if s == "" || len(s) > 11 {
		return "Invalid sender: must have 1 to 11 characters"
	}
	for _, c := range s {
		if c != ' ' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return "Invalid sender: letters and digits only"
		}
	}
	return ""
})

// dateLayout is yyyy-MM-dd'T'HH:mm:ss, in UTC.
const dateLayout = "2006-01-02T15:04:05"

var date = matching(func(s string) string {
	if _, err := time.Parse(dateLayout, s); err != nil {
		return "must be a date of the format yyyy-MM-dd'T'HH:mm:ss"
	}
	return ""
})

// tte is a string: seconds, or a date.
var tte = matching(func(s string) string {
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return ""
	}
	if _, err := time.Parse(dateLayout, s); err != nil {
		return "must be an integer in a string, or a date of the format yyyy-MM-dd'T'HH:mm:ss"
	}
	return ""
})

var errTrailing = errors.New("more than one JSON value")

// decode reads one JSON document for the checks and into a struct.
func decode(body []byte, c check, into any) (*fault, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("not UTF-8")
	}
	var document any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errTrailing
	}
	if wrong := c("", document); wrong != nil {
		return wrong, nil
	}
	return nil, json.Unmarshal(body, into)
}
