package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/numbering"
)

// Match says which messages a rule applies to. Each list that is not empty must contain
// the message's value.
type Match struct {
	Classes   []provider.Class
	Countries []string // ISO 3166 alpha-2: GR
	Clients   []string // as in router.WithClient
	Tags      []string // Message.Tag
}

// traits are what matches look at in a message.
type traits struct {
	class                provider.Class
	country, client, tag string
}

func traitsOf(m *provider.Message, country, client string) traits {
	t := traits{m.Class, country, client, m.Tag}
	if t.class == "" {
		t.class = provider.Transactional
	}
	return t
}

func (m *Match) takes(t *traits) bool {
	return (len(m.Classes) == 0 || slices.Contains(m.Classes, t.class)) &&
		(len(m.Countries) == 0 || slices.Contains(m.Countries, t.country)) &&
		(len(m.Clients) == 0 || slices.Contains(m.Clients, t.client)) &&
		(len(m.Tags) == 0 || slices.Contains(m.Tags, t.tag))
}

// check completes the match; path is that of its rule.
func (m *Match) check(path string) error {
	m.Classes = slices.Clone(m.Classes)
	for i, c := range m.Classes {
		switch c {
		case "":
			m.Classes[i] = provider.Transactional
		case provider.OTP, provider.Transactional, provider.Marketing:
		default:
			return provider.ConfigErrorf(path+".classes", "%q; want otp, transactional or marketing", c)
		}
	}
	return checkCountries(path+".countries", m.Countries)
}

func checkCountries(path string, list []string) error {
	for _, c := range list {
		if c == "" || numbering.CheckRegion(c) != nil {
			return provider.ConfigErrorf(path, "unknown country %q; want an ISO 3166 code such as GR", c)
		}
	}
	return nil
}

// sign tells matches apart in the names of counters.
func (m *Match) sign() string {
	if len(m.Classes)+len(m.Countries)+len(m.Clients)+len(m.Tags) == 0 {
		return ""
	}
	return fmt.Sprintf("%q", []any{m.Classes, m.Countries, m.Clients, m.Tags})
}

// String describes the match for people; "" = every message.
func (m *Match) String() string {
	var parts []string
	add := func(what string, list []string) {
		if len(list) > 0 {
			parts = append(parts, what+" "+strings.Join(list, ", "))
		}
	}
	var classes []string
	for _, c := range m.Classes {
		classes = append(classes, string(c))
	}
	add("class", classes)
	add("country", m.Countries)
	add("client", m.Clients)
	add("tag", m.Tags)
	return strings.Join(parts, "; ")
}
