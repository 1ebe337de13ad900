package analysis

import (
	"fmt"
	"slices"
	"strings"
)

// places are where the wanted columns stand in a row; -1 = not wanted.
type places struct {
	text, to, network int
	variables         []int
}

func (o *Options) places(r reader) (places, error) {
	p := places{text: -1, to: -1, network: -1}
	find := func(at *int, name string) (err error) {
		if name != "" {
			*at, err = find(r, name)
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

// find finds a column by its name in the header.
func find(r reader, name string) (int, error) {
	header := r.columns()
	at := slices.Index(header, name)
	if at < 0 {
		return 0, fmt.Errorf("line 1: no column %q; read as %s the file has: %s", name, r.format(), quotedNames(header))
	}
	if slices.Contains(header[at+1:], name) {
		return 0, fmt.Errorf("line 1: more than one column is named %q", name)
	}
	return at, nil
}

// quotedNames lists the columns of a header, shortened where the file is not
// what it was taken for.
func quotedNames(header []string) string {
	const most, longest = 20, 60
	var names []string
	for _, name := range header[:min(len(header), most)] {
		if len(name) > longest {
			name = strings.ToValidUTF8(name[:longest], "") + "…"
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	if len(header) > most {
		names = append(names, fmt.Sprintf("and %d more", len(header)-most))
	}
	return strings.Join(names, ", ")
}
