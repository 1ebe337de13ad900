package rest

import (
	"slices"

	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

func (c *checker) errors(t *errorTable, r *reply) {
	c.picks(r, t.Code, t.Message)
	for i := range t.When {
		c.conditions(t.When[i].Where, r)
	}
	if t.RetryAfter != nil {
		c.picks(r, &t.RetryAfter.pick)
	}
}

// tables checks that tables and rules name sources that exist.
func (c *checker) tables() {
	for _, t := range c.recipe.api.codeTables() {
		sourcesOf(c, t.table)
	}
	sourcesOf(c, &c.recipe.api.Statuses)
	for _, e := range c.recipe.api.errorTables() {
		for i := range e.table.When {
			c.source(e.table.When[i].at, e.table.When[i].From)
		}
	}
}

func sourcesOf[R row](c *checker, t *table[R]) {
	c.source(t.at, t.From)
	for _, key := range t.keys {
		r, _ := t.row(key)
		c.source(r.words().at, r.words().From)
	}
}

// samples checks that fixtures name sources that exist.
func (c *checker) samples(fixtures []fixture.Fixture) {
	for _, name := range c.recipe.FixturesFrom {
		if _, known := c.recipe.sourceNamed(name); !known {
			c.add(request.Position{}, "fixtures_from: %q is not one of the recipe's sources", name)
		}
	}
	for _, f := range fixtures {
		if _, known := c.recipe.sourceNamed(f.Sample); f.Sample != "" && !known {
			c.add(request.Position{}, "fixture %q: sample: %q is not one of the recipe's sources", f.Name, f.Sample)
		}
	}
}

// source checks the name of a source; "" is none.
func (c *checker) source(at request.Position, name string) {
	if _, known := c.recipe.sourceNamed(name); name != "" && !known {
		c.add(at, "%q is not one of the recipe's sources", name)
	}
}

// trust keeps an untested recipe from claiming proof.
func (c *checker) trust() {
	if f := c.recipe.api.Find; c.recipe.Experimental && f != nil && f.Settles.Duration > 0 {
		c.add(f.Settles.at, "an experimental recipe must not have settles: it cannot prove that a message was not sent")
	}
	if !c.recipe.Experimental {
		return
	}
	for _, t := range c.recipe.api.errorTables() {
		for _, rule := range t.table.When {
			if rule.bare() && provider.Code(rule.Is) != provider.Indeterminate && slices.ContainsFunc(rule.Status, doubtful) {
				c.add(rule.at, "the outcome of a response with this status is unknown, which an experimental recipe may not override; add the vendor's code or a condition")
			}
		}
	}
}
