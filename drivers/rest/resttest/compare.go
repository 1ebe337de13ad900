package resttest

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/rest"
)

// Difference is a code, status or phrase that two versions of a recipe decide
// differently.
type Difference struct {
	rest.Entry
	// Before and After are what the versions make of it, as in Decision; "" = it
	// could not be tried, as no fixture has a response for it.
	Before string
	After  string
}

// Compare sends every code, status and phrase of both versions through both, and
// returns those whose outcomes differ and how many were tried.
func Compare(ctx context.Context, before, after *rest.Recipe) (differences []Difference, tried int, err error) {
	entries := union(after.Entries(), before.Entries())
	then, err := Decide(ctx, before, entries)
	if err != nil {
		return nil, 0, err
	}
	now, err := Decide(ctx, after, entries)
	if err != nil {
		return nil, 0, err
	}
	for i, e := range entries {
		if then[i].Got != now[i].Got {
			differences = append(differences, Difference{e, then[i].Got, now[i].Got})
		}
	}
	return differences, len(entries), nil
}

// union lists the entries of both, each once: the same code in the same table, or
// the same phrase of a rule.
func union(first, second []rest.Entry) []rest.Entry {
	type key struct{ table, code, says string }
	keyOf := func(e rest.Entry) key {
		table, _, rule := strings.Cut(e.Table, ".when[")
		if rule {
			return key{table, e.Code, e.Says}
		}
		return key{e.Table, strings.ToLower(e.Code), ""}
	}
	var all []rest.Entry
	seen := make(map[key]bool)
	for _, e := range slices.Concat(first, second) {
		if k := keyOf(e); !seen[k] {
			seen[k] = true
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b rest.Entry) int { return cmp.Compare(a.Table, b.Table) })
	return all
}
