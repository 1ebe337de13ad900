package template_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	texttemplate "text/template"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook/template"
)

// goDecimal is a json.Number for text/template: a number that prints as it is written.
type goDecimal float64

func (d goDecimal) String() string { return strconv.FormatFloat(float64(d), 'f', -1, 64) }

// forGo copies a payload for text/template. Its lists have no capacity to be sliced.
func forGo(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		return goDecimal(f)
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, forGo(item))
		}
		return slices.Clip(list)
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, member := range v {
			object[name] = forGo(member)
		}
		return object
	}
	return v
}

// goFunctions are our functions for text/template, and its own ones that refuse null.
var goFunctions = texttemplate.FuncMap{
	"print":    func(args ...any) (string, error) { return fmt.Sprint(args...), noNull(args) },
	"println":  func(args ...any) (string, error) { return fmt.Sprintln(args...), noNull(args) },
	"printf":   goPrintf,
	"urlquery": func(args ...any) (string, error) { return url.QueryEscape(fmt.Sprint(args...)), noNull(args) },
	"upper":    strings.ToUpper,
	"lower":    strings.ToLower,
	"trim":     strings.TrimSpace,
	"truncate": func(limit any, s string) (string, error) {
		n, err := strconv.Atoi(fmt.Sprint(limit))
		if kind := fmt.Sprintf("%T", limit); err != nil || !strings.Contains(kind, "int") {
			return "", errors.New("not a whole number")
		}
		if n < 1 || utf8.RuneCountInString(s) <= n {
			return s, nil
		}
		rest := s
		for range n - 1 {
			_, size := utf8.DecodeRuneInString(rest)
			rest = rest[size:]
		}
		return strings.TrimSuffix(s, rest) + "…", nil
	},
	"field": func(v any, paths string) string {
		for path := range strings.SplitSeq(paths, "|") {
			if s := goAt(v, strings.Split(path, ".")); s != "" {
				return s
			}
		}
		return ""
	},
}

// errShowsTypes is about formats that do not fit the values: what they give has the
// names of Go's types in it.
var errShowsTypes = errors.New("printf shows types")

func goPrintf(format string, args ...any) (string, error) {
	s := fmt.Sprintf(format, args...)
	if noNull(args) == nil && typed.MatchString(format+s) {
		return "", errShowsTypes
	}
	return s, noNull(args)
}

func noNull(args []any) error {
	if slices.Contains(kinds(args), "<nil>") {
		return errors.New("null")
	}
	return nil
}

func kinds(args []any) []string {
	var all []string
	for _, arg := range args {
		all = append(all, fmt.Sprintf("%T", arg))
	}
	return all
}

