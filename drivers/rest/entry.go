package rest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/anysms/anysms/provider"
)

// Entry is one line of a recipe's tables: what a code, a status word or a phrase
// of the vendor means.
type Entry struct {
	Table string // "errors.codes", "errors.when[0]", "report_codes", "statuses"
	Code  string // the vendor's code or word; for a rule the first code that it names
	Says  string // the vendor's own words; for a rule one of its phrases
	// Source is where the words stand, a name among Recipe.Sources.
	Source string
	HTTP   int // the status with which the vendor documents it; 0 = not documented
	// Means is the error's code; for a report the reason of a failure.
	Means provider.Code
	// Status is what a report with it means for the message, "" for errors.
	Status provider.Status
	// LeftOut says why a documented code has no meaning here; "" = it has one.
	LeftOut string
}

// Entries lists the recipe's tables, line by line.
func (r *Recipe) Entries() []Entry {
	var all []Entry
	for _, t := range r.api.codeTables() {
		all = append(all, codeEntries(t.name, t.table)...)
	}
	t := &r.api.Statuses
	for _, key := range t.keys {
		row, _ := t.row(key)
		all = append(all, Entry{Table: "statuses", Code: key, Says: t.says(key), Source: t.source(row), Means: provider.Code(row.Code), Status: provider.Status(row.Is)})
	}
	all = append(all, leftOut("statuses", t.From, t.LeftOut)...)
	for _, e := range r.api.errorTables() {
		all = append(all, e.phrases()...)
	}
	return all
}

func codeEntries(name string, t *table[codeRow]) []Entry {
	var all []Entry
	for _, key := range t.keys {
		row, _ := t.row(key)
		all = append(all, Entry{
			Table: name, Code: key, Says: t.says(key), Source: t.source(row), HTTP: row.HTTP,
			Means: provider.Code(row.Is), Status: provider.Status(row.Status),
		})
	}
	return append(all, leftOut(name, t.From, t.LeftOut)...)
}

func leftOut(name, source string, reasons map[string]string) []Entry {
	var all []Entry
	for _, code := range slices.Sorted(maps.Keys(reasons)) {
		all = append(all, Entry{Table: name, Code: code, Source: source, LeftOut: reasons[code]})
	}
	return all
}

// phrases lists what the rules say that they apply to.
func (e namedErrors) phrases() []Entry {
	var all []Entry
	for i := range e.table.When {
		rule := &e.table.When[i]
		for _, phrase := range rule.Says {
			one := Entry{Table: fmt.Sprintf("%s.when[%d]", e.name, i), Says: phrase, Source: rule.From, Means: provider.Code(rule.Is)}
			if len(rule.Codes) > 0 {
				one.Code = string(rule.Codes[0])
			}
			if len(rule.Status) > 0 {
				one.HTTP = rule.Status[0]
			}
			all = append(all, one)
		}
	}
	return all
}
