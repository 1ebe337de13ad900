package request

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Tree is a body, query or header of a recipe: maps and lists whose leaves are
// templates or constants. Values are placed into its nodes, and the result is
// encoded, so no value can break it.
//
// A leaf whose template has a name without a value is left out, and so is a map
// or list in which only constants remain.
type Tree struct {
	kind     treeKind
	keys     []string // of a map
	children []*Tree  // of a map, in the order of keys, or of a list
	leaf     Template
	constant any
	join     *string // of each: the elements become one string
}

type treeKind int

const (
	treeMap treeKind = iota
	treeList
	treeLeaf
	treeConstant
	treeEach   // one element for each message of a batch
	treeSpread // members of a value, added to the map around it
	treeIf     // a node that is only there if a value is
)

// Keys with a meaning of their own.
const (
	KeyEach   = "$each"
	keyJoin   = "$join" // beside $each: what separates its elements in one string
	keySpread = "$spread"
	keyIf     = "$if"
	keyThen   = "$then" // beside $if: the node
)

// Member is one entry of a filled map; maps keep the recipe's order.
type Member struct {
	Key   string
	Value any
}

// Object is a filled map.
type Object []Member

// UnmarshalYAML compiles the tree.
func (t *Tree) UnmarshalYAML(n *yaml.Node) error {
	switch n.Kind {
	case yaml.AliasNode:
		return t.UnmarshalYAML(n.Alias)
	case yaml.MappingNode:
		return t.mapping(n)
	case yaml.SequenceNode:
		t.kind = treeList
		for _, c := range n.Content {
			child := new(Tree)
			if err := child.UnmarshalYAML(c); err != nil {
				return err
			}
			t.children = append(t.children, child)
		}
		return nil
	}
	return t.scalar(n)
}

func (t *Tree) mapping(n *yaml.Node) error {
	if len(n.Content) > 0 && n.Content[0].Value == KeyEach {
		return t.each(n)
	}
	if len(n.Content) > 0 && n.Content[0].Value == keyIf {
		return t.condition(n)
	}
	t.kind = treeMap
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], new(Tree)
		if key.Kind != yaml.ScalarNode {
			return FaultAt(key, "want a plain key")
		}
		if err := child.UnmarshalYAML(n.Content[i+1]); err != nil {
			return err
		}
		switch key.Value {
		case KeyEach, keyJoin:
			return FaultAt(key, "want %s first and alone, or with %s after it: it makes a list with one element for each message", KeyEach, keyJoin)
		case keySpread:
			if child.kind != treeLeaf || child.leaf.Name() == "" {
				return FaultAt(key, "%s takes one name, such as \"{template_variables}\"", keySpread)
			}
			child.kind = treeSpread
		}
		t.keys = append(t.keys, key.Value)
		t.children = append(t.children, child)
	}
	return nil
}

// condition reads {$if: "{send_at}", $then: fixed}.
func (t *Tree) condition(n *yaml.Node) error {
	t.kind = treeIf
	if err := t.leaf.UnmarshalYAML(n.Content[1]); err != nil {
		return err
	}
	if len(n.Content) != 4 || n.Content[2].Value != keyThen || len(t.leaf.Names()) == 0 {
		return FaultAt(n, "want {%s: \"{name}\", %s: node}: the node is left out if the name has no value", keyIf, keyThen)
	}
	child := new(Tree)
	t.children = []*Tree{child}
	return child.UnmarshalYAML(n.Content[3])
}

// each reads {$each: tree}, and {$each: "{to}", $join: ","}.
func (t *Tree) each(n *yaml.Node) error {
	child := new(Tree)
	if err := child.UnmarshalYAML(n.Content[1]); err != nil {
		return err
	}
	*t = Tree{kind: treeEach, children: []*Tree{child}}
	if len(n.Content) == 2 {
		return nil
	}
	if len(n.Content) != 4 || n.Content[2].Value != keyJoin || child.kind != treeLeaf {
		return FaultAt(n.Content[2], "want nothing beside %s but %s, for a %s that is one string", KeyEach, keyJoin, KeyEach)
	}
	t.join = &n.Content[3].Value
	return nil
}

