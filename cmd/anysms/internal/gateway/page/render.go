package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

//go:embed templates
var sources embed.FS

// templates returns one set per view, each with the layout. They are parsed when first
// needed, as commands other than serve need none of them.
var templates = sync.OnceValue(func() map[string]*template.Template {
	return parse("messages", "message", "unknown", "providers", "optouts", "analyser", "costs", "sign-in", "error")
})

func parse(names ...string) map[string]*template.Template {
	base := template.Must(template.New("").Funcs(functions).ParseFS(sources, "templates/layout.html", "templates/parts.html"))
	all := make(map[string]*template.Template, len(names))
	for _, name := range names {
		all[name] = template.Must(template.Must(base.Clone()).ParseFS(sources, "templates/"+name+".html"))
	}
	return all
}

// frame is what every view shows around its content.
type frame struct {
	Title   string
	View    string
	Client  string // name of the key; "" = without a key
	In      bool   // somebody is signed in
	Keyless bool
	Token   string
	Version string
	Said    string // what an action did
	Data    any

	may func(string) bool
}

// May reports whether the visitor's key has a scope.
func (f frame) May(scope string) bool { return f.may(scope) }

// said is what actions have done, by the word in the URL.
var said = map[string]string{
	"settled":  "The message is settled.",
	"override": "The provider is switched.",
	"added":    "The number is on the list: it gets no messages.",
	"known":    "The number was on the list already.",
	"removed":  "The number is off the list.",
}

// show renders a view.
func (p *Page) show(v *visit, status int, view, title string, data any) {
	f := frame{
		Title: title, View: view, In: v.client != nil, Keyless: p.Gate.Open(), Token: v.token, Version: p.Version,
		Said: said[v.URL.Query().Get("done")], Data: data, may: v.may,
	}
	if v.client != nil {
		f.Client = v.client.Name
	}
	var b bytes.Buffer
	if err := templates()[view].ExecuteTemplate(&b, "layout.html", f); err != nil {
		p.Log.Error("the page", "view", view, "error", provider.Mask(err.Error()))
		http.Error(v.w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // a browser that has gone
}

// fail shows what is wrong.
func (p *Page) fail(v *visit, status int, reason string) {
	p.show(v, status, "error", http.StatusText(status), reason)
}

var functions = template.FuncMap{
	"words":    func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
	"tone":     tone,
	"stamp":    func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"clock":    func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") },
	"day":      func(t time.Time) string { return t.UTC().Format("2 Jan 15:04:05") },
	"took":     took,
	"count":    count,
	"percent":  percent,
	"amount":   func(m provider.Money) string { return m.Amount() + " " + m.Currency },
	"cost":     costText,
	"table":    func(head string, rows []costRow) costTable { return costTable{head, rows} },
	"provided": func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) },
}

// tone is how good a status is, for its colour; the word stands beside it.
func tone(status any) string {
	switch fmt.Sprint(status) {
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
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func percent(f float64) string { return strconv.FormatFloat(100*f, 'f', 1, 64) + " %" }

func costText(c *router.Cost) string {
	if c == nil {
		return ""
	}
	s := c.Amount() + " " + c.Currency
	if c.Estimated {
		s = "≈ " + s
	}
	return s
}
