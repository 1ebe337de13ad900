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

// text returns the value as it was sent, "" if it is missing, or is not a
// scalar.
func (p *pick) text(answer any) string {
	text, _ := p.next(answer, 0)
	return text
}

// word returns the value without white space around it, which XML may have. It
// is for everything but what a person wrote.
func (p *pick) word(answer any) string { return strings.TrimSpace(p.text(answer)) }

// words returns the values of all paths that exist.
func (p *pick) words(answer any) []string {
	var all []string
	for text, at := p.next(answer, 0); text != ""; text, at = p.next(answer, at) {
		all = append(all, strings.TrimSpace(text))
	}
	return all
}

// next returns the first value of the paths from an index on, and the index
// after it.
func (p *pick) next(answer any, from int) (text string, after int) {
	if p == nil {
		return "", 0
	}
	for i := from; i < len(p.Path); i++ {
		v, ok := p.Path[i].one(answer)
		if !ok {
			continue
		}
		text := request.WordOf(v)
		if p.Pattern != nil {
			groups := p.Pattern.FindStringSubmatch(text)
			if groups == nil {
				continue
			}
			text = groups[1]
		}
		if text != "" {
			return text, i + 1
		}
	}
	return "", len(p.Path)
}

// id returns the value as an identifier: booleans are not identifiers.
func (p *pick) id(answer any) string {
	word := p.word(answer)
	if word == "true" || word == "false" {
		return ""
	}
	return word
}

// count returns the value as a whole number, 0 if it is none.
func (p *pick) count(answer any) int {
	n, err := strconv.ParseUint(p.word(answer), 10, 16)
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
	Layout oneOrMore `yaml:"layout"`
	Zone   zone      `yaml:"zone"` // of times without one
}

// UnmarshalYAML reads a path, a list of them, or a map.
func (m *moment) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return m.pick.UnmarshalYAML(n)
	}
	var parts struct {
		Layout oneOrMore `yaml:"layout"`
		Zone   zone      `yaml:"zone"`
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
	word := m.word(answer)
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

// oneOrMore is one string or a list.
type oneOrMore []string

// UnmarshalYAML reads one string or a list.
func (l *oneOrMore) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]string)(l))
	}
	*l = oneOrMore{n.Value}
	return nil
}

func (l oneOrMore) or(def string) oneOrMore {
	if len(l) == 0 {
		return oneOrMore{def}
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
