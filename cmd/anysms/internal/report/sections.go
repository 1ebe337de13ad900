package report

import (
	"cmp"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/encoding/segment"
)

// The sections of the page, in its order. One that has nothing to say is nil.

func (v *view) violations() g.Node {
	if len(v.Violations) == 0 {
		return nil
	}
	rows := g.Map(v.Violations, func(one analysis.Violation) g.Node {
		return h.Tr(cell(one.Rule), wordCell(one.Limit), wordCell(one.Got))
	})
	return g.Group{
		line(h.H2(h.Class("bad"), g.Text("Limits exceeded"))),
		line(table([]g.Node{column("Rule"), wordColumn("Limit"), wordColumn("Got")}, rows)),
	}
}

func (v *view) encodings() g.Node {
	return section("Encodings",
		h.P(g.Text("A single character outside the GSM-7 alphabet turns the whole message into UCS-2, where one segment has room for 70 characters instead of 160.")),
		barTable("Encoding", v.Encodings, v.Providers),
	)
}

func (v *view) histogram() g.Node {
	return section("Segments per message",
		h.P(g.Textf("Median %d, p95 %d, longest %s.", v.Median, v.P95, cli.Grouped(v.Longest))),
		barTable("Segments", v.Histogram, v.Providers),
	)
}

func (v *view) countryBars() g.Node {
	if len(v.Countries) == 0 {
		return nil
	}
	return section("Countries", barTable("Country", v.Countries, v.Providers), more(v.MoreCountries, ""))
}

func (v *view) networkBars() g.Node {
	if len(v.Networks) == 0 {
		return nil
	}
	return section("Networks", barTable("Network", v.Networks, v.Providers))
}

func (v *view) costTable() g.Node {
	if len(v.Costs) == 0 {
		return nil
	}
	head := []g.Node{column("Provider"), column("Cost")}
	if v.Common != nil {
		head = append(head, column("In "+v.Common.Currency))
	}
	head = append(head, column("Messages without a price"), column("Messages too long"), g.If(v.Measured, graphColumn()))
	rows := g.Map(v.Costs, func(c cost) g.Node {
		return h.Tr(
			cell(c.Provider), cell(c.Shown), g.If(v.Common != nil, cell(c.Common)),
			numberCell(c.Unpriced), numberCell(c.Uncarried), g.If(v.Measured, graphCell(c.Percent)),
		)
	})
	missing := strings.Join(v.MissingRates, ", ")
	return section("Cost by provider", table(head, rows),
		g.If(missing != "", h.P(g.Text("Prices in different currencies are not compared without their rates; missing: "+missing+"."))))
}

// cheapest is the cheapest provider for each country.
func (v *view) cheapest() g.Node {
	if v.Mix == nil || len(v.Mix.Total) == 0 {
		return nil
	}
	sum := "In total " + sums(v.Mix.Total)
	if v.Converted() {
		sum += ", which is " + cli.Money(v.Common.Mix)
	}
	if v.Mix.Without > 0 {
		sum += ", excluding " + cli.Grouped(v.Mix.Without) + " messages to countries where no provider accepts and prices all of them"
	}
	rows := g.Map(v.mixed(), func(m mixed) g.Node {
		return h.Tr(cell(cmp.Or(m.Country, "unknown")), wordCell(cmp.Or(m.Provider, "none")), numberCell(m.Messages), cell(m.Cost))
	})
	return section("Cheapest provider for each country", h.P(g.Text(sum+".")),
		table([]g.Node{column("Country"), wordColumn("Provider"), columns("Messages", "Cost")}, rows),
		more(v.MoreCountries, ""),
	)
}

func (v *view) savingTable() g.Node {
	if len(v.Levels) == 0 {
		return nil
	}
	rows := g.Map(v.Levels, func(s saved) g.Node {
		return h.Tr(cell(s.Level), numberCell(s.Messages), goodCell(s.Segments), cells(s.Costs), graphCell(s.Percent))
	})
	return section("Savings by transliteration",
		table([]g.Node{columns("Level", "Messages", "Segments saved"), columns(v.Providers...), graphColumn()}, rows))
}

