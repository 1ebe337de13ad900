package page

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/numbering"
)

// optOutList is the view of opt-outs.
type optOutList struct {
	Items  []ledger.OptOut
	Number string // that is looked for; "" = all
	Wrong  string
	Next   string // URL of the next page; "" = there is none
}

func (p *Page) showOptOuts(v *visit) {
	q := v.URL.Query()
	view := optOutList{Number: strings.TrimSpace(q.Get("number"))}
	number := ""
	if view.Number != "" {
		n, _, err := numbering.Parse(view.Number, p.Region())
		if err != nil {
			view.Wrong = wrongNumber
			p.show(v, http.StatusBadRequest, "optouts", "Opt-outs", view.html(v))
			return
		}
		number = n.String()
	}
	after := ledger.OptOut{Number: q.Get("after"), Scope: ledger.Scope(q.Get("scope")), Value: q.Get("value")}
	for o, err := range p.Ledger.OptOutsAfter(v.Context(), number, after) {
		if err != nil {
			p.broken(v, err)
			return
		}
		if len(view.Items) == perPage {
			last := view.Items[perPage-1]
			view.Next = "/optouts?" + url.Values{"after": {last.Number}, "scope": {string(last.Scope)}, "value": {last.Value}}.Encode()
			break
		}
		view.Items = append(view.Items, o)
	}
	p.show(v, http.StatusOK, "optouts", "Opt-outs", view.html(v))
}

const wrongNumber = "The number cannot be read. Write it in the international form, such as +306900000001."

// numberIn reads the number of a form; "" = an error was shown.
func (p *Page) numberIn(v *visit) string {
	n, _, err := numbering.Parse(strings.TrimSpace(v.PostFormValue("number")), p.Region())
	if err != nil {
		view := optOutList{Number: v.PostFormValue("number"), Wrong: wrongNumber}
		p.show(v, http.StatusBadRequest, "optouts", "Opt-outs", view.html(v))
		return ""
	}
	return n.String()
}

func (p *Page) addOptOut(v *visit) {
	number := p.numberIn(v)
	if number == "" {
		return
	}
	added, err := p.Ledger.OptOut(v.Context(), ledger.OptOut{Number: number, Scope: ledger.ScopeAll, Source: ledger.FromAPI})
	if err != nil {
		p.broken(v, err)
		return
	}
	p.Log.Info("an opt-out was added by hand", "key", v.client.Name)
	if added == 0 {
		p.done(v, "/optouts?done=known")
		return
	}
	p.done(v, "/optouts?done=added")
}

func (p *Page) removeOptOut(v *visit) {
	number := p.numberIn(v)
	if number == "" {
		return
	}
	if _, err := p.Ledger.OptIn(v.Context(), number); err != nil {
		p.broken(v, err)
		return
	}
	p.Log.Info("an opt-out was removed by hand", "key", v.client.Name)
	p.done(v, "/optouts?done=removed")
}
