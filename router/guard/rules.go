package guard

import (
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/router/numbering"
)

// SenderRule says which senders the networks of a country accept.
type SenderRule struct {
	Country      string // ISO 3166 alpha-2
	Alphanumeric bool   // names such as Example arrive; false = only numbers do
	Registration bool   // a name must be registered first
	Source       string // the page that says so
	Date         string // of that page, or when it was read: 2026-11-21
	Note         string
}

// SenderRules are the rules by country. A country without a rule is taken to accept any
// sender.
type SenderRules struct {
	rules map[string]SenderRule
}

//go:embed senders.csv
var builtIn embed.FS

// LoadSenderRules returns the built-in rules, with those of a file in the place of their
// own for the same country; path "" = no file.
func LoadSenderRules(path string) (*SenderRules, error) {
	f, err := builtIn.Open("senders.csv")
	if err != nil {
		return nil, err
	}
	rules, err := ReadSenderRules(f, "senders.csv")
	if err != nil || path == "" {
		return rules, err
	}
	own, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer own.Close()
	over, err := ReadSenderRules(own, path)
	if err != nil {
		return nil, err
	}
	maps.Copy(rules.rules, over.rules)
	return rules, nil
}

// columns of a file of rules. The note may be empty or missing.
var ruleColumns = []string{"country", "alphanumeric", "registration", "source", "date", "note"}

// ReadSenderRules reads rules from CSV with the columns country, alphanumeric (yes or
// no), registration (yes or no), source, date and note. Every rule must be whole: an
// error names the file, the line and the column.
func ReadSenderRules(r io.Reader, name string) (*SenderRules, error) {
	rows := csv.NewReader(r)
	rows.Comment, rows.FieldsPerRecord = '#', -1
	header, err := rows.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: is empty; want a header: %s", name, strings.Join(ruleColumns, ","))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	at, err := placeColumns(header)
	if err != nil {
		line, _ := rows.FieldPos(0)
		return nil, fmt.Errorf("%s:%d: %w", name, line, err)
	}
	rules := &SenderRules{make(map[string]SenderRule)}
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return rules, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := rows.FieldPos(0)
		rule, err := readRule(cells, at)
		if err == nil && rules.rules[rule.Country].Country != "" {
			err = fmt.Errorf("country: %s has a rule already", rule.Country)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		rules.rules[rule.Country] = rule
	}
}

// placeColumns returns where each of ruleColumns is; -1 = nowhere.
func placeColumns(header []string) ([]int, error) {
	at := make([]int, len(ruleColumns))
	for i, want := range ruleColumns {
		at[i] = slices.Index(header, want)
		if at[i] < 0 && want != "note" {
			return nil, fmt.Errorf("the column %s is missing; want %s", want, strings.Join(ruleColumns, ","))
		}
	}
	for _, have := range header {
		if !slices.Contains(ruleColumns, have) {
			return nil, fmt.Errorf("unknown column %q; want %s", have, strings.Join(ruleColumns, ","))
		}
	}
	return at, nil
}

func readRule(cells []string, at []int) (SenderRule, error) {
	cell := func(i int) string {
		if at[i] < 0 || at[i] >= len(cells) {
			return ""
		}
		return strings.TrimSpace(cells[at[i]])
	}
	for i, column := range ruleColumns[:5] {
		if cell(i) == "" {
			return SenderRule{}, fmt.Errorf("%s: must not be empty: a rule is whole or not there", column)
		}
	}
	r := SenderRule{Country: cell(0), Source: cell(3), Date: cell(4), Note: cell(5)}
	if numbering.CheckRegion(r.Country) != nil {
		return r, fmt.Errorf("country: unknown country %q; want an ISO 3166 code such as GR", r.Country)
	}
	var err error
	if r.Alphanumeric, err = yesOrNo("alphanumeric", cell(1)); err != nil {
		return r, err
	}
	if r.Registration, err = yesOrNo("registration", cell(2)); err != nil {
		return r, err
	}
	if _, err := time.Parse(time.DateOnly, r.Date); err != nil {
		return r, fmt.Errorf("date: %q; want a day such as 2026-11-21", r.Date)
	}
	return r, nil
}

func yesOrNo(column, s string) (bool, error) {
	switch s {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	}
	return false, fmt.Errorf("%s: %q; want yes or no", column, s)
}

// Of returns the rule of a country; ok is false if there is none.
func (r *SenderRules) Of(country string) (rule SenderRule, ok bool) {
	rule, ok = r.rules[country]
	return rule, ok
}

// Countries lists the countries that have a rule.
func (r *SenderRules) Countries() []string {
	list := make([]string, 0, len(r.rules))
	for c := range r.rules {
		list = append(list, c)
	}
	slices.Sort(list)
	return list
}
