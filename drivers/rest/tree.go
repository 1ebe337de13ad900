package rest

import (
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tree is a body, query or header of a recipe: maps and lists whose leaves are
// templates or constants. Values are placed into its nodes; the text that comes
// out is made by an encoder, so nothing can break it.
//
// A leaf whose template names a value that the message does not have is left
// out, and so is a map or list of which nothing remains but constants.
type tree struct {
	kind     treeKind
	keys     []string // of a map
	children []*tree  // of a map, in the order of keys, or of a list
	leaf     template
	constant any
	at       position
}

type treeKind int

const (
	treeMap treeKind = iota
	treeList
	treeLeaf
	treeConstant
	treeEach   // one element for each message of a batch
	treeSpread // members that a value brings, in the map around it
)

// Keys with a meaning of their own.
const (
	keyEach   = "$each"
	keySpread = "$spread"
)

// member is one entry of a filled map; maps keep the recipe's order.
type member struct {
	key   string
	value any
}

// object is a filled map.
type object []member

// UnmarshalYAML compiles the tree.
func (t *tree) UnmarshalYAML(n *yaml.Node) error {
	t.at = positionOf(n)
	switch n.Kind {
	case yaml.AliasNode:
		return t.UnmarshalYAML(n.Alias)
	case yaml.MappingNode:
		return t.mapping(n)
	case yaml.SequenceNode:
		t.kind = treeList
		for _, c := range n.Content {
			child := new(tree)
			if err := child.UnmarshalYAML(c); err != nil {
				return err
			}
			t.children = append(t.children, child)
		}
		return nil
	}
	return t.scalar(n)
}

func (t *tree) mapping(n *yaml.Node) error {
	t.kind = treeMap
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], new(tree)
		if key.Kind != yaml.ScalarNode {
			return problemAt(key, "want a plain key")
		}
		if err := child.UnmarshalYAML(n.Content[i+1]); err != nil {
			return err
		}
		switch key.Value {
		case keyEach:
			if len(n.Content) != 2 {
				return problemAt(key, "%s must stand alone: it makes a list with one element for each message", keyEach)
			}
			*t = tree{kind: treeEach, children: []*tree{child}, at: t.at}
			return nil
		case keySpread:
			if child.kind != treeLeaf || child.leaf.name() == "" {
				return problemAt(key, "%s takes one name, such as \"{template_variables}\"", keySpread)
			}
			child.kind = treeSpread
		}
		t.keys = append(t.keys, key.Value)
		t.children = append(t.children, child)
	}
	return nil
}

func (t *tree) scalar(n *yaml.Node) error {
	switch n.Tag {
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			return problemAt(n, "%s is not a number as JSON writes it; quote it if it is a string", n.Value)
		}
		t.kind, t.constant = treeConstant, json.Number(n.Value)
		return nil
	case "!!bool":
		t.kind, t.constant = treeConstant, strings.EqualFold(n.Value, "true")
		return nil
	case "!!null":
		t.kind, t.constant = treeConstant, nil
		return nil
	}
	t.kind = treeLeaf
	return t.leaf.UnmarshalYAML(n)
}

// fill puts the values into the tree. Each is what stands for the messages of a
// batch, and nil in a send.
func (t *tree) fill(s scope, each []scope) (v any, present bool) {
	switch t.kind {
	case treeConstant:
		return t.constant, true
	case treeLeaf:
		return t.leaf.value(s)
	case treeEach:
		list := make([]any, 0, len(each))
		for _, one := range each {
			v, _ := t.children[0].fill(one, nil)
			list = append(list, v)
		}
		return list, true
	case treeList:
		list := make([]any, 0, len(t.children))
		wanted, got := false, false
		for _, child := range t.children {
			v, ok := child.fill(s, each)
			if ok {
				list = append(list, v)
			}
			wanted, got = wanted || !child.constantOnly(), got || ok && !child.constantOnly()
		}
		return list, got || !wanted
	}
	return t.fillMap(s, each)
}

func (t *tree) fillMap(s scope, each []scope) (any, bool) {
	members := make(object, 0, len(t.children))
	wanted, got := false, false
	for i, child := range t.children {
		if child.kind == treeSpread {
			if v, ok := s.lookup(child.leaf.name()); ok {
				if more, ok := v.(object); ok {
					members = append(members, more...)
				}
			}
			continue
		}
		v, ok := child.fill(s, each)
		if ok {
			members = append(members, member{t.keys[i], v})
		}
		wanted, got = wanted || !child.constantOnly(), got || ok && !child.constantOnly()
	}
	return members, got || !wanted
}

// constantOnly reports whether no value can change the node.
func (t *tree) constantOnly() bool {
	switch t.kind {
	case treeConstant:
		return true
	case treeLeaf:
		return len(t.leaf.names()) == 0
	case treeEach, treeSpread:
		return false
	}
	for _, child := range t.children {
		if !child.constantOnly() {
			return false
		}
	}
	return true
}

// walk visits the tree's templates with the path of keys that leads to each;
// indexes of lists and $each leave no key.
func (t *tree) walk(visit func(keys []string, leaf *tree)) { t.walkFrom(nil, visit) }

func (t *tree) walkFrom(keys []string, visit func([]string, *tree)) {
	if t == nil {
		return
	}
	if t.kind == treeLeaf || t.kind == treeSpread {
		visit(keys, t)
		return
	}
	for i, child := range t.children {
		if t.kind == treeMap {
			child.walkFrom(append(slices.Clip(keys), t.keys[i]), visit)
			continue
		}
		child.walkFrom(keys, visit)
	}
}
