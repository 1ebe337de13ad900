package report

import (
	_ "embed"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

//go:embed page.css
var css string

// policy lets the page load nothing and run nothing.
const policy = "default-src 'none'; style-src 'unsafe-inline'"

// html is the document. Everything in it is escaped, but for our own style sheet.
func (v *view) html() g.Node {
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			line(h.Meta(h.Charset("utf-8"))),
			line(h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1"))),
			line(h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content(policy))),
			line(h.Meta(h.Name("color-scheme"), h.Content("light dark"))),
			line(h.TitleEl(g.Text(v.Options.Name+": "+cli.Grouped(v.Segments)+" segments"))),
			line(h.StyleEl(g.Raw(css))), // the only g.Raw
		),
		h.Body(
			line(h.Header(h.H1(g.Text(v.Options.Name)), h.P(g.Text("Format: "+v.Format+".")))),
			line(h.Main(
				line(v.incomplete()),
				line(v.figures()),
				v.violations(),
				v.encodings(), v.histogram(), v.countryBars(), v.networkBars(),
				v.costTable(), v.cheapest(), v.savingTable(), v.edits(),
				v.characters(), v.variables(), v.duplicates(), v.quotes(),
				v.longest(), v.invalid(),
			)),
		),
	))
}

// line puts a part on a line of its own, for people who read or compare the source.
func line(n g.Node) g.Node {
	if n == nil {
		return nil
	}
	return g.Group{n, g.Text("\n")}
}

func (v *view) incomplete() g.Node {
	return g.If(!v.Complete, h.P(h.Class("banner"), h.Role("alert"),
		h.Strong(g.Text("Incomplete.")), g.Text(" The file was not read to its end: this page covers the rows before."),
	))
}

func (v *view) figures() g.Node {
	costs := g.Map(v.Costs, func(c cost) g.Node {
		return figure("Cost at "+c.Provider,
			h.Dd(g.Text(cli.Money(c.Money))),
			excluding(c.Unpriced, "without a price"),
			excluding(c.Uncarried, "too long for it"),
		)
	})
	return h.Dl(h.Class("figures"),
		total("Rows", "rows", v.Rows),
		total("Messages", "messages", v.Messages),
		total("Invalid rows", "invalid", v.InvalidRows, g.If(v.InvalidRows > 0, h.Class("bad"))),
		total("Segments", "segments", v.Segments),
		figure("Longest message", h.Dd(g.Text(cli.Grouped(v.Longest)+" segments"))),
		g.If(v.HiddenRows > 0, figure("Hidden rows, left out", h.Dd(g.Text(cli.Grouped(v.HiddenRows))))),
		g.If(v.Unsendable > 0, figure("Too long to send", h.Dd(h.Class("bad"), g.Text(cli.Grouped(v.Unsendable))))),
		costs,
		g.Iff(v.Common != nil, func() g.Node {
			return figure("Cheapest provider for each country", h.Dd(g.Text(cli.Money(v.Common.Mix))))
		}),
	)
}

func figure(term string, values ...g.Node) g.Node {
	return line(h.Div(h.Dt(g.Text(term)), g.Group(values)))
}

// total is a figure that programs find by its id.
func total(term, id string, n int, attributes ...g.Node) g.Node {
	return figure(term, h.Dd(h.ID(id), h.Data("value", strconv.Itoa(n)), g.Group(attributes), g.Text(cli.Grouped(n))))
}

// excluding says what a cost leaves out; nil = nothing.
func excluding(messages int, why string) g.Node {
	return g.If(messages > 0, h.Dd(h.Class("bad note"), g.Text("excluding "+cli.Grouped(messages)+" "+why)))
}
