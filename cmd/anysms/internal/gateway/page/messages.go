package page

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/numbering"
)

// perPage is how many messages a page has.
const perPage = 50

// messageList is the view of messages.
type messageList struct {
	Items     []ledger.Message
	Filter    filterForm
	Filtered  bool
	Wrong     string    // what is wrong with the filter
	Next      string    // URL of the older messages; "" = there are none
	First     string    // URL of the newest; "" = this is the first page
	Reached   time.Time // how far back was searched, if the page is not full; zero = to the end
	Statuses  []ledger.Status
	Classes   []provider.Class
	Providers []string
	Everybody bool // it shows the messages of all keys
}

// filterForm is the filter as it was typed.
type filterForm struct{ To, Ref, Status, Provider, Class, Tag, Since, Until string }

func (f filterForm) query() url.Values {
	q := make(url.Values)
	for name, value := range map[string]string{
		"to": f.To, "ref": f.Ref, "status": f.Status, "provider": f.Provider, "class": f.Class, "tag": f.Tag, "since": f.Since, "until": f.Until,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

func (p *Page) showMessages(v *visit) {
	q := v.URL.Query()
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	form := filterForm{get("to"), get("ref"), get("status"), get("provider"), get("class"), get("tag"), get("since"), get("until")}
	list := messageList{
		Filter: form, Filtered: form != (filterForm{}), Statuses: ledger.Statuses(), Everybody: v.may(settings.ScopeAll),
		Classes: []provider.Class{provider.OTP, provider.Transactional, provider.Marketing},
	}
	for _, one := range p.Providers() {
		list.Providers = append(list.Providers, one.Name)
	}
	var f ledger.Filter
	if f, list.Wrong = p.filter(form); list.Wrong != "" {
		p.show(v, http.StatusBadRequest, "messages", "Messages", list.html())
		return
	}
	f.Namespace, f.Limit, f.Cursor = v.namespace(), perPage, q.Get("cursor")
	found, err := p.Ledger.Search(v.Context(), f, p.Patience)
	if err != nil {
		p.broken(v, err)
		return
	}
	list.Items, list.Reached = found.Messages, found.Reached
	again := form.query()
	if f.Cursor != "" {
		list.First = "/?" + again.Encode()
	}
	if found.Next != "" {
		again.Set("cursor", found.Next)
		list.Next = "/?" + again.Encode()
	}
	p.show(v, http.StatusOK, "messages", "Messages", list.html())
}

// filter reads what was typed; wrong says what cannot be read.
func (p *Page) filter(form filterForm) (f ledger.Filter, wrong string) {
	f = ledger.Filter{Ref: form.Ref, Provider: form.Provider, Tag: form.Tag, Status: ledger.Status(form.Status), Class: provider.Class(form.Class)}
	if form.To != "" {
		n, _, err := numbering.Parse(form.To, p.Region())
		if err != nil {
			return f, wrongNumber
		}
		f.To = n.String()
	}
	if f.Status != "" && !slices.Contains(ledger.Statuses(), f.Status) {
		return f, "There is no such status."
	}
	var ok bool
	if f.Since, ok = date(form.Since); !ok {
		return f, "The first day cannot be read. Write it as 2026-11-21."
	}
	if f.Until, ok = date(form.Until); !ok {
		return f, "The last day cannot be read. Write it as 2026-11-21."
	}
	if !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1) // the day itself is meant too
	}
	return f, ""
}

