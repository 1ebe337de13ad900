package page

import (
	"strconv"
	"strings"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// The parts that several views have, and how they write values.

// csrf is the field that every form of an action needs.
func (v *visit) csrf() g.Node { return hidden("csrf", v.token) }

func hidden(name, value string) g.Node {
	return h.Input(h.Type("hidden"), h.Name(name), h.Value(value))
}

// heading begins a view; an empty explanation is left out.
func heading(title, explanation string) g.Node {
	return h.Div(h.Class("head"), h.H1(g.Text(title)), g.If(explanation != "", muted(explanation)))
}

// numberField is where a telephone number is typed.
func numberField(name, value string, attributes ...g.Node) g.Node {
	return h.Label(g.Text("Number "), h.Input(h.Name(name), h.Value(value), g.Group(attributes),
		g.Attr("inputmode", "tel"), h.AutoComplete("off"), h.Placeholder("+306900000001")))
}

func muted(text string) g.Node { return h.P(h.Class("muted"), g.Text(text)) }

// wrong says what is wrong; nil = nothing.
func wrong(text string) g.Node {
	return g.If(text != "", h.P(h.Class("wrong"), h.Role("alert"), g.Text(text)))
}

// empty stands where there is nothing to list.
func empty(text string) g.Node { return h.Div(h.Class("empty"), h.P(g.Text(text))) }

// live is a part that the script refreshes.
func live(id string, content ...g.Node) g.Node {
	return h.Div(h.ID(id), g.Attr("data-live"), g.Group(content))
}

// table is a table that scrolls by itself where it is too wide.
func table(class, caption string, head []g.Node, rows []g.Node) g.Node {
	return h.Div(h.Class("scroll"), h.Table(g.If(class != "", h.Class(class)),
		h.Caption(h.Class("hidden"), g.Text(caption)), h.THead(h.Tr(g.Group(head))), h.TBody(g.Group(rows)),
	))
}

func column(title string) g.Node { return h.Th(h.Scope("col"), g.Text(title)) }

func numberColumn(title string) g.Node {
	return h.Th(h.Scope("col"), h.Class("number"), g.Text(title))
}

// cell is a cell that carries its column's title with it, for narrow screens.
func cell(column, class string, content ...g.Node) g.Node {
	return h.Td(h.Data("label", column), g.If(class != "", h.Class(class)), g.Group(content))
}

// foldable is the class of a cell that a narrow screen leaves out if it says nothing.
func foldable(class string, says bool) string {
	if says {
		return class
	}
	return strings.TrimSpace(class + " none")
}

// fact is a line of a list of terms and values.
func fact(term string, value ...g.Node) g.Node {
	return h.Div(h.Dt(g.Text(term)), h.Dd(g.Group(value)))
}

// badge is a status in its colour.
func badge(status string) g.Node { return badgeOf(tone(status), words(status)) }

func badgeOf(tone, text string) g.Node { return h.Span(h.Class("badge "+tone), g.Text(text)) }

// note is a remark after a badge.
func note(text string) g.Node { return g.Group{g.Text(" "), h.Span(h.Class("note"), g.Text(text))} }

// money is what something has cost, in all currencies.
func money(c costs) g.Node {
	if len(c.Sums) == 0 {
		return h.Span(h.Class("muted"), g.Text("–"))
	}
	list := make([]string, len(c.Sums))
	for i, m := range c.Sums {
		list[i] = m.Amount() + " " + m.Currency
	}
	return g.Text(approximately(c.Estimated) + strings.Join(list, ", "))
}

// deliveryRate is the share that was delivered, as far as that is known.
func deliveryRate(f figures) string {
	if !f.Reported() {
		return "–"
	}
	return percent(f.Rate())
}

const (
	longTime  = "2 Jan 2006, 15:04:05"
	shortTime = "2 Jan 15:04:05"
)

// timeOf writes a time for people in a layout, and for programs in full.
func timeOf(t time.Time, layout string) g.Node {
	return h.Time(h.DateTime(t.UTC().Format(time.RFC3339Nano)), g.Text(t.UTC().Format(layout)))
}

// clock writes a time as timeOf does with longTime, where only text can stand.
func clock(t time.Time) string { return t.UTC().Format(longTime) }

// words writes a status as people do.
func words(status string) string { return strings.ReplaceAll(status, "_", " ") }

// tone is how good a status is, for its colour; the word stands beside it.
func tone(status string) string {
	switch status {
	case string(ledger.Delivered), "ok", string(router.BreakerClosed):
		return "good"
	case string(ledger.Undelivered), string(ledger.Expired), string(ledger.Rejected), string(ledger.Refused), string(ledger.NotSent),
		string(router.BreakerOpen), "out":
		return "bad"
	case string(ledger.Unknown), string(router.BreakerHalfOpen), "paused":
		return "doubt"
	case string(ledger.Cancelled):
		return "off"
	}
	return "busy"
}

func took(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Second:
		return strconv.FormatInt(max(1, d.Milliseconds()), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// count writes a whole number with its thousands apart.
func count(n int) g.Node { return g.Text(strings.ReplaceAll(cli.Grouped(n), ",", "\u202f")) }

func segments(n int) string {
	if n == 1 {
		return "1 segment"
	}
	return strconv.Itoa(n) + " segments"
}

func percent(f float64) string { return strconv.FormatFloat(100*f, 'f', 1, 64) + " %" }

func costText(c *router.Cost) string {
	if c == nil {
		return ""
	}
	return approximately(c.Estimated) + c.Amount() + " " + c.Currency
}

func approximately(estimated bool) string {
	if estimated {
		return "≈ "
	}
	return ""
}
