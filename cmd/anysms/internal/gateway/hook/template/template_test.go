package template_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook/template"
)

// payload has every kind of value; the words that errors must not repeat begin with
// "secret".
func payload() map[string]any {
	return map[string]any{
		"status": "firing", "empty": "", "word": "secret-word", "greek": "Καλημέρα",
		"three": int64(3), "zero": int64(0), "half": json.Number("0.5"), "whole": json.Number("3.0"),
		"large": json.Number("123456789012345678901234567890"), "low": json.Number("9.25"), "high": json.Number("10.5"),
		"yes": true, "no": false,
		"alerts": []any{
			map[string]any{"name": "disk", "tags": []any{"a", "b"}},
			map[string]any{"name": "load", "tags": []any{}},
		},
		"words": []any{"one", "two", "three"}, "none": []any{}, "nulls": []any{nil, "x"},
		"labels": map[string]any{"b": "2", "a": "1", "secret-key": "secret-value"}, "bare": map[string]any{},
	}
}

func TestExecute(t *testing.T) {
	for source, want := range map[string]string{
		"plain":                          "plain",
		"{{.status}}: {{.alerts | len}}": "firing: 2",
		"{{/* said */ -}}  {{.three}}  {{- /**/}}":                                "3",
		"{{.half}} {{.large}} {{.yes}} {{1.5}}":                                   "0.5 123456789012345678901234567890 true 1.5",
		"{{.words}} {{.labels.a}}":                                                "[one two three] 1",
		"{{if .empty}}a{{else if .zero}}b{{else}}c":                               "",
		"{{with .status}}{{.}} {{$.three}}{{end}}":                                "firing 3",
		"{{range .alerts}}{{.name}} {{range .tags}}{{.}}{{else}}-{{end}};{{end}}": "disk ab;load -;",
		"{{range $i, $w := .words}}{{$i}}{{$w}}{{end}}":                           "0one1two2three",
		"{{range $k, $v := .labels}}{{len $k}}={{len $v}} {{end}}":                "1=1 1=1 10=12 ",
		"{{range 3}}{{.}}{{end}}{{range $i := .three}}{{$i}}{{end}}":              "012012",
		"{{range .words}}{{if eq . `two`}}{{continue}}{{end}}{{.}}{{end}}":        "onethree",
		"{{range .words}}{{if eq . `two`}}{{break}}{{end}}{{.}}{{end}}":           "one",
		"{{$x := 1}}{{range .words}}{{$x = .}}{{end}}{{$x}}":                      "three",
		"{{(index .alerts 1).name}} {{(print `a` `b`) | upper}}":                  "load AB",
		"{{and .yes .three}} {{or .empty .zero}} {{or .empty `x`}} {{not .none}}": "3 0 x true",
		"{{eq .status `x` `firing`}} {{ne .three 4}} {{eq .three 3.0 .whole}}":    "true true true",
		"{{lt .low .high}} {{gt .three .half}} {{ge .whole 3}} {{le `a` `b`}}":    "true true true true",
		"{{with index .labels `c`}}{{.}}{{else}}no c{{end}}":                      "no c",
		"{{slice .status 1 3}} {{slice .words 1}} {{index .words 0}}":             "ir [two three] one",
		"{{printf `%.2f %05d %s %v` .half .three .half .half}}":                   "0.50 00003 0.5 0.5",
		"{{print 1 .half 2}} {{println .status}}":                                 "1 0.5 2 firing\n",
		"https://example.com/?q={{urlquery .greek .three}}":                       "https://example.com/?q=%CE%9A%CE%B1%CE%BB%CE%B7%CE%BC%CE%AD%CF%81%CE%B13",
		`{{field . "a.b"}}{{field . "a|alerts.1.name|status"}}`:                   "load",
		`{{field . "half"}} {{field . "no"}} {{field . "words"}}|`:                "0.5 false |",
		"{{truncate 5 .greek}} {{truncate 8 .greek}} {{truncate 0 .greek}}":       "Καλη… Καλημέρα Καλημέρα",
		"{{truncate 1 .greek}} {{truncate .three .greek}}":                        "… Κα…",
		"{{trim ` x `}}{{lower `ΑΒ`}}":                                            "xαβ",
		"{{eq (index .nulls 0) nil}} {{if index .nulls 0}}a{{else}}b{{end}}":      "true b",
	} {
		t.Run(source, func(t *testing.T) {
			if want == "" {
				source, want = source+"{{end}}", "c"
			}
			parsed, err := template.Parse(source)
			require.NoError(t, err)
			got, err := parsed.Execute(payload())
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestParseErrors(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{{.b":                         "template:2: unclosed action",
		"{{if .a}}":                       "template:1: unexpected EOF",
		"{{$x}}":                          "template:1: undefined variable",
		"ä\n ä{{.a | uper}}":              `template:2:10: unknown function "uper" (did you mean "upper"?); want one of and, eq, field, ge, gt, index, le, len, lower, lt, ne, not, or, print, printf, println, slice, trim, truncate, upper, urlquery`,
		"{{if .a}}{{else}}{{env}}{{end}}": `template:1:20: unknown function "env"`,
		"{{html .a}}":                     `unknown function "html"`,
		"{{call .a}}":                     `unknown function "call"`,
		`{{define "x"}}{{end}}y`:          "define and block are not available",
		`{{define "template"}}x{{end}}`:   "define and block are not available",
		`{{block "x" .}}{{end}}`:          "define and block are not available",
		`{{template "x"}}`:                `template:1:12: {{template "x"}} is not available`,
		"{{upper}}":                       "template:1:3: upper has 0 arguments; want 1",
		"{{.a | upper .b}}":               "template:1:8: upper has 2 arguments; want 1",
		"{{len (upper) .b}}":              "template:1:8: upper has 0 arguments; want 1",
		"{{range slice}}{{end}}":          "slice has 0 arguments; want 1 to 4",
		"{{with eq .a}}{{end}}":           "eq has 1 arguments; want 2 or more",
		"{{.a 1}}":                        "template:1:3: .a is not a function and takes no arguments",
		"{{1 | .a.b}}":                    ".a.b is not a function and takes no arguments",
		"{{$x := 1}}{{`a` | $x}}":         "$x is not a function and takes no arguments",
		"{{nil}}":                         "nil alone is nothing to write",
		"{{2i}}":                          "2i: want a whole number of 64 bits or a decimal one",
		"{{print 18446744073709551615}}":  "18446744073709551615: want a whole number of 64 bits",
		"{{printf .status}}":              `the first argument of printf must be a format in quotes, such as "%.2f"`,
		"{{`%d` | printf}}":               "the first argument of printf must be a format in quotes",
		"{{(upper).x}}":                   "upper has 0 arguments",
	} {
		t.Run(source, func(t *testing.T) {
			_, err := template.Parse(source)
			assert.ErrorContains(t, err, want)
		})
	}
}

func TestExecuteErrors(t *testing.T) {
	for source, want := range map[string]string{
		"{{.a}}":                                        "template:1:3: the payload has no .a",
		"ä\nä {{.labels.c}}":                            "template:2:5: the payload has no .labels.c",
		"{{$x := .labels}}{{$x.a}}{{$x.c.d}}":           "the payload has no $x.c",
		"{{(index .alerts 0).nme}}":                     "the payload has no (index .alerts 0).nme",
		"{{.word.x}}":                                   ".word is a text and has no field x",
		"{{range .words}}{{.x}}{{end}}":                 ". is a text and has no field x",
		"{{$.three.x.y}}":                               "$.three is a number and has no field x",
		"{{range .nulls}}{{.}}{{end}}":                  "template:1:19: . is null and has no text",
		"{{index .labels `c`}}":                         "index .labels `c` is null and has no text",
		"{{print (index .nulls 0)}}":                    "print: null has no text",
		"{{upper .three}}":                              "template:1:3: upper: want a text, not a number",
		"{{truncate .word .word}}":                      "truncate: want a whole number of characters, not a text",
		"{{len .three}}":                                "len: want a text, a list or an object, not a number",
		"{{index .words 3}}":                            "index: the index is out of range",
		"{{index .words .word}}":                        "index: want a whole number as index, not a text",
		"{{index .labels 1}}":                           "index: want a text, not a number",
		"{{index .nulls 0 0}}":                          "index: want a list or an object, not null",
		"{{index nil}}":                                 "index: want a list or an object, not null",
		"{{slice .word 2 1}}":                           "slice: the places to cut at are not in ascending order",
		"{{slice .word 1 2 3}}":                         "slice: a text is cut at two places, not three",
		"{{slice .words 0 4}}":                          "slice: the index is out of range",
		"{{slice .labels}}":                             "slice: want a text or a list, not an object",
		"{{eq .word 1}}":                                "eq: a text and a number cannot be compared",
		"{{eq .labels .labels}}":                        "eq: an object cannot be compared",
		"{{lt .yes .no}}":                               "lt: want numbers or texts, not a boolean",
		"{{lt nil nil}}":                                "lt: want numbers or texts, not null",
		"{{range .word}}{{end}}":                        "range: want a list, an object or a whole number, not a text",
		"{{range .half}}{{end}}":                        "range: want a list, an object or a whole number, not a number",
		"{{range $i, $x := 3}}{{end}}":                  "a range over a number sets one variable, not two",
		"{{range 1000000000}}{{end}}":                   "template:1:9: the template took more than 100000 steps",
		"{{range 17}}{{printf `%1000s` $.word}}{{end}}": "the template wrote more than 16384 bytes",
		"{{$x := .word}}{{range 100}}{{$x = print $x $x}}{{end}}":                   "the template took more than 100000 steps",
		"{{range 1000}}{{range 1000}}{{if false}}{{end}}{{end}}{{end}}":             "the template took more than 100000 steps",
		"{{range .words}}{{range 40000}}{{with $.word}}{{end}}{{end}}{{end}}{{.a}}": "the template took more than 100000 steps",
	} {
		t.Run(source, func(t *testing.T) {
			parsed, err := template.Parse(source)
			require.NoError(t, err)
			text, err := parsed.Execute(payload())
			require.ErrorContains(t, err, want)
			assert.Empty(t, text)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestLimits(t *testing.T) {
	parsed, err := template.Parse("{{.x}}{{.x}}")
	require.NoError(t, err)
	text, err := parsed.Execute(map[string]any{"x": strings.Repeat("x", template.MaxText/2)})
	require.NoError(t, err)
	assert.Len(t, text, template.MaxText)
	_, err = parsed.Execute(map[string]any{"x": strings.Repeat("x", template.MaxText/2+1)})
	assert.ErrorContains(t, err, "template:1:9: the template wrote more than 16384 bytes")
}

// A template may be executed by many calls at the same time.
func TestConcurrentExecute(t *testing.T) {
	parsed, err := template.Parse("{{range $i, $w := .words}}{{$i}}{{$w}}{{end}}")
	require.NoError(t, err)
	got := make(chan string)
	for range 8 {
		go func() {
			text, err := parsed.Execute(payload())
			if err != nil {
				text = err.Error()
			}
			got <- text
		}()
	}
	for range 8 {
		assert.Equal(t, "0one1two2three", <-got)
	}
}

func BenchmarkExecute(b *testing.B) {
	parsed, err := template.Parse("{{upper .status}}{{with field . `labels.a`}} {{.}}{{end}}{{range .alerts}} {{.name}}{{end}}")
	require.NoError(b, err)
	values := payload()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parsed.Execute(values); err != nil {
			b.Fatal(err)
		}
	}
}
