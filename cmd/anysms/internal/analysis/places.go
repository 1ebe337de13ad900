package analysis

import (
	"fmt"

	"github.com/anysms/anysms/cmd/anysms/internal/table"
)

// places are the indexes of the columns in a row; -1 = not used.
type places struct {
	text, to, network int
	variables         []int
}

func (o *Options) places(r table.Reader) (places, error) {
	p := places{text: -1, to: -1, network: -1}
	find := func(at *int, name string) (err error) {
		if name != "" {
			*at, err = table.Find(r, name)
		}
		return err
	}
	if o.Template == nil {
		if err := find(&p.text, o.TextColumn); err != nil {
			return p, err
		}
	} else {
		p.variables = make([]int, len(o.Template.variables))
		for i, name := range o.Template.variables {
			if err := find(&p.variables[i], name); err != nil {
				return p, fmt.Errorf("template: {%s}: %w", name, err)
			}
		}
	}
	if err := find(&p.to, o.ToColumn); err != nil {
		return p, err
	}
	return p, find(&p.network, o.NetworkColumn)
}
