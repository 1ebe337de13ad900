package page

import (
	"cmp"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

func (m *messageView) html(v *visit) g.Node {
	return g.Group{
		h.Div(h.Class("head"), h.H1(g.Text("Message "), g.If(m.To != "", g.Group{g.Text("to "), h.Span(h.Class("mono"), g.Text(m.To))}))),
		live("message",
			h.P(h.Class("headline"), badge(string(m.Status)), g.If(m.Reason != "", h.Span(g.Text(m.Reason)))),
			g.If(m.MaySettle, m.settleForm(v)),
			h.Div(h.Class("two"), m.details(), m.history()),
		),
	}
}

func (m *messageView) settleForm(v *visit) g.Node {
	return h.Section(h.Class("panel doubt-box"), h.Aria("labelledby", "settle"),
		h.H2(h.ID("settle"), g.Text("Settle this message")),
		h.P(g.Text("A vendor may have this message. If you have found out at the vendor, or from the recipient, record it here. Nothing is sent by that.")),
		h.Form(h.Method("post"), h.Action(messagePath(m.Message)+"/settle"), h.Class("row"), v.csrf(),
			h.Button(h.Name("as"), h.Value("accepted"), h.Class("second"), g.Text("It was accepted")),
			h.Button(h.Name("as"), h.Value("not_sent"), h.Class("second"), g.Text("It was not sent")),
		),
	)
}

func (m *messageView) details() g.Node {
	return h.Section(h.Aria("labelledby", "what"), h.H2(h.ID("what"), g.Text("Details")), h.Dl(h.Class("facts"),
		fact("Text", m.text()),
		fact("From", g.Text(cmp.Or(m.From, "the provider's sender"))),
		fact("Country", g.Text(cli.OrDash(m.Country))),
		fact("Class", g.Text(string(m.Class))),
		g.If(m.Tag != "", fact("Tag", g.Text(m.Tag))),
		fact("Segments", m.segments()),
		fact("Cost", g.Text(cmp.Or(costText(m.Cost), "not known"))),
		fact("Provider", g.Text(cli.OrDash(m.Provider))),
		monoFact("Vendor's id", m.ProviderID),
		monoFact("Ref", m.Ref),
		monoFact("Id", m.ID),
		g.If(m.DuplicatePossible, fact("Note", g.Text("The recipient may have got it twice."))),
		g.If(len(m.Ignored) > 0, fact("Ignored", g.Text(strings.Join(m.Ignored, ", ")+": the provider cannot honour it"))),
	))
}

func (m *messageView) text() g.Node {
	if m.Text == "" {
		return h.Span(h.Class("muted"), g.Text(m.NoText))
	}
	return h.Span(h.Class("text"), g.Text(m.Text))
}

func (m *messageView) segments() g.Node {
	switch {
	case m.Segments == 0:
		return g.Text("–")
	case m.Encoding == "":
		return count(m.Segments)
	}
	return g.Group{count(m.Segments), g.Text(", " + m.Encoding)}
}

// monoFact is a fact that somebody may want to copy; nil = it is not known.
func monoFact(term, value string) g.Node {
	return g.If(value != "", h.Div(h.Dt(g.Text(term)), h.Dd(h.Class("mono"), g.Text(value))))
}

func (m *messageView) history() g.Node {
	return h.Section(h.Aria("labelledby", "became"), h.H2(h.ID("became"), g.Text("History")),
		h.Ol(h.Class("timeline"), g.Map(m.Timeline, func(one moment) g.Node {
			return h.Li(h.Class(one.Tone),
				h.P(h.Class("when"), timeOf(one.At, longTime)),
				h.P(h.Class("title"), g.Text(one.Title)),
				g.Map(one.Lines, func(line string) g.Node { return h.P(h.Class("line"), g.Text(line)) }),
			)
		})),
	)
}
