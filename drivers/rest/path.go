package rest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
)

// path selects values of a response: "messages[0].message-id", "[0].id",
// "results[*].status", "['key.with.dots'].x", "." for the whole.
type path struct {
	steps []step
	at    request.Position
	raw   string
}

// step is a key, an index, or every element of a list.
type step struct {
	key   string
	index int // -1 = no index
	every bool
}

// UnmarshalYAML compiles the path.
func (p *path) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return request.FaultAt(n, "want a path such as messages[0].id")
	}
	compiled, err := parsePath(n.Value)
	if err != nil {
		return request.FaultAt(n, "path %q: %v", n.Value, err)
	}
	compiled.at = request.At(n)
	*p = compiled
	return nil
}

func parsePath(s string) (path, error) {
	p := path{raw: s}
	if s == "." {
		return p, nil
	}
	if s == "" {
		return p, errors.New("must not be empty; want one such as messages[0].id, or . for the whole response")
	}
	for rest := s; rest != ""; {
		var st step
		var err error
		if rest[0] == '[' {
			st, rest, err = parseBracket(rest)
		} else {
			st, rest, err = parseKey(rest, len(p.steps) > 0)
		}
		if err != nil {
			return p, err
		}
		p.steps = append(p.steps, st)
	}
	return p, nil
}

func parseKey(s string, dotted bool) (step, string, error) {
	if dotted {
		if s[0] != '.' {
			return step{}, "", fmt.Errorf("want a dot or a bracket before %q", s)
		}
		s = s[1:]
	}
	end := strings.IndexAny(s, ".[")
	if end < 0 {
		end = len(s)
	}
	if end == 0 {
		return step{}, "", errors.New("empty key; a key with a dot is written ['a.b']")
	}
	return step{key: s[:end], index: -1}, s[end:], nil
}

func parseBracket(s string) (step, string, error) {
	if rest, quoted := strings.CutPrefix(s, "['"); quoted {
		key, rest, closed := strings.Cut(rest, "']")
		if !closed {
			return step{}, "", errors.New("unterminated quoted key; want ['key']")
		}
		return step{key: key, index: -1}, rest, nil
	}
	inside, rest, closed := strings.Cut(s[1:], "]")
	if !closed {
		return step{}, "", errors.New("unterminated bracket; want [0], [*] or ['key']")
	}
	if inside == "*" {
		return step{index: -1, every: true}, rest, nil
	}
	index, err := strconv.ParseUint(inside, 10, 16)
	if err != nil {
		return step{}, "", fmt.Errorf("[%s] is not an index; want [0], [*] or ['key']", inside)
	}
	return step{index: int(index)}, rest, nil
}

// many reports whether the path may select more than one value.
func (p path) many() bool {
	for _, s := range p.steps {
		if s.every {
			return true
		}
	}
	return false
}

// find returns the selected values. known is false if a value on the way is
// missing or is not a list where one is needed; an empty list is known.
func (p path) find(answer any) (found []any, known bool) {
	found = []any{answer}
	for _, s := range p.steps {
		var next []any
		for _, v := range found {
			values, ok := s.take(v)
			if !ok {
				return nil, false
			}
			next = append(next, values...)
		}
		found = next
	}
	return found, true
}

// one returns the first selected value.
func (p path) one(answer any) (any, bool) {
	found, known := p.find(answer)
	if !known || len(found) == 0 {
		return nil, false
	}
	return found[0], true
}

func (s step) take(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		if s.every {
			return v, true
		}
		if s.index >= 0 && s.key == "" && s.index < len(v) {
			return v[s.index : s.index+1], true
		}
	case map[string]any:
		if s.every || s.index >= 0 {
			return nil, false
		}
		child, ok := v[s.key]
		return []any{child}, ok
	}
	return nil, false
}
