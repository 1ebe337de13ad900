package rest

import (
	"slices"

	"github.com/anysms/anysms/drivers/rest/internal/request"
)

func (c *checker) send() {
	s := &c.recipe.api.Send
	c.call(&s.call, messageNames())
	c.receipt(&s.Receipt, &s.Reply)
	for _, name := range []string{"to", "text"} {
		if !c.recipe.sends(name) && !(name == "text" && c.recipe.sends("template_variables")) {
			c.add(s.Request.Position, "no part of the request has {%s}", name)
		}
	}
	if c.recipe.api.Batch != nil {
		c.batch(c.recipe.api.Batch)
	}
}

// batch checks that nothing that a message can have is lost in a batch, and that
// what the messages share is shared by a rule.
func (c *checker) batch(b *batchCall) {
	c.request(&b.Request, messageNames(), true)
	c.answer(&b.call)
	element := &reply{}
	c.conditions(b.Verdict.Where, element)
	c.receipt(&b.Receipt, element)
	if b.Match == "ref" && b.Ref == nil {
		c.add(b.Request.Position, "match: ref needs ref, the path from a verdict to the ref")
	}
	if b.Match == "to" && b.To == nil {
		c.add(b.Request.Position, "match: to needs to, the path from a verdict to the recipient")
	}
	for _, name := range b.Request.Shared() {
		if slices.Contains([]string{"to", "ref", "tag", "idempotency_key"}, name) {
			c.add(b.Request.Position, "{%s} is not the same for all messages of a batch; it must be in %s", name, request.KeyEach)
		}
	}
	batch := b.Request.Names()
	for _, name := range c.recipe.api.Send.Request.Names() {
		_, setting := c.recipe.setting(name)
		if !setting && !slices.Contains(batch, name) {
			c.add(b.Request.Position, "no part of the batch request has {%s}, which send.request has: it would be lost", name)
		}
	}
	if !b.Each.many() {
		c.add(b.Each.at, "path %q leads to one value; want one with [*]", b.Each.raw)
	}
}

func (c *checker) others() {
	r := &c.recipe.api
	id := []string{"id"}
	if r.IDOf == idOfRequest {
		id = append(id, "id_to")
	}
	if s := r.Status; s != nil {
		c.call(&s.call, id)
		c.event(&s.Report, &s.Reply)
	}
	if r.Cancel != nil {
		c.call(r.Cancel, id)
	}
	if r.Check != nil {
		c.call(r.Check, nil)
	}
	if b := r.Balance; b != nil {
		c.call(&b.call, nil)
		c.price(&b.Available, &b.Reply)
	}
	if q := r.Quote; q != nil {
		c.call(&q.call, messageNames())
		c.picks(&q.Reply, q.Segments, q.Encoding)
		c.price(q.Cost, &q.Reply)
	}
	if f := r.Find; f != nil {
		c.call(&f.call, []string{"ref", "to", "since"})
		c.receipt(&f.Receipt, &reply{})
		c.picks(&reply{}, &f.Ref, f.To)
		if f.When != "" {
			c.setting(f.Request.Position, f.When)
		}
	}
	if i := r.Inbox; i != nil {
		c.inbox(i)
	}
	if n := r.FormatNumber; n != nil {
		c.call(&n.call, []string{"typed", "country"})
		c.conditions(n.Valid, &n.Reply)
		c.picks(&n.Reply, &n.Number, n.Type)
	}
	if r.Statuses.rows == nil && (r.Status != nil || r.reports()) {
		c.add(r.Send.Request.Position, "statuses is missing; delivery reports need a table of the vendor's words")
	}
}

func (c *checker) inbox(i *inboxCall) {
	values := []string{"since"}
	switch {
	case i.Next != nil:
		values = []string{"cursor"}
	case i.Page != nil:
		values = append(values, "page", "offset")
	}
	c.call(&i.call, values)
	c.conditions(i.Only, &reply{})
	c.event(&i.Inbound, &reply{})
	c.picks(&i.Reply, i.Next)
	if i.Next == nil && (i.Inbound.At == nil || i.Inbound.ID == nil) {
		c.add(i.Request.Position, "the inbox needs next, or inbound.at and inbound.id to make a cursor of")
	}
}

func (r *api) reports() bool {
	return r.Callbacks != nil && slices.ContainsFunc(r.Callbacks.Events, func(e eventRule) bool { return e.Kind == "report" })
}

func (c *checker) callbacks() {
	k := c.recipe.api.Callbacks
	if k == nil {
		return
	}
	for i := range k.Verify {
		c.verification(&k.Verify[i])
	}
	c.tree(k.URLParams, messageNames())
	for i := range k.Events {
		c.conditions(k.Events[i].When, &reply{})
		c.event(&k.Events[i].eventSpec, &reply{})
	}
}

func (c *checker) verification(v *verification) {
	for _, name := range v.settings() {
		c.setting(v.at, name)
		if s, ok := c.recipe.setting(name); ok && !s.Secret && v.IPs == "" && v.Ed25519 == nil && !(v.Basic != nil && name == v.Basic.Username) {
			c.add(v.at, "the setting %q must be secret: true", name)
		}
	}
}
