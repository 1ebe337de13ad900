package page

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func (f *signInForm) html() g.Node {
	return h.Div(h.Class("sign-in panel"),
		h.H1(g.Text("Sign in")),
		wrong(f.Error),
		h.Form(h.Method("post"), h.Action("/sign-in"), hidden("next", f.Next),
			h.Label(h.Class("hidden"), g.Text("Name "),
				h.Input(h.Name("name"), h.Value("anysms"), h.AutoComplete("username"), h.TabIndex("-1"), h.ReadOnly())),
			h.Label(h.For("key"), g.Text("Key")),
			h.Input(h.ID("key"), h.Name("key"), h.Type("password"), h.Required(), h.AutoFocus(), h.AutoComplete("current-password"), g.Attr("spellcheck", "false")),
			muted("One of the gateway's keys, anysms_…. What you see and may do is what the key may."),
			h.Button(g.Text("Sign in")),
		),
	)
}