func (t *Tree) scalar(n *yaml.Node) error {
	switch n.Tag {
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			return FaultAt(n, "%s is not a number as JSON writes it; quote it if it is a string", n.Value)
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

// Fill puts the values into the tree. Each has the values of the messages of a
// batch, and is nil for a send.
func (t *Tree) Fill(s Scope, each []Scope) (v any, present bool) {
	switch t.kind {
	case treeConstant:
		return t.constant, true
	case treeLeaf:
		return t.leaf.Value(s)
	case treeIf:
		if _, known := t.leaf.Value(s); !known {
			return nil, false
		}
		return t.children[0].Fill(s, each)
	case treeEach:
		list := make([]any, 0, len(each))
		for _, one := range each {
			v, _ := t.children[0].Fill(one, nil)
			list = append(list, v)
		}
		return t.joined(list), true
	case treeList:
		list := make([]any, 0, len(t.children))
		wanted, got := false, false
		for _, child := range t.children {
			v, ok := child.Fill(s, each)
			if ok {
				list = append(list, v)
			}
			wanted, got = wanted || !child.constantOnly(), got || ok && !child.constantOnly()
		}
		return list, got || !wanted
	}
	return t.fillMap(s, each)
}

func (t *Tree) joined(list []any) any {
	if t.join == nil {
		return list
	}
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = WordOf(v)
	}
	return strings.Join(words, *t.join)
}

func (t *Tree) fillMap(s Scope, each []Scope) (any, bool) {
	members := make(Object, 0, len(t.children))
	wanted, got := false, false
	for i, child := range t.children {
		if child.kind == treeSpread {
			if v, ok := s.Lookup(child.leaf.Name()); ok {
				if more, ok := v.(Object); ok {
					members = append(members, more...)
				}
			}
			continue
		}
		v, ok := child.Fill(s, each)
		if ok {
			members = append(members, Member{t.keys[i], v})
		}
		wanted, got = wanted || !child.constantOnly(), got || ok && !child.constantOnly()
	}
	return members, got || !wanted
}

// constantOnly reports whether no value can change the node.
func (t *Tree) constantOnly() bool {
	switch t.kind {
	case treeConstant:
		return true
	case treeLeaf:
		return len(t.leaf.Names()) == 0
	case treeEach, treeSpread, treeIf:
		return false
	}
	for _, child := range t.children {
		if !child.constantOnly() {
			return false
		}
	}
	return true
}

// Templates lists the tree's templates; a nil tree has none.
func (t *Tree) Templates() []*Template { return t.templates(true) }

// Shared lists the templates outside of $each: those that all messages of a
// batch share.
func (t *Tree) Shared() []*Template { return t.templates(false) }

// templates lists the tree's templates, those inside of $each only if asked for.
func (t *Tree) templates(each bool) []*Template {
	if t == nil || t.kind == treeEach && !each {
		return nil
	}
	if t.kind == treeLeaf || t.kind == treeSpread {
		return []*Template{&t.leaf}
	}
	var all []*Template
	if t.kind == treeIf {
		all = append(all, &t.leaf)
	}
	for _, child := range t.children {
		all = append(all, child.templates(each)...)
	}
	return all
}

// IsMap reports whether the tree is a map at its top.
func (t *Tree) IsMap() bool { return t.kind == treeMap }

// CountEach counts the lists with one element for each message of a batch.
func (t *Tree) CountEach() int {
	if t == nil {
		return 0
	}
	n := 0
	if t.kind == treeEach {
		n = 1
	}
	for _, child := range t.children {
		n += child.CountEach()
	}
	return n
}

// Constant is a scalar of a recipe with its type.
type Constant struct{ Value any }

// UnmarshalYAML keeps numbers and booleans.
func (c *Constant) UnmarshalYAML(n *yaml.Node) error {
	var t Tree
	if err := t.scalar(n); err != nil {
		return err
	}
	c.Value = t.constant
	if t.kind == treeLeaf {
		c.Value = n.Value
	}
	return nil
}
