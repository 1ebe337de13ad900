package page

import (
	"cmp"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router/ledger"
)

func (l *unknownList) html(v *visit) g.Node {
	return g.Group{
		heading("Unknown outcomes", "A vendor may have these messages. A delivery report settles a message automatically; settle here what you find out yourself."),
		live("rows", l.rows(v)),
	}
}

func (l *unknownList) rows(v *visit) g.Node {
	if len(l.Items) == 0 {
		return empty("Nothing is in doubt.")
	}
	may := v.may(settings.ScopeAdmin)
	return g.Group{
		table("cards", "Messages of unknown outcome, the newest first", []g.Node{
			column("Time"), column("To"), column("Provider"), column("Why"), column("Ref"), g.If(may, column("Settle as")),
		}, g.Map(l.Items, func(m ledger.Message) g.Node {
			return h.Tr(
				cell("Time", "", messageLink(&m)),
				cell("To", "mono", g.Text(cmp.Or(m.To, "erased"))),
				cell("Provider", "cut", g.Text(m.Provider)),
				cell("Why", "wrap", g.Text(cli.OrDash(m.Reason))),
				cell("Ref", "cut mono", g.Text(cli.OrDash(m.Ref))),
				g.If(may, cell("Settle as", "", settleRow(v, &m))),
			)
		})),
		g.If(l.More, muted("There are more; these are the newest.")),
	}
}

// settleRow are the buttons that settle a message of the list.
func settleRow(v *visit, m *ledger.Message) g.Node {
	button := func(as, text, spoken string) g.Node {
		label := "Settle the message of " + clock(m.CreatedAt) + " as " + spoken
		return h.Button(h.Name("as"), h.Value(as), h.Class("small second"), h.Aria("label", label), g.Text(text))
	}
	return h.Form(h.Method("post"), h.Action(messagePath(m)+"/settle"), h.Class("row"), v.csrf(), hidden("back", "unknown"),
		button("accepted", "Accepted", "accepted"),
		button("not_sent", "Not sent", "not sent"),
	)
}