func goAt(v any, path []string) string {
	switch v := v.(type) {
	case map[string]any:
		if len(path) > 0 {
			return goAt(v[path[0]], path[1:])
		}
	case []any:
		if len(path) == 0 {
			return ""
		}
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(v) {
			return goAt(v[i], path[1:])
		}
	case nil:
	default:
		if len(path) == 0 {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func executeGo(source string, payload map[string]any) (string, error) {
	t, err := texttemplate.New("template").Option("missingkey=error").Funcs(goFunctions).Parse(source)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, forGo(payload))
	return b.String(), err
}

func execute(source string, payload map[string]any) (string, error) {
	t, err := template.Parse(source)
	if err != nil {
		return "", err
	}
	return t.Execute(payload)
}

// The differences that the package's documentation names.
var (
	// Ours alone refuses these, before or while the template is executed.
	refused = regexp.MustCompile(`define and block are not available|\{\{template .* is not available|unknown function "(html|js|call)"|` +
		`has \d+ arguments; want|is not a function and takes no arguments|nil alone|want a whole number of 64 bits|` +
		`the first argument of printf|took more than|wrote more than|has no field String`)
	// text/template does not compare whole numbers with others.
	compared = regexp.MustCompile(`incompatible types for comparison: (u?int\d*|float64|\S*goDecimal) and (u?int\d*|float64|\S*goDecimal)$`)
	// It shows types, which are others.
	typed = regexp.MustCompile(`%[^a-zA-Z%]*[Tp]|%[^a-zA-Z%]*#|%!`)
)

// agree compares what we and text/template make of a template.
func agree(t *testing.T, source string, payload map[string]any) {
	t.Helper()
	ours, ourErr := execute(source, payload)
	if ourErr != nil && refused.MatchString(ourErr.Error()) {
		return
	}
	theirs, theirErr := executeGo(source, payload)
	switch {
	case errors.Is(theirErr, errShowsTypes):
	case ourErr == nil && theirErr == nil:
		require.Equal(t, theirs, ours, source)
	case ourErr == nil:
		require.Regexp(t, compared, theirErr.Error(), source)
	case theirErr == nil && strings.Contains(ourErr.Error(), "null and has no text"):
		require.Contains(t, theirs, "<no value>", source)
	case theirErr == nil && strings.Contains(ourErr.Error(), "slice: the index is out of range"):
		require.Greater(t, strings.Count(source, "slice"), 1, "a slice of a slice has capacity: %s", source)
	case theirErr == nil:
		require.NoError(t, ourErr, source)
	}
}

func TestDifferences(t *testing.T) {
	for name, c := range map[string]struct{ source, ours, theirs string }{
		"null":               {"{{index .nulls 0}}", "error", "<no value>"},
		"numbers":            {"{{lt .half 1}} {{eq 1 1.0}}", "true true", "error"},
		"method":             {"{{.half.String}}", "error", "0.5"},
		"html":               {"{{html `<`}}", "error", "&lt;"},
		"define":             {"{{define `x`}}y{{end}}{{template `x`}}", "error", "y"},
		"complex":            {"{{1i}}", "error", "(0+1i)"},
		"arguments":          {"a{{if .no}}{{upper}}{{end}}", "error", "a"},
		"format":             {"{{printf .status}}", "error", "firing"},
		"capacity":           {"{{slice (slice .words 0 1) 0 2}}", "error", "[one two]"},
		"break in else":      {"{{range .words}}{{.}}{{range $.none}}{{else}}{{break}}{{end}}{{end}}", "one", "onetwothree"},
		"limit of the text":  {"{{range 2000}}{{$.status}}{{$.status}}{{end}}", "error", strings.Repeat("firing", 4000)},
		"limit of the steps": {"{{range 100001}}{{end}}", "error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ours, err := execute(c.source, payload())
			assert.Equal(t, c.ours == "error", err != nil, err)
			if err == nil {
				assert.Equal(t, c.ours, ours)
			}
			theirs, err := executeGo(c.source, payload())
			assert.Equal(t, c.theirs == "error", err != nil, err)
			if err == nil {
				assert.Equal(t, c.theirs, theirs)
			}
		})
	}
}

// Random templates give the same text as text/template, or an error in both.
func TestAgreesWithTextTemplate(t *testing.T) {
	n := 1_000
	if os.Getenv("ANYSMS_LONG") != "" {
		n = 100_000
	}
	values := canonical(payload()).(map[string]any)
	texts := 0
	for i := range n {
		g := &generator{random: rand.New(rand.NewPCG(7, uint64(i)))}
		source := g.list(2, nil)
		agree(t, source, values)
		if _, err := execute(source, values); err == nil {
			texts++
		}
	}
	assert.Greater(t, texts, n/8, "too many templates end in errors")
}

// canonical makes numbers such that text/template prints them as they are written.
func canonical(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		if s := goDecimal(f).String(); err == nil && strings.Contains(s, ".") {
			return json.Number(s)
		}
		return int64(3)
	case []any:
		for i := range v {
			v[i] = canonical(v[i])
		}
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
				continue
			}
			v[name] = canonical(member)
		}
	}
	return v
}

func FuzzAgreesWithTextTemplate(f *testing.F) {
	body, err := json.Marshal(payload())
	require.NoError(f, err)
	for i := range 200 {
		g := &generator{random: rand.New(rand.NewPCG(8, uint64(i)))}
		f.Add(g.list(2, nil), string(body))
	}
	f.Fuzz(func(t *testing.T, source, body string) {
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber()
		var values map[string]any
		if d.Decode(&values) != nil || len(source) > 2000 {
			return
		}
		if strings.Contains(source, "else") && strings.Contains(source, "break") {
			return // break in the else of a range is one of the differences
		}
		agree(t, source, canonical(whole(values)).(map[string]any))
	})
}

// whole makes whole numbers of a payload int64, as package hook does.
func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = whole(v[name])
		}
	}
	return v
}
