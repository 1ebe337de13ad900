package rest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// RegisteredText is a text that the vendor, or the law of a country, requires
// to be registered in advance. Its variables are written ##name## or {#name#}.
type RegisteredText struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// registered is a compiled RegisteredText.
type registered struct {
	id         string
	expression *regexp.Regexp
	variables  []string
}

var variableForm = regexp.MustCompile(`##([A-Za-z0-9_]+)##|\{#([A-Za-z0-9_]+)#\}`)

func registerAll(setting string, list []RegisteredText) ([]registered, error) {
	texts := make([]registered, 0, len(list))
	for i, entry := range list {
		if entry.ID == "" || entry.Text == "" {
			return nil, provider.ConfigErrorf(fmt.Sprintf("%s[%d]", setting, i), "needs an id and a text, such as {id: \"1\", text: \"Your code is ##code##\"}")
		}
		one, err := register(entry.ID, entry.Text)
		if err != nil {
			return nil, provider.ConfigErrorf(fmt.Sprintf("%s[%d].text", setting, i), "%v", err)
		}
		texts = append(texts, one)
	}
	return texts, nil
}

func register(id, text string) (registered, error) {
	r := registered{id: id}
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	end := 0
	for _, at := range variableForm.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(regexp.QuoteMeta(text[end:at[0]]) + "(.+?)")
		name := strings.Trim(text[at[0]:at[1]], "#{}")
		if slices.Contains(r.variables, name) {
			return r, fmt.Errorf("duplicate variable %q", name)
		}
		r.variables = append(r.variables, name)
		end = at[1]
	}
	b.WriteString(regexp.QuoteMeta(text[end:]) + `\z`)
	compiled, err := regexp.Compile(b.String())
	if err != nil {
		return r, err
	}
	r.expression = compiled
	return r, nil
}

// match returns the values of the variables that make the registered text equal
// to the text.
func (r registered) match(text string) (request.Object, bool) {
	groups := r.expression.FindStringSubmatch(text)
	if groups == nil {
		return nil, false
	}
	variables := make(request.Object, len(r.variables))
	for i, name := range r.variables {
		variables[i] = request.Member{Key: name, Value: groups[i+1]}
	}
	return variables, true
}
