package page

import (
	"bytes"
	"net/http"
	"slices"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
)

// said is what actions have done, by the word in the URL.
var said = map[string]string{
	"settled":  "The message is settled.",
	"override": "The provider is switched.",
	"added":    "The number is on the list: it gets no messages.",
	"known":    "The number was on the list already.",
	"removed":  "The number is off the list.",
}

// show sends a view: its content within what all views have around it.
func (p *Page) show(v *visit, status int, view, title string, content g.Node) {
	var b bytes.Buffer                               // one write, and nothing half made
	_ = p.layout(v, view, title, content).Render(&b) // a buffer takes everything
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // a browser that has gone
}

// fail shows what is wrong.
func (p *Page) fail(v *visit, status int, reason string) {
	title := http.StatusText(status)
	p.show(v, status, "error", title, g.Group{
		heading(title, ""),
		wrong(reason),
		h.P(h.A(h.Href("/"), g.Text("Go to the messages"))),
	})
}

// layout is the document. Everything in it is escaped: there is no g.Raw in this package,
// and a link that is not constant begins with a path of ours.
func (p *Page) layout(v *visit, view, title string, content g.Node) g.Node {
	in := v.client != nil
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.Meta(h.Name("color-scheme"), h.Content("light dark")),
			h.Meta(h.Name("robots"), h.Content("noindex")),
			h.TitleEl(g.Text(title+" · anysms")),
			h.Link(h.Rel("icon"), h.Type("image/svg+xml"), h.Href("/assets/icon.svg")),
			h.Link(h.Rel("stylesheet"), h.Href("/assets/page.css")),
			g.If(in, h.Script(h.Src("/assets/page.js"), h.Defer())),
		),
		h.Body(
			h.A(h.Class("skip"), h.Href("#main"), g.Text("Skip to the content")),
			h.Header(h.Class("top"), h.Div(h.Class("wide"),
				h.A(h.Class("brand"), h.Href("/"), h.Img(h.Src("/assets/icon.svg"), h.Alt(""), h.Width("28"), h.Height("28")), g.Text(" anysms")),
				g.Iff(in, func() g.Node { return g.Group{navigation(v, view), p.visitor(v)} }),
			)),
			h.Main(h.ID("main"), h.Class("wide"), h.TabIndex("-1"), outcome(v), content),
			h.Footer(h.Class("wide"),
				h.Span(g.Text("anysms "+p.Version)),
				h.Span(g.Text("Times are UTC")),
				g.If(in, h.Span(h.ID("live-state"), h.Role("status"), g.Attr("hidden"))),
			),
		),
	))
}

// navigation links to the views that the visitor may see.
func navigation(v *visit, view string) g.Node {
	link := func(path, name string, views ...string) g.Node {
		return h.A(h.Href(path), g.If(slices.Contains(views, view), h.Aria("current", "page")), g.Text(name))
	}
	return h.Nav(h.Aria("label", "Views"),
		link("/", "Messages", "messages", "message"),
		link("/unknown", "Unknown", "unknown"),
		link("/providers", "Providers", "providers"),
		g.If(v.may(settings.ScopeOptOuts), link("/optouts", "Opt-outs", "optouts")),
		link("/costs", "Costs", "costs"),
		link("/analyser", "Analyser", "analyser"),
	)
}

// visitor says whose key it is, with the button to sign out.
func (p *Page) visitor(v *visit) g.Node {
	if p.Gate.Open() {
		return h.Div(h.Class("who"), h.Span(h.Class("muted"), g.Text("no keys, this machine only")))
	}
	return h.Div(h.Class("who"),
		h.Span(h.Class("muted"), g.Text("key "), h.Strong(g.Text(v.client.Name))),
		h.Form(h.Method("post"), h.Action("/sign-out"), v.csrf(), h.Button(h.Class("plain"), g.Text("Sign out"))),
	)
}

// outcome says what the action before has done; nil = there was none.
func outcome(v *visit) g.Node {
	text := said[v.URL.Query().Get("done")]
	return g.If(text != "", h.P(h.Class("said"), h.Role("status"), g.Text(text)))
}
