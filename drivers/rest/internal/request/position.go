package request

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Position is a place in a recipe file, from 1; the zero value is the file as a
// whole.
type Position struct{ Line, Column int }

// At returns where a node begins.
func At(n *yaml.Node) Position { return Position{n.Line, n.Column} }

// Fault is a problem at a position in a recipe file.
type Fault struct {
	Position
	Reason string
}

// Error is the fault without the file's name.
func (f *Fault) Error() string { return fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Reason) }

// Fault makes a Fault at the position.
func (at Position) Fault(format string, args ...any) *Fault {
	return &Fault{at, fmt.Sprintf(format, args...)}
}

// FaultAt makes a Fault at a node.
func FaultAt(n *yaml.Node, format string, args ...any) *Fault { return At(n).Fault(format, args...) }
