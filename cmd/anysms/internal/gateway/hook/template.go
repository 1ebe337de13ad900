package hook

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"unicode/utf8"
)

// maxText bounds what a template writes; the router bounds segments.
const maxText = 16 << 10

// functions are what templates can use beside the language's own. call is taken away:
// a payload has nothing to be called.
var functions = template.FuncMap{
	"field":    textAt,
	"upper":    strings.ToUpper,
	"lower":    strings.ToLower,
	"trim":     strings.TrimSpace,
	"truncate": truncate,
	"call":     func(...any) (string, error) { return "", errors.New("call is not available") },
}

// truncate shortens a text to a number of characters: {{truncate 100 .title}}.
func truncate(limit int, text string) string {
	if limit < 1 || utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}

// parseTemplate reads a template, in which a field that the payload does not have is an
// error; {{field . "a.b"}} is "" then.
func parseTemplate(source string) (*template.Template, error) {
	t, err := template.New("template").Option("missingkey=error").Funcs(functions).Parse(source)
	switch {
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	case t.Tree == nil || len(t.Templates()) > 1:
		return nil, errors.New("define and block are not available")
	}
	return t, nil
}

var (
	errTooLong = errors.New("the text is too long")
	fieldOf    = regexp.MustCompile(`at <([^>]*)>: (map has no entry|nil pointer|can't evaluate field)`)
)

// render makes a text. The error shows nothing of the payload.
func render(t *template.Template, payload map[string]any) (string, error) {
	var w limitedWriter
	if err := t.Execute(&w, payload); err != nil {
		if found := fieldOf.FindStringSubmatch(err.Error()); found != nil {
			return "", fmt.Errorf("the payload has no %s, which the template needs", found[1])
		}
		if errors.Is(err, errTooLong) {
			return "", fmt.Errorf("the template wrote more than %d bytes", maxText)
		}
		return "", errors.New("the template failed: " + placeOf(err))
	}
	text := strings.TrimSpace(w.text.String())
	if text == "" {
		return "", errors.New("the template made an empty text")
	}
	return text, nil
}

var placeForm = regexp.MustCompile(`^template: template:(\d+:\d+): executing "template" at <([^>]*)>`)

// placeOf says where a template failed: its errors may quote values of the payload.
func placeOf(err error) string {
	if found := placeForm.FindStringSubmatch(err.Error()); found != nil {
		return found[1] + ", at " + found[2]
	}
	return "at an unknown place"
}

// limitedWriter takes at most maxText.
type limitedWriter struct{ text strings.Builder }

func (w *limitedWriter) Write(b []byte) (int, error) {
	if w.text.Len()+len(b) > maxText {
		return 0, errTooLong
	}
	return w.text.Write(b)
}
