package page

import (
	"net/url"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

func (l *messageList) html() g.Node {
	explanation := "Those of your key."
	if l.Everybody {
		explanation = ""
	}
	return g.Group{
		heading("Messages", explanation),
		l.filterForm(),
		wrong(l.Wrong),
		live("rows", l.rows()),
		l.searched(),
		l.pages(),
	}
}

func (l *messageList) filterForm() g.Node {
	f := &l.Filter
	asIs := func(name string) string { return name }
	return h.Form(h.Class("panel filter"), h.Method("get"), h.Action("/"), h.Role("search"), h.Aria("label", "Filter messages"),
		numberField("to", f.To),
		filterField("Ref", "ref", f.Ref),
		choice("Status", "status", f.Status, l.Statuses, words),
		choice("Provider", "provider", f.Provider, l.Providers, asIs),
		choice("Class", "class", f.Class, l.Classes, asIs),
		filterField("Tag", "tag", f.Tag),
		dayField("From day", "since", f.Since),
		dayField("To day", "until", f.Until),
		h.Div(h.Class("buttons"), h.Button(g.Text("Filter")), g.If(l.Filtered, h.A(h.Href("/"), g.Text("Show all")))),
	)
}

func filterField(label, name, value string) g.Node {
	return h.Label(g.Text(label+" "), h.Input(h.Name(name), h.Value(value), h.AutoComplete("off")))
}

func dayField(label, name, value string) g.Node {
	return h.Label(g.Text(label+" "), h.Input(h.Name(name), h.Type("date"), h.Value(value)))
}

// choice lets the visitor choose one of the values, or any.
func choice[S ~string](label, name, chosen string, values []S, written func(string) string) g.Node {
	return h.Label(g.Text(label+" "), h.Select(h.Name(name),
		h.Option(h.Value(""), g.Text("any")),
		g.Map(values, func(one S) g.Node {
			value := string(one)
			return h.Option(h.Value(value), g.If(value == chosen, h.Selected()), g.Text(written(value)))
		}),
	))
}

func (l *messageList) rows() g.Node {
	switch {
	case len(l.Items) > 0:
		return table("cards", "Messages, the newest first", []g.Node{
			column("Time"), column("Status"), column("To"), column("From"), column("Provider"), column("Class"),
			numberColumn("Segments"), numberColumn("Cost"), column("Ref"),
		}, g.Map(l.Items, messageRow))
	case l.Wrong != "":
		return nil
	case !l.Reached.IsZero():
		return empty("No message of this time matches.")
	case l.Filtered:
		return empty("No message matches the filter.")
	}
	return empty("No messages yet. The first one that is sent shows up here.")
}

func messageRow(m ledger.Message) g.Node {
	cost, segments := costText(m.Cost), "–"
	if m.Segments > 0 {
		segments = strconv.Itoa(m.Segments)
	}
	return h.Tr(
		cell("Time", "", messageLink(&m)),
		cell("Status", "", badge(string(m.Status)), g.If(m.DuplicatePossible, note("duplicate possible"))),
		cell("To", "mono", h.Span(recipient(&m))),
		cell("From", foldable("cut", m.From != ""), g.Text(cli.OrDash(m.From))),
		cell("Provider", foldable("cut", m.Provider != ""), g.Text(cli.OrDash(m.Provider))),
		cell("Class", foldable("", m.Class != provider.Transactional), g.Text(string(m.Class))),
		cell("Segments", foldable("number", m.Segments > 1), g.Text(segments)),
		cell("Cost", foldable("number", cost != ""), g.Text(cli.OrDash(cost))),
		cell("Ref", foldable("cut mono", m.Ref != ""), g.Text(cli.OrDash(m.Ref))),
	)
}

// messageLink leads from a row to its message.
func messageLink(m *ledger.Message) g.Node {
	return h.A(h.Href(messagePath(m)), h.Aria("label", "Message of "+clock(m.CreatedAt)), timeOf(m.CreatedAt, shortTime))
}

// messagePath is the path of a message's view.
func messagePath(m *ledger.Message) string { return "/messages/" + url.PathEscape(m.ID) }

func recipient(m *ledger.Message) g.Node {
	if m.To == "" {
		return h.Span(h.Class("muted"), g.Text("erased"))
	}
	return g.Group{g.Text(m.To), g.If(m.Country != "", g.Group{g.Text(" "), h.Span(h.Class("muted"), g.Text(m.Country))})}
}

// searched says how far back an unfinished search has come.
func (l *messageList) searched() g.Node {
	return g.If(!l.Reached.IsZero(), h.P(h.Class("muted searched"),
		g.Text("Searched back to "), timeOf(l.Reached, longTime), g.Text(". "), h.A(h.Href(l.Next), h.Rel("next"), g.Text("Search older ones")),
	))
}

func (l *messageList) pages() g.Node {
	older := l.Next != "" && l.Reached.IsZero()
	if l.First == "" && !older {
		return nil
	}
	return h.Nav(h.Class("pages"), h.Aria("label", "Pages"),
		g.If(l.First != "", h.A(h.Href(l.First), h.Rel("first"), g.Text("← Newest"))),
		g.If(older, h.A(h.Href(l.Next), h.Rel("next"), g.Text("Older →"))),
	)
}