func date(s string) (t time.Time, ok bool) {
	if s == "" {
		return t, true
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}

// messageView is the view of one message.
type messageView struct {
	*ledger.Message
	Text      string
	NoText    string // why there is none
	Timeline  []moment
	MaySettle bool
}

// moment is one line of a timeline.
type moment struct {
	At    time.Time
	Tone  string
	Title string
	Lines []string
}

func (p *Page) showMessage(v *visit) {
	m := p.message(v)
	if m == nil {
		return
	}
	view := messageView{Message: m, Text: m.Text, Timeline: timeline(m), MaySettle: m.Status == ledger.Unknown && v.may(settings.ScopeAdmin)}
	switch {
	case m.Class == provider.OTP:
		view.Text, view.NoText = "", "The text of a one-time code is shown to nobody."
	case m.Text == "":
		view.NoText = "The text has been erased, as the ledger's settings say."
	}
	p.show(v, http.StatusOK, "message", "Message", view.html(v))
}

// timeline is what became of a message, in the order of time.
func timeline(m *ledger.Message) []moment {
	list := []moment{{At: m.CreatedAt, Tone: "busy", Title: "Received by the gateway"}}
	for i := range m.Attempts {
		list = append(list, ofAttempt(&m.Attempts[i]))
	}
	for i := range m.Events {
		list = append(list, ofEvent(&m.Events[i]))
	}
	slices.SortStableFunc(list, func(a, b moment) int { return a.At.Compare(b.At) })
	return list
}

func ofAttempt(a *ledger.Attempt) moment {
	outcome := cmp.Or(string(a.Outcome), "under way")
	one := moment{At: a.StartedAt, Tone: tone(outcome), Title: "Attempt at " + a.Provider + ": " + words(outcome)}
	add := func(label, value string) {
		if value != "" {
			one.Lines = append(one.Lines, label+value)
		}
	}
	add("", a.Reason)
	add("Code: ", string(a.Code))
	add("Vendor's code: ", a.VendorCode)
	add("Vendor's id: ", a.ProviderID)
	if a.Duration > 0 {
		add("Took ", took(a.Duration))
	}
	if a.Settled != "" && a.Settled != a.Outcome {
		add("Settled since: ", words(string(a.Settled)))
	}
	if a.Reconciled {
		add("", "Found out by asking afterwards")
	}
	if a.Contradicted {
		add("", "The vendor has reported on it although it was proven not to have reached the vendor")
	}
	return one
}

func ofEvent(e *ledger.Event) moment {
	at := e.At
	if at.IsZero() {
		at = e.ReceivedAt
	}
	one := moment{At: at, Tone: tone(string(e.Status)), Title: e.Provider + " reports: " + words(string(e.Status))}
	if e.Kind != provider.Report {
		one.Title = e.Provider + ": " + string(e.Kind)
	}
	if e.Segment != nil {
		one.Title += ", segment " + strconv.Itoa(e.Segment.Number) + " of " + strconv.Itoa(e.Segment.Of)
	}
	for _, l := range []struct{ label, value string }{
		{"Code: ", string(e.Code)}, {"Vendor's word: ", e.VendorStatus}, {"Vendor's code: ", e.VendorCode}, {"Network: ", e.MCCMNC},
	} {
		if l.value != "" {
			one.Lines = append(one.Lines, l.label+l.value)
		}
	}
	if lag := e.ReceivedAt.Sub(at); lag > time.Second {
		one.Lines = append(one.Lines, "Received "+took(lag)+" later")
	}
	return one
}

// unknownList is the view of messages in doubt.
type unknownList struct {
	Items []ledger.Message
	More  bool
}

func (p *Page) showUnknown(v *visit) {
	list, next, err := p.Ledger.Messages(v.Context(), ledger.Filter{Status: ledger.Unknown, Namespace: v.namespace(), Limit: perPage})
	if err != nil {
		p.broken(v, err)
		return
	}
	view := unknownList{list, next != ""}
	p.show(v, http.StatusOK, "unknown", "Unknown outcomes", view.html(v))
}

// settle records what a person knows of a message in doubt.
func (p *Page) settle(v *visit) {
	m := p.message(v)
	if m == nil {
		return
	}
	as := provider.Outcome(v.PostFormValue("as"))
	if as != provider.OutcomeAccepted && as != provider.OutcomeNotSent {
		p.fail(v, http.StatusBadRequest, "A message is settled as accepted or as not sent.")
		return
	}
	if m.Status != ledger.Unknown {
		p.fail(v, http.StatusConflict, "The message is "+words(string(m.Status))+" by now: nothing is in doubt.")
		return
	}
	if err := p.Ledger.Resolve(v.Context(), m.ID, as); err != nil {
		p.broken(v, err)
		return
	}
	p.Log.Info("a message was settled by hand", "key", v.client.Name, "message", m.ID, "as", string(as))
	back := messagePath(m) + "?done=settled"
	if v.PostFormValue("back") == "unknown" {
		back = "/unknown?done=settled"
	}
	p.done(v, back)
}
