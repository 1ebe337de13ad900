package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
)

// document is a file that is being read.
type document struct {
	name   string
	dir    string // absolute; paths are relative to it
	getenv func(string) (string, bool)
	lines  lines
	serve  any // Options.Serve

	secrets []string // the settings that hold a secret as it is
}

// lines holds the line of each setting.
type lines map[string]int

// of returns the line of a setting, or of the nearest thing around it.
func (l lines) of(path string) int {
	for path != "" {
		if line, ok := l[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}

var yamlLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\n\s*)?(?:line (\d+): )?`)

// parse returns the top node of the file.
func (d *document) parse(source []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var doc, more yaml.Node
	err := decoder.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		return nil, provider.ConfigErrorf("", "must not be empty; want providers")
	case err != nil:
		return nil, d.syntax(source, err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, provider.ConfigErrorf("", "holds more than one YAML document; want one")
	}
	return doc.Content[0], nil
}

// countedFromZero matches the errors whose line the YAML package counts from 0.
var countedFromZero = regexp.MustCompile(`^did not find expected ('-'|key|','|<document start>|node content)`)

// syntax turns an error of the YAML package into one of ours.
func (d *document) syntax(source []byte, err error) error {
	found := yamlLine.FindStringSubmatch(err.Error())
	if found == nil {
		return &Error{File: d.name, Reason: err.Error()}
	}
	line, _ := strconv.Atoi(found[1]) // "" is 0, not known
	reason := strings.TrimPrefix(err.Error(), found[0])
	if countedFromZero.MatchString(reason) {
		line++
	}
	if rows := bytes.Split(source, []byte("\n")); line > 0 && line <= len(rows) && bytes.Contains(rows[line-1], []byte("${")) {
		reason += `; inside { and } a variable needs quotes: "${NAME}"`
	}
	return &Error{File: d.name, Line: line, Reason: "YAML: " + reason}
}

// field is a key of a YAML map and its value.
type field struct {
	key   string
	line  int
	value *yaml.Node
}

// maxDepth bounds nesting, which aliases could make endless.
const maxDepth = 50

// fields lists the keys of a map in their order and records their lines. Merge keys
// (<<) are merged; a duplicate key is an error.
func (d *document) fields(path string, n *yaml.Node, depth int) ([]field, error) {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		return nil, provider.ConfigErrorf(path, "got %s, want a map of settings", kind(n))
	}
	if depth > maxDepth {
		return nil, provider.ConfigErrorf(path, "is nested too deeply")
	}
	var own, merged []field
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			more, err := d.merge(path, value, depth)
			if err != nil {
				return nil, err
			}
			merged = append(merged, more...)
			continue
		}
		at := join(path, key.Value)
		if seen[key.Value] {
			return nil, &Error{File: d.name, Line: key.Line, Path: at, Reason: fmt.Sprintf("duplicate key; the first is in line %d", d.lines[at])}
		}
		seen[key.Value] = true
		d.lines[at] = key.Line
		own = append(own, field{key.Value, key.Line, value})
	}
	for _, f := range merged {
		if !seen[f.key] {
			seen[f.key] = true
			d.lines[join(path, f.key)] = f.line
			own = append(own, f)
		}
	}
	return own, nil
}

func (d *document) merge(path string, value *yaml.Node, depth int) ([]field, error) {
	value = follow(value)
	if value.Kind != yaml.SequenceNode {
		return d.fields(path, value, depth+1)
	}
	var all []field
	for _, n := range value.Content {
		more, err := d.fields(path, n, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

func follow(n *yaml.Node) *yaml.Node {
	for range maxDepth {
		if n.Kind != yaml.AliasNode {
			break
		}
		n = n.Alias
	}
	return n
}

// kind names a node for an error.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.ShortTag() == "!!null" {
		return "nothing"
	}
	return "a single value"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
