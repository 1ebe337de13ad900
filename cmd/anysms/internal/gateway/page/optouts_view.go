package page

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/router/ledger"
)

func (l *optOutList) html(v *visit) g.Node {
	return g.Group{
		heading("Opt-outs", "These people get no messages. A STOP reply adds its number automatically."),
		h.Div(h.Class("forms"), l.searchForm(), addForm(v)),
		wrong(l.Wrong),
		l.rows(v),
		g.If(l.Next != "", h.Nav(h.Class("pages"), h.Aria("label", "Pages"), h.A(h.Href(l.Next), h.Rel("next"), g.Text("More →")))),
	}
}

func (l *optOutList) searchForm() g.Node {
	return h.Form(h.Class("panel row"), h.Method("get"), h.Action("/optouts"), h.Role("search"), h.Aria("label", "Search for a number"),
		numberField("number", l.Number),
		h.Button(h.Class("second"), g.Text("Search")),
		g.If(l.Number != "", h.A(h.Href("/optouts"), g.Text("Show all"))),
	)
}

func addForm(v *visit) g.Node {
	return h.Form(h.Class("panel row"), h.Method("post"), h.Action("/optouts/add"), h.Aria("label", "Add a number"), v.csrf(),
		numberField("number", "", h.Required()),
		h.Button(g.Text("Add")),
	)
}

func (l *optOutList) rows(v *visit) g.Node {
	switch {
	case len(l.Items) > 0:
		return table("cards", "Opt-outs by number", []g.Node{
			column("Number"), column("Applies to"), column("Source"), column("Since"), column("Action"),
		}, g.Map(l.Items, func(o ledger.OptOut) g.Node { return optOutRow(v, &o) }))
	case l.Wrong != "":
		return nil
	case l.Number != "":
		return empty("This number has not opted out.")
	}
	return empty("Nobody has opted out.")
}

func optOutRow(v *visit, o *ledger.OptOut) g.Node {
	appliesTo := "everything"
	if o.Scope != ledger.ScopeAll {
		appliesTo = string(o.Scope) + " " + o.Value
	}
	since := g.Text("–")
	if !o.At.IsZero() {
		since = timeOf(o.At, longTime)
	}
	return h.Tr(
		cell("Number", "mono", g.Text(o.Number)),
		cell("Applies to", "", g.Text(appliesTo)),
		cell("Source", "", g.Text(string(o.Source))),
		cell("Since", "", since),
		cell("Action", "", h.Form(h.Method("post"), h.Action("/optouts/remove"), v.csrf(), hidden("number", o.Number),
			h.Button(h.Class("small second"), h.Aria("label", "Remove the opt-outs of "+o.Number), g.Text("Remove")))),
	)
}
