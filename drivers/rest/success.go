package rest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
)

// success says which responses are acceptances: the status is in the set (by
// default any 2xx) and every condition holds.
type success struct {
	Status []int      `yaml:"status"`
	Where  conditions `yaml:"where"`
}

func (s *success) statusHolds(status int) bool {
	if len(s.Status) == 0 {
		return status >= 200 && status <= 299
	}
	return slices.Contains(s.Status, status)
}

func (s *success) holds(status int, answer any) bool {
	return s.statusHolds(status) && s.Where.hold(answer)
}

// condition checks a value of a response, or with all and any all or some of
// the values that a path with [*] selects. All of no values does not hold.
type condition struct {
	Path    paths    `yaml:"path"` // the first that exists
	All     paths    `yaml:"all"`
	Any     paths    `yaml:"any"`
	Is      *word    `yaml:"is"`
	IsNot   *word    `yaml:"is_not"` // also holds if the value is missing
	OneOf   []word   `yaml:"one_of"`
	Matches *pattern `yaml:"matches"`
	Empty   *bool    `yaml:"empty"` // missing, null, "", [] or {}
	at      request.Position
}

// UnmarshalYAML reads a condition and keeps its position.
func (c *condition) UnmarshalYAML(n *yaml.Node) error {
	type plain condition
	if err := n.Decode((*plain)(c)); err != nil {
		return err
	}
	c.at = request.At(n)
	return nil
}

// word is a scalar of a recipe as text: 0 and "0" are the same.
type word string

// UnmarshalYAML takes the scalar as it is written.
func (w *word) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return request.FaultAt(n, "want one value")
	}
	*w = word(n.Value)
	return nil
}

// targets lists the paths of the condition.
func (c *condition) targets() paths {
	switch {
	case c.All != nil:
		return c.All
	case c.Any != nil:
		return c.Any
	}
	return c.Path
}

func (c *condition) holds(answer any) bool {
	var found []any
	for _, at := range c.targets() {
		if values, known := at.find(answer); known {
			found = values
			break
		}
	}
	switch {
	case c.All != nil:
		return len(found) > 0 && !slices.ContainsFunc(found, func(v any) bool { return !c.judge(v) })
	case c.Any != nil:
		return slices.ContainsFunc(found, c.judge)
	case len(found) == 0:
		return c.IsNot != nil || c.Empty != nil && *c.Empty
	}
	return c.judge(found[0])
}

func (c *condition) judge(v any) bool {
	if c.Empty != nil {
		return isEmpty(v) == *c.Empty
	}
	text, scalar := request.ScalarOf(v)
	text = strings.TrimSpace(text) // XML may have white space around a value
	switch {
	case c.IsNot != nil:
		return !scalar || text != string(*c.IsNot)
	case !scalar:
		return false
	case c.Is != nil:
		return text == string(*c.Is)
	case c.Matches != nil:
		return c.Matches.MatchString(text)
	}
	return slices.Contains(c.OneOf, word(text))
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// conditions all have to hold.
type conditions []condition

func (cs conditions) hold(answer any) bool {
	return !slices.ContainsFunc(cs, func(c condition) bool { return !c.holds(answer) })
}
