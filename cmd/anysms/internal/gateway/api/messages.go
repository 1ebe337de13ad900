package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/numbering"
)

// Patience is how long messages are searched for, by default.
const Patience = 120 * time.Millisecond

// messages adds the calls that show messages.
func (a *API) messages() {
	register[none, Message](a, operation{
		id: "getMessage", method: http.MethodGet, path: "/v1/messages/{id}", tag: "messages", scope: settings.ScopeRead,
		summary:   "A message with its attempts and events",
		params:    []*huma.Param{pathParam("id", "ours, msg_…")},
		responses: ok("The message"),
	}, a.getMessage)
	register[none, Page](a, operation{
		id: "listMessages", method: http.MethodGet, path: "/v1/messages", tag: "messages", scope: settings.ScopeRead,
		summary: "Messages, the newest first",
		description: "Without texts, attempts and events. A key sees the messages that were sent with it; with scope all, those of all keys. " +
			"A search that takes long ends early: the page then has searched_to, fewer messages than limit or none, and a next to go on with.",
		params: []*huma.Param{
			queryParam("ref", "only the message with this ref"),
			enumParam("status", "only messages with this status", statusWords()),
			queryParam("to", "only messages to this number"),
			queryParam("provider", "only messages that this provider has"),
			enumParam("class", "only messages of this class", classes),
			queryParam("tag", "only messages with this tag"),
			timeParam("since", "only messages from this time on"),
			timeParam("until", "only messages before this time"),
			intParam("limit", "of the page; default 50", 1, ledger.MaxLimit),
			queryParam("cursor", "next of the page before"),
		},
		responses: ok("A page of messages"),
	}, a.listMessages)
}

var classes = []string{string(provider.OTP), string(provider.Transactional), string(provider.Marketing)}

func timeParam(name, description string) *huma.Param {
	p := queryParam(name, description+", such as 2026-11-21T08:00:00Z")
	p.Schema.Format = "date-time"
	return p
}

// message returns a message that the client may see.
func (a *API) message(c *call) (*ledger.Message, error) {
	m, err := a.Ledger.Message(c.Context(), c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if !c.client.Sees(m.Namespace) {
		return nil, ledger.ErrNotFound
	}
	return m, nil
}

func (a *API) getMessage(c *call, _ *none) (reply, error) {
	m, err := a.message(c)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: NewMessage(m)}, nil
}

func (a *API) listMessages(c *call, _ *none) (reply, error) {
	f, p := a.filter(c)
	if p != nil {
		return reply{}, p
	}
	found, err := a.Ledger.Search(c.Context(), f, a.Patience)
	if err != nil {
		return reply{}, err
	}
	page := Page{Items: make([]Message, 0, len(found.Messages)), Next: found.Next}
	if !found.Reached.IsZero() {
		reached := found.Reached.UTC()
		page.SearchedTo = &reached
	}
	for i := range found.Messages {
		page.Items = append(page.Items, listed(&found.Messages[i]))
	}
	return reply{status: http.StatusOK, body: page}, nil
}

// filter reads what the client asks for, within what it may see.
func (a *API) filter(c *call) (ledger.Filter, *problem.Problem) {
	q := query{values: c.query}
	f := ledger.Filter{
		Ref: c.query["ref"], Provider: c.query["provider"], Tag: c.query["tag"], Cursor: c.query["cursor"],
		Status: ledger.Status(c.query["status"]), Class: provider.Class(c.query["class"]),
		Since: q.time("since"), Until: q.time("until"), Limit: q.int("limit", 1, ledger.MaxLimit),
		Namespace: c.client.Name,
	}
	if c.client.Has(settings.ScopeAll) {
		f.Namespace = ledger.AllNamespaces
	}
	q.oneOf("status", statusWords())
	q.oneOf("class", classes)
	if !isCursor(f.Cursor) {
		q.bad("cursor", "want next of the page before, as it is")
	}
	if to := c.query["to"]; to != "" {
		n, _, err := numbering.Parse(to, a.Region())
		if err != nil {
			q.bad("to", "not a number such as +306900000001")
		}
		f.To = n.String()
	}
	if len(q.wrong) > 0 {
		return f, problem.Bad(q.wrong...)
	}
	return f, nil
}

// isCursor reports whether a page may have had a cursor: the id of a message, or the
// beginning of one.
func isCursor(s string) bool {
	digits, ok := strings.CutPrefix(s, "msg_")
	return s == "" || ok && len(digits) <= 36 && strings.Trim(digits, "0123456789abcdef-") == ""
}

func statusWords() (list []string) {
	for _, s := range ledger.Statuses() {
		list = append(list, string(s))
	}
	return list
}

// query reads parameters, and collects what is wrong with them.
type query struct {
	values map[string]string
	wrong  []problem.Field
}

func (q *query) bad(name, detail string) {
	q.wrong = append(q.wrong, problem.Field{Pointer: name, Detail: detail})
}

func (q *query) time(name string) time.Time {
	s := q.values[name]
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		q.bad(name, "want a time such as 2026-11-21T08:00:00Z")
	}
	return t
}

func (q *query) int(name string, least, most int) int {
	s := q.values[name]
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		q.bad(name, "want a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	}
	return n
}

func (q *query) oneOf(name string, words []string) {
	if s := q.values[name]; s != "" && !slices.Contains(words, s) {
		q.bad(name, "want one of "+strings.Join(words, ", "))
	}
}
