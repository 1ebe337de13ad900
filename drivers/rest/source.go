package rest

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
)

// Document is a source of a recipe.
type Document struct {
	// Name is what the recipe's tables and fixtures call it.
	Name string
	// Page is its address or title.
	Page string
	// Dated is the document's own date or version, where it has one.
	Dated string
	// Checked is the day on which the recipe was last compared with it; zero =
	// unknown.
	Checked time.Time
}

// sources keeps the order of the file.
type sources []Document

// sourceFile is a source in a recipe file.
type sourceFile struct {
	Page    string `yaml:"page"`
	Dated   string `yaml:"dated"`
	Checked string `yaml:"checked"`
}

// UnmarshalYAML reads the map of sources.
func (s *sources) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		at := n.Content[i+1]
		var f sourceFile
		if err := at.Decode(&f); err != nil {
			return err
		}
		source := Document{Name: n.Content[i].Value, Page: f.Page, Dated: f.Dated}
		if f.Checked != "" {
			day, err := time.Parse(time.DateOnly, f.Checked)
			if err != nil {
				return request.FaultAt(at, "checked: %q is not a day such as 2026-05-01", f.Checked)
			}
			source.Checked = day
		}
		*s = append(*s, source)
	}
	return nil
}

// TablesChecked is the day on which the recipe's tables were last compared with
// the vendor's documents: the earliest of the sources that they name. It is zero
// if that is not known of all of them.
func (r *Recipe) TablesChecked() time.Time {
	var earliest time.Time
	for _, name := range r.api.tableSources() {
		s, known := r.sourceNamed(name)
		if !known || s.Checked.IsZero() {
			return time.Time{}
		}
		if earliest.IsZero() || s.Checked.Before(earliest) {
			earliest = s.Checked
		}
	}
	return earliest
}

func (r *Recipe) sourceNamed(name string) (Document, bool) {
	for _, s := range r.Sources {
		if s.Name == name {
			return s, true
		}
	}
	return Document{}, false
}

// tableSources lists the sources that the tables and rules name, "" for a table
// that names none.
func (r *api) tableSources() []string {
	var all []string
	for _, t := range r.codeTables() {
		all = append(all, t.table.sources()...)
	}
	for _, e := range r.errorTables() {
		for i := range e.table.When {
			if rule := &e.table.When[i]; len(rule.Says) > 0 {
				all = append(all, rule.From)
			}
		}
	}
	return append(all, r.Statuses.sources()...)
}

// sources lists where the table and its rows are from.
func (t *table[R]) sources() []string {
	var all []string
	for _, key := range t.keys {
		r, _ := t.row(key)
		all = append(all, t.source(r))
	}
	return all
}
