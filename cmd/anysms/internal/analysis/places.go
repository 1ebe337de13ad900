package analysis

import (
	"github.com/anysms/anysms/cmd/anysms/internal/table"
)

// places are the indexes of the columns in a row; -1 = not used.
type places struct {
	text, to, network int
	variables         []int
}

func (o *Options) places(r table.Reader) (places, error) {
	p := places{text: -1, to: -1, network: -1}
	var err error
	if o.Template == nil {
		p.text, err = table.Find(r, o.TextColumn)
	} else {
		p.variables, err = o.Template.Find(r)
	}
	if err == nil && o.ToColumn != "" {
		p.to, err = table.Find(r, o.ToColumn)
	}
	if err == nil && o.NetworkColumn != "" {
		p.network, err = table.Find(r, o.NetworkColumn)
	}
	return p, err
}
