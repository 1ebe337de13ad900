package page

import (
	"cmp"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func (c *costView) html() g.Node {
	return g.Group{
		h.Div(h.Class("head"), h.H1(g.Text("Costs")), h.P(h.Class("row spans"), g.Map(spans, func(days int) g.Node {
			n := strconv.Itoa(days)
			return h.A(h.Href("/costs?days="+n), g.If(days == c.Days, h.Aria("current", "true")), g.Text(n+" days"))
		}))),
		live("costs", c.sums()),
	}
}

func (c *costView) sums() g.Node {
	switch {
	case c.Pending:
		return empty("The messages are being summed up. This page reloads automatically.")
	case c.Total.Attempts == 0:
		return empty("Nothing was sent in these days.")
	}
	return g.Group{
		h.Dl(h.Class("figures"),
			fact("Cost", money(c.Total.Costs)),
			fact("Attempts", count(c.Total.Attempts)),
			fact("Accepted", count(c.Total.Accepted)),
			fact("Delivered", g.Text(deliveryRate(c.Total))),
		),
		g.If(c.Total.Costs.Estimated, muted("≈ means that some prices are those of the rate card, as the vendor does not state its own.")),
		h.Div(h.Class("two"),
			h.Section(h.Aria("labelledby", "by-day"), h.H2(h.ID("by-day"), g.Text("By day")), costTable("Day", c.ByDay)),
			h.Section(h.Aria("labelledby", "by-country"), h.H2(h.ID("by-country"), g.Text("By country")), costTable("Country", c.ByCountry)),
		),
	}
}

// costTable is a table of days or countries; head is the title of its first column.
func costTable(head string, rows []costRow) g.Node {
	bar := h.Th(h.Scope("col"), h.Class("bar"), h.Aria("hidden", "true"))
	return table("", head+": attempts, delivery rate and cost",
		[]g.Node{column(head), numberColumn("Attempts"), bar, numberColumn("Delivered"), numberColumn("Cost")},
		g.Map(rows, func(r costRow) g.Node {
			number := func(content g.Node) g.Node { return h.Td(h.Class("number"), content) }
			return h.Tr(
				h.Th(h.Scope("row"), g.Text(cmp.Or(r.Name, "not known"))),
				number(count(r.Attempts)),
				h.Td(h.Class("bar"), h.Aria("hidden", "true"), h.Meter(h.Min("0"), h.Max("100"), h.Value(strconv.Itoa(r.Share)))),
				number(g.Text(deliveryRate(r.figures))),
				number(money(r.Costs)),
			)
		}))
}
