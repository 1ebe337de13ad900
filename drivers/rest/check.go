package rest

import (
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/drivers/rest/internal/request"
)

// checker finds what neither the schema nor the parts of a recipe can detect
// alone: unknown names, and paths that cannot match.
type checker struct {
	recipe   *Recipe
	problems []Problem
}

func (r *Recipe) check(fixtures []fixture.Fixture) []Problem {
	c := &checker{recipe: r}
	c.settings()
	c.auth()
	c.writing()
	c.send()
	c.others()
	c.callbacks()
	c.tables()
	c.trust()
	c.samples(fixtures)
	c.example()
	return c.problems
}

func (c *checker) add(at request.Position, format string, args ...any) {
	c.problems = append(c.problems, problemOf(at.Fault(format, args...)))
}

// settings must not have the name of a value.
func (c *checker) settings() {
	for _, s := range c.recipe.Settings {
		if slices.Contains(messageNames(), s.Name) || slices.Contains([]string{"id", "id_to", "cursor", "since", "page", "offset", "typed", "country"}, s.Name) {
			c.add(request.Position{}, "settings.%s: is reserved for a value; choose another name", s.Name)
		}
	}
}

// names checks that each name of a template stands for something.
func (c *checker) names(t *request.Template, values []string) {
	if t == nil {
		return
	}
	for _, name := range t.Names() {
		if _, ok := c.recipe.setting(name); ok || slices.Contains(values, name) {
			continue
		}
		if extra, ok := strings.CutPrefix(name, "extra."); ok && slices.Contains(values, "to") && slices.Contains(c.recipe.api.Extras, extra) {
			continue
		}
		c.add(t.Position, "unknown name {%s}; want one of %s", name, c.known(values))
	}
}

func (c *checker) known(values []string) string {
	all := slices.Clone(values)
	for _, s := range c.recipe.Settings {
		if !s.Templates {
			all = append(all, s.Name)
		}
	}
	if slices.Contains(values, "to") {
		for _, e := range c.recipe.api.Extras {
			all = append(all, "extra."+e)
		}
	}
	return strings.Join(all, ", ")
}

func (c *checker) tree(t *request.Tree, values []string) {
	for _, one := range t.Templates() {
		c.names(one, values)
	}
}

func (c *checker) auth() {
	for _, t := range c.recipe.api.Auth.Templates() {
		c.names(t, nil)
	}
}

func (c *checker) writing() {
	i := c.recipe.api.Idempotency
	if i == nil {
		return
	}
	if i.When != "" {
		c.setting(i.Life.at, i.When)
	}
	if !c.recipe.sends("idempotency_key") {
		c.add(i.Life.at, "no part of send.request has {idempotency_key}")
	}
}

// setting checks that a setting is declared.
func (c *checker) setting(at request.Position, name string) {
	if _, ok := c.recipe.setting(name); !ok {
		c.add(at, "%q is not a setting of this recipe", name)
	}
}

// request checks the parts of a request. $each is only for batches.
func (c *checker) request(r *request.Request, values []string, batch bool) {
	c.names(&r.Path, values)
	bodies := 0
	for _, t := range []*request.Tree{r.Form, r.JSON, r.XML} {
		if t != nil {
			bodies++
		}
	}
	if bodies > 1 {
		c.add(r.Position, "must have at most one of form, json, xml")
	}
	if bodies > 0 && r.HTTPMethod() == "GET" {
		c.add(r.Position, "a GET has no body; use query")
	}
	if c.recipe.api.Auth.Body != nil && (r.XML != nil || r.JSON != nil && !r.JSON.IsMap()) {
		c.add(r.Position, "auth.body needs a form, a JSON body that is a map, or no body at all")
	}
	each := 0
	for _, t := range r.Trees() {
		c.tree(t, values)
		each += t.CountEach()
	}
	if batch && each != 1 {
		c.add(r.Position, "a batch needs exactly one %s", request.KeyEach)
	}
	if !batch && each > 0 {
		c.add(r.Position, "%s is only allowed in batch.request", request.KeyEach)
	}
}

// call checks a call's request and how its response is read.
func (c *checker) call(k *call, values []string) {
	c.request(&k.Request, values, false)
	c.answer(k)
}

func (c *checker) answer(k *call) {
	c.conditions(k.Success.Where, &k.Reply)
	table := k.Errors
	if table == nil {
		table = &c.recipe.api.Errors
	}
	c.errors(table, &k.Reply)
}

func (c *checker) conditions(cs conditions, r *reply) {
	for i := range cs {
		k := &cs[i]
		at := k.targets()
		if at == nil || k.Is == nil && k.IsNot == nil && k.OneOf == nil && k.Matches == nil && k.Empty == nil {
			c.add(k.at, "needs one of path, all, any and one of is, is_not, one_of, matches, empty")
			continue
		}
		for i := range at {
			c.conditionPath(k, &at[i], r)
		}
	}
}

func (c *checker) conditionPath(k *condition, at *path, r *reply) {
	c.path(at, r)
	if k.Path != nil && at.many() {
		c.add(at.at, "path %q may lead to several values; use all or any instead of path", at.raw)
	}
	if k.Path == nil && !at.many() {
		c.add(at.at, "path %q leads to one value; all and any need a path with [*]", at.raw)
	}
}

// picks checks paths that must lead to one value.
func (c *checker) picks(r *reply, all ...*pick) {
	for _, p := range all {
		if p == nil {
			continue
		}
		for i := range p.Path {
			c.path(&p.Path[i], r)
			if p.Path[i].many() {
				c.add(p.Path[i].at, "path %q may lead to several values; want an index such as [0]", p.Path[i].raw)
			}
		}
	}
}

// path checks that a path can match the form of the response.
func (c *checker) path(p *path, r *reply) {
	groups := r.groups()
	if groups == nil || len(p.steps) == 0 {
		return
	}
	if len(p.steps) != 1 || !slices.Contains(groups, p.steps[0].key) {
		c.add(p.at, "path %q cannot match: the response is a text with the groups %s", p.raw, strings.Join(groups, ", "))
	}
}

func (c *checker) receipt(s *receiptSpec, r *reply) {
	c.picks(r, s.ID, s.Segments)
	c.price(s.Cost, r)
}

func (c *checker) price(p *price, r *reply) {
	if p == nil {
		return
	}
	c.picks(r, &p.Amount, p.Paid)
	if p.Sum != nil && !p.Sum.many() {
		c.add(p.Sum.at, "path %q leads to one value; sum needs a path with [*]", p.Sum.raw)
	}
	c.names(p.Currency, nil)
}

func (c *checker) event(e *eventSpec, r *reply) {
	c.picks(r, e.picks()...)
	c.price(e.Cost, r)
}

func (c *checker) example() {
	for _, s := range c.recipe.Settings {
		if !s.Optional && s.Default == "" && c.recipe.Example[s.Name] == "" {
			c.add(request.Position{}, "example: needs a value for %s, for the fixtures", s.Name)
		}
	}
	for name := range c.recipe.Example {
		if _, ok := c.recipe.setting(name); !ok {
			c.add(request.Position{}, "example.%s: is not a setting of this recipe", name)
		}
	}
}
