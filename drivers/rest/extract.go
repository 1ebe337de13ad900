package rest

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
)

// pick takes one value out of a response. In a recipe it is a path, a list of
// paths of which the first that exists is used, or {path, pattern}.
type pick struct {
	Path    paths    `yaml:"path"`
	Pattern *pattern `yaml:"pattern"` // its first group is the value
	at      request.Position
}

// UnmarshalYAML reads any of the three forms.
func (p *pick) UnmarshalYAML(n *yaml.Node) error {
	type plain pick
	var err error
	if n.Kind == yaml.MappingNode {
		err = n.Decode((*plain)(p))
	} else {
		err = n.Decode(&p.Path)
	}
	if err != nil {
		return err
	}
	p.at = request.At(n)
	if p.Pattern != nil && p.Pattern.NumSubexp() == 0 {
		return p.Pattern.at.Fault("needs a group in parentheses around the value")
	}
	return nil
}

// text returns the value as text, "" if it is missing, or is not a scalar.
func (p *pick) text(answer any) string {
	if p == nil {
		return ""
	}
	for _, at := range p.Path {
		v, ok := at.one(answer)
		if !ok {
			continue
		}
		word := request.WordOf(v)
		if p.Pattern != nil {
			groups := p.Pattern.FindStringSubmatch(word)
			if groups == nil {
				continue
			}
			word = groups[1]
		}
		if word != "" {
			return word
		}
	}
	return ""
}

// id returns the value as an identifier: booleans are not identifiers.
func (p *pick) id(answer any) string {
	word := p.text(answer)
	if word == "true" || word == "false" {
		return ""
	}
	return word
}

// count returns the value as a whole number, 0 if it is none.
func (p *pick) count(answer any) int {
	n, err := strconv.ParseUint(p.text(answer), 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// moment takes a time out of a response.
type moment struct {
	pick `yaml:",inline"`
	// Layout is Go's; "unix" and "unix_ms" count from 1970. More than one may
	// be tried. Without one the time is RFC 3339.
	Layout layouts `yaml:"layout"`
	Zone   zone    `yaml:"zone"` // of times without one
}

// UnmarshalYAML reads a path, a list of them, or a map.
func (m *moment) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return m.pick.UnmarshalYAML(n)
	}
	var parts struct {
		Layout layouts `yaml:"layout"`
		Zone   zone    `yaml:"zone"`
	}
	if err := n.Decode(&parts); err != nil {
		return err
	}
	m.Layout, m.Zone = parts.Layout, parts.Zone
	return m.pick.UnmarshalYAML(n)
}

// time returns the zero time if there is no readable one.
func (m *moment) time(answer any) time.Time {
	if m == nil {
		return time.Time{}
	}
	word := strings.TrimSpace(m.text(answer))
	if word == "" {
		return time.Time{}
	}
	for _, layout := range m.Layout.or(time.RFC3339) {
		if t, ok := parseTime(word, layout, m.Zone.location()); ok {
			return t
		}
	}
	return time.Time{}
}

// Layouts that count from 1970.
const (
	unixSeconds = "unix"
	unixMillis  = "unix_ms"
)

func parseTime(word, layout string, zone *time.Location) (time.Time, bool) {
	if layout != unixSeconds && layout != unixMillis {
		t, err := time.ParseInLocation(layout, word, zone)
		return t.UTC(), err == nil
	}
	whole, _, _ := strings.Cut(word, ".") // fractions of a second do not matter here
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if layout == unixMillis {
		return time.UnixMilli(n).UTC(), true
	}
	return time.Unix(n, 0).UTC(), true
}

func formatTime(t time.Time, layout string, zone *time.Location) any {
	switch layout {
	case unixSeconds:
		return json.Number(strconv.FormatInt(t.Unix(), 10))
	case unixMillis:
		return json.Number(strconv.FormatInt(t.UnixMilli(), 10))
	}
	return t.In(zone).Format(layout)
}

// layouts is one layout or a list.
type layouts []string

// UnmarshalYAML reads one layout or a list.
func (l *layouts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]string)(l))
	}
	*l = layouts{n.Value}
	return nil
}

func (l layouts) or(def string) layouts {
	if len(l) == 0 {
		return layouts{def}
	}
	return l
}

// zone is a time zone by its IANA name, or a fixed offset such as "+02:00".
type zone struct{ at *time.Location }

// UnmarshalYAML finds the zone.
func (z *zone) UnmarshalYAML(n *yaml.Node) error {
	if t, err := time.Parse("-07:00", n.Value); err == nil {
		_, offset := t.Zone()
		z.at = time.FixedZone(n.Value, offset)
		return nil
	}
	location, err := time.LoadLocation(n.Value)
	if err != nil || n.Value == "Local" {
		return request.FaultAt(n, "%q is not a time zone such as UTC, +02:00 or Africa/Johannesburg", n.Value)
	}
	z.at = location
	return nil
}

func (z zone) location() *time.Location {
	if z.at == nil {
		return time.UTC
	}
	return z.at
}
