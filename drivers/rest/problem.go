package rest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
)

// LoadError lists the problems of a recipe.
type LoadError struct {
	File     string
	Problems []Problem
}

// Problem is one problem of a recipe and its position.
type Problem struct {
	Line, Column int    // from 1; 0 = the file as a whole
	Field        string // "send.receipt.id"
	Reason       string // what is wrong and what would be right
}

// Error returns the problems, one per line: "file:line:column: field: reason".
func (e *LoadError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = e.File + ":" + p.Error()
	}
	return strings.Join(lines, "\n")
}

// Error returns the problem without the file's name.
func (p Problem) Error() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", p.Line, p.Column)
	} else {
		b.WriteByte(' ')
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Reason)
	return b.String()
}

func problemOf(f *request.Fault) Problem {
	return Problem{Line: f.Line, Column: f.Column, Reason: f.Reason}
}

// loadError sorts problems by position and adds their fields.
func loadError(file string, root *yaml.Node, problems []Problem) *LoadError {
	for i := range problems {
		if p := &problems[i]; p.Field == "" && p.Line > 0 && root != nil {
			p.Field, _ = fieldAt(root, request.Position{Line: p.Line, Column: p.Column}, "", 0)
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Reason, b.Reason))
	})
	return &LoadError{File: file, Problems: slices.Compact(problems)}
}

// fieldAt finds the path of the node at a position.
func fieldAt(n *yaml.Node, at request.Position, path string, depth int) (string, bool) {
	if depth > request.MaxDepth {
		return "", false
	}
	if n.Kind != yaml.MappingNode && n.Kind != yaml.DocumentNode && request.At(n) == at {
		return path, true
	}
	for i, child := range n.Content {
		switch n.Kind {
		case yaml.MappingNode:
			if i%2 == 0 {
				if request.At(child) == at {
					return joinField(path, child.Value), true
				}
				continue
			}
			if found, ok := fieldAt(child, at, joinField(path, n.Content[i-1].Value), depth+1); ok {
				return found, true
			}
		case yaml.SequenceNode:
			if found, ok := fieldAt(child, at, fmt.Sprintf("%s[%d]", path, i), depth+1); ok {
				return found, true
			}
		default:
			if found, ok := fieldAt(child, at, path, depth+1); ok {
				return found, true
			}
		}
	}
	return path, n.Kind == yaml.MappingNode && request.At(n) == at
}

func joinField(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
