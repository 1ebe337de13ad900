package report

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// section is a titled part of the page.
func section(title string, content ...g.Node) g.Node {
	return g.Group{line(h.H2(g.Text(title))), g.Map(content, line)}
}

// table is a table that scrolls by itself where it is too wide.
func table(head []g.Node, rows []g.Node) g.Node {
	return h.Div(h.Class("scroll"), h.Table(h.THead(h.Tr(g.Group(head))), h.TBody(g.Text("\n"), g.Map(rows, line))))
}

func column(title string) g.Node { return h.Th(h.Scope("col"), g.Text(title)) }

// columns are columns of figures.
func columns(titles ...string) g.Group { return g.Map(titles, column) }

// wordColumn is a column of words, which run to the right and wrap.
func wordColumn(title string) g.Node {
	return h.Th(h.Scope("col"), h.Class("words"), g.Text(title))
}

func cell(text string) g.Node { return h.Td(g.Text(text)) }

func cells(texts []string) g.Group { return g.Map(texts, cell) }

func numberCell(n int) g.Node { return cell(cli.Grouped(n)) }

// plainCell is a number that names something, such as a line, and is not grouped.
func plainCell(n int) g.Node { return cell(strconv.Itoa(n)) }

func wordCell(text string) g.Node { return h.Td(h.Class("words"), g.Text(text)) }

// goodCell is a number of what is saved.
func goodCell(n int) g.Node { return h.Td(h.Class("good"), g.Text(cli.Grouped(n))) }

// graphColumn and graphCell show a bar beside the numbers, which say the same.
func graphColumn() g.Node { return h.Td(h.Class("graph"), h.Aria("hidden", "true")) }

func graphCell(percent float64) g.Node {
	width := strconv.FormatFloat(percent, 'f', 1, 64)
	return h.Td(h.Class("graph"), h.Aria("hidden", "true"), h.Span(h.Style("width:"+width+"%")))
}

// more says how many a list leaves out; nil = none.
func more(n int, what string) g.Node {
	return g.If(n > 0, h.P(g.Text("… and "+cli.Grouped(n)+" more"+what+".")))
}

// barTable is a table of bars. The bars' costs are at the providers, if they have any.
func barTable(head string, list []bar, providers []string) g.Node {
	if len(list) == 0 || len(list[0].Costs) == 0 {
		providers = nil
	}
	rows := g.Map(list, func(b bar) g.Node {
		return h.Tr(cell(b.Label), numberCell(b.Messages), numberCell(b.Segments), cells(b.Costs), graphCell(b.Percent))
	})
	return table([]g.Node{columns(head, "Messages", "Segments"), columns(providers...), graphColumn()}, rows)
}
