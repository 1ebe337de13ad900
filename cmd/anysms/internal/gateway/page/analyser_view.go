package page

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/encoding/segment"
)

func (a *analyserView) html(v *visit) g.Node {
	return g.Group{
		heading("Text analyser", "How a text is encoded, and how many segments it takes."),
		h.Form(h.Class("panel"), h.Method("post"), h.Action("/analyser"), v.csrf(),
			h.Label(h.For("text"), g.Text("Text")),
			h.Textarea(h.ID("text"), h.Name("text"), h.Rows("5"), h.Required(), g.Text("\n"+a.Text)), // a browser drops the first line end
			h.Div(h.Class("buttons"), h.Button(g.Text("Analyse"))),
		),
		wrong(a.Wrong),
		g.Iff(a.Result != nil, a.result),
	}
}

func (a *analyserView) result() g.Node {
	t := a.Result
	return h.Section(h.Aria("labelledby", "result"),
		h.H2(h.ID("result"), g.Text(segments(t.Segments)+", "+alphabet(t.Encoding))),
		h.Dl(h.Class("figures"),
			fact("Characters", count(t.Characters)),
			fact("Units", count(t.Units)),
			fact("Room per segment", count(t.UnitsPerSegment)),
			fact("Left in the last", count(t.RemainingUnits)),
		),
		g.If(!t.Sendable, wrong("Too long: a message has at most "+strconv.Itoa(segment.MaxSegments)+" segments.")),
		h.Ol(h.Class("segments"), g.Map(a.Boxes, func(b box) g.Node {
			return h.Li(h.P(h.Class("when"), g.Textf("Segment %d: %d of %d units", b.Number, b.Units, b.Room)), h.P(h.Class("text"), g.Text(b.Text)))
		})),
		forcing(t.Forcing),
		g.If(t.Encoding == segment.GSM7, twoUnits(t.Extension)),
		shorter(t.Suggestion),
	)
}

func alphabet(e segment.Encoding) string {
	if e == segment.GSM7 {
		return "GSM-7"
	}
	return "UCS-2"
}

// forcing lists the characters that make the message UCS-2; nil = there are none.
func forcing(list []analysis.Char) g.Node {
	if len(list) == 0 {
		return nil
	}
	const title = "Characters that force UCS-2"
	mono := func(text string) g.Node { return h.Td(h.Class("mono"), g.Text(text)) }
	return g.Group{
		h.H3(g.Text(title)),
		table("", title, []g.Node{column("Character"), column("Code point"), numberColumn("Times"), column("Write instead")},
			g.Map(list, func(c analysis.Char) g.Node {
				return h.Tr(mono(c.Char), mono(c.Rune), h.Td(h.Class("number"), count(c.Count)), mono(cli.OrDash(c.Suggest)))
			})),
	}
}

// twoUnits lists the characters of the extension table; nil = there are none.
func twoUnits(list []analysis.Char) g.Node {
	if len(list) == 0 {
		return nil
	}
	const emSpace = "\u2003"
	return g.Group{
		h.H3(g.Text("Characters that take two units")),
		h.P(h.Class("mono"), g.Map(list, func(c analysis.Char) g.Node { return g.Text(c.Char + emSpace) })),
	}
}

// shorter shows what could be sent instead; nil = nothing is shorter.
func shorter(s *analysis.Suggestion) g.Node {
	if s == nil {
		return nil
	}
	return g.Group{
		h.H3(g.Text("Shorter")),
		muted(segments(s.Segments) + " with the same meaning:"),
		h.P(h.Class("panel text"), g.Text(s.Text)),
	}
}