func (v *view) edits() g.Node {
	if len(v.Edits) == 0 {
		return nil
	}
	rows := g.Map(v.Edits, func(e analysis.Edit) g.Node {
		var replace g.Group
		for i, from := range e.From {
			replace = append(replace, g.If(i > 0, g.Text(", ")), h.Code(g.Text(from)), g.Text(" with "), h.Code(g.Text(e.To[i])))
		}
		return h.Tr(h.Td(h.Class("words"), replace), numberCell(e.Messages), goodCell(e.Saves), cells(v.amounts(e.Cost)))
	})
	return section("Edits that save most",
		table([]g.Node{wordColumn("Replace"), columns("Messages", "Segments saved"), columns(v.Providers...)}, rows))
}

func (v *view) characters() g.Node {
	if len(v.Characters) == 0 {
		return nil
	}
	rows := g.Map(v.Characters, func(c analysis.Character) g.Node {
		return h.Tr(cell(c.Char), cell(c.Rune), numberCell(c.Messages), numberCell(c.Alone), cell(c.Suggest))
	})
	return section("Characters that force UCS-2",
		table(columns("Character", "Code point", "Messages", "The only one in", "Use instead"), rows))
}

func (v *view) variables() g.Node {
	if len(v.Variables) == 0 {
		return nil
	}
	rows := g.Map(v.Variables, func(one analysis.Variable) g.Node {
		return h.Tr(cell(one.Name), numberCell(one.Missing), numberCell(one.ForcesUCS2), numberCell(one.Segments))
	})
	return section("Template variables",
		table(columns("Variable", "Rows without a value", "Values that force UCS-2", "Segments added"), rows))
}

func (v *view) duplicates() g.Node {
	d := v.Duplicates
	if d == nil {
		return nil
	}
	rows := g.Map(d.Lines[:min(len(d.Lines), shownInvalid)], func(r analysis.Repeat) g.Node {
		return h.Tr(plainCell(r.Line), plainCell(r.First))
	})
	return section("Duplicate messages",
		h.P(g.Text("Messages with the same number and text as an earlier one: "+cli.Grouped(d.Messages)+", in segments: "+cli.Grouped(d.Segments)+".")),
		g.If(len(rows) > 0, firstRows(table(columns("Line", "Repeats line"), rows))),
	)
}

// firstRows is a table that opens on demand.
func firstRows(content ...g.Node) g.Node {
	return h.Details(h.Summary(g.Text("The first rows")), g.Text("\n"), g.Group(content))
}

func (v *view) quotes() g.Node {
	if len(v.Quotes) == 0 {
		return nil
	}
	rows := g.Map(v.Quotes, func(q analysis.Quoted) g.Node {
		theirs, remark := cli.OrDash(""), q.Error
		if q.Theirs > 0 {
			theirs = cli.Grouped(q.Theirs)
		}
		if q.Differs {
			remark = "differs"
		}
		return h.Tr(plainCell(q.Line), wordCell(q.Provider), numberCell(q.Ours), cell(theirs), cell(knownCost(q.Cost)), wordCell(remark))
	})
	return section("Quotes of the vendors", table([]g.Node{
		column("Line"), wordColumn("Provider"), columns("Segments", "Vendor’s count", "Cost"), wordColumn("Note"),
	}, rows))
}

// longest shows the longest messages, segment by segment.
func (v *view) longest() g.Node {
	if len(v.Worst) == 0 {
		return nil
	}
	return section("Longest messages", g.Map(v.Worst, func(m worst) g.Node {
		title := "Line " + strconv.Itoa(m.Line) + ": " + cli.Grouped(m.Segments) + " segments in " + m.Encoding + ", up to " + strconv.Itoa(m.Limit) + " units each"
		parts := g.Map(m.Shown, func(s segment.Segment) g.Node {
			return h.Li(h.Small(g.Text(strconv.Itoa(s.Units)+" units")), g.Text(s.Text))
		})
		return h.Section(h.Class("message"), line(h.P(g.Text(title))), line(h.Ol(parts)), more(m.More, " segments"))
	})...)
}

func (v *view) invalid() g.Node {
	if len(v.Invalid) == 0 {
		return nil
	}
	reasons := g.Map(v.ByReason, func(r analysis.Reason) g.Node { return h.Tr(wordCell(r.Reason), numberCell(r.Rows)) })
	rows := g.Map(v.Invalid, func(i analysis.Invalid) g.Node { return h.Tr(plainCell(i.Line), wordCell(i.Reason)) })
	return section("Invalid rows",
		table([]g.Node{wordColumn("Reason"), column("Rows")}, reasons),
		firstRows(table([]g.Node{column("Line"), wordColumn("Reason")}, rows), more(v.MoreInvalid, "")),
	)
}
