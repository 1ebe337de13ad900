package api

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/numbering"
)

// OptOut is a person's wish to get no messages.
type OptOut struct {
	Number string        `json:"number" doc:"E.164"`
	Scope  ledger.Scope  `json:"scope" enum:"all,provider,sender,class"`
	Value  string        `json:"value,omitempty" doc:"the provider, sender or class that scope means"`
	Source ledger.Source `json:"source" enum:"reply,vendor,import,api"`
	At     time.Time     `json:"at"`
}

// optOutRequest says what an opt-out holds for, and where it comes from.
type optOutRequest struct {
	Scope  string     `json:"scope,omitempty" enum:"all,provider,sender,class," doc:"default all"`
	Value  string     `json:"value,omitempty" doc:"the provider, sender or class that scope means"`
	Source string     `json:"source,omitempty" enum:"import,api," doc:"default api"`
	At     *time.Time `json:"at,omitempty" doc:"when they opted out; default now"`
}

// OptOutEntry is one opt-out of many.
type OptOutEntry struct {
	Number string     `json:"number" doc:"E.164"`
	Scope  string     `json:"scope,omitempty" enum:"all,provider,sender,class," doc:"default all"`
	Value  string     `json:"value,omitempty" doc:"the provider, sender or class that scope means"`
	Source string     `json:"source,omitempty" enum:"import,api," doc:"default api"`
	At     *time.Time `json:"at,omitempty" doc:"when they opted out; default now"`
}

// optOutBatch is how many opt-outs a request adds at most, and optOutBody how many bytes
// it has.
const (
	optOutBatch = 1000
	optOutBody  = 1 << 20
)

type optOutPage struct {
	Items []OptOut `json:"items" nullable:"false"`
	Next  string   `json:"next" doc:"the cursor of the next page; empty = there is none"`
}

type optOutAdded struct {
	Added int `json:"added" doc:"how many are new; the others were known already"`
}

type optOutRemoved struct {
	Removed int `json:"removed"`
}

func (a *API) optOuts() {
	number := pathParam("number", "E.164, with the plus sign encoded as %2B or not")
	register[none, optOutPage](a, operation{
		id: "listOptOuts", method: http.MethodGet, path: "/v1/optouts", tag: "opt-outs", scope: settings.ScopeOptOuts,
		summary: "The people who want no messages, by number",
		params: []*huma.Param{
			queryParam("number", "only this number"),
			intParam("limit", "of the page; default 50", 1, ledger.MaxLimit),
			queryParam("cursor", "next of the page before"),
		},
		responses: ok("A page of opt-outs"),
	}, a.listOptOuts)
	register[[]OptOutEntry, optOutAdded](a, operation{
		id: "addOptOuts", method: http.MethodPost, path: "/v1/optouts", tag: "opt-outs", scope: settings.ScopeOptOuts,
		summary: "Add up to 1,000 opt-outs: all, or none if one is wrong", maxBody: optOutBody, responses: ok("They are on the list"),
	}, a.addOptOuts)
	register[optOutRequest, optOutAdded](a, operation{
		id: "addOptOut", method: http.MethodPut, path: "/v1/optouts/{number}", tag: "opt-outs", scope: settings.ScopeOptOuts,
		summary: "Add an opt-out", params: []*huma.Param{number}, responses: ok("It is on the list"),
	}, a.addOptOut)
	register[none, optOutRemoved](a, operation{
		id: "removeOptOuts", method: http.MethodDelete, path: "/v1/optouts/{number}", tag: "opt-outs", scope: settings.ScopeOptOuts,
		summary: "Remove the opt-outs of a number, whatever their scope", params: []*huma.Param{number}, responses: ok("They are removed"),
	}, a.removeOptOuts)
}

func (a *API) listOptOuts(c *call, _ *none) (reply, error) {
	q := query{values: c.query}
	limit := q.int("limit", 1, ledger.MaxLimit)
	if limit == 0 {
		limit = ledger.DefaultLimit
	}
	number := ""
	if s := c.query["number"]; s != "" {
		var p *problem.Problem
		if number, p = a.number(s, "number"); p != nil {
			return reply{}, p
		}
	}
	after, err := parseOptOutCursor(c.query["cursor"])
	if err != nil {
		q.bad("cursor", "not a cursor")
	}
	if len(q.wrong) > 0 {
		return reply{}, problem.Bad(q.wrong...)
	}
	page := optOutPage{Items: []OptOut{}}
	for o, err := range a.Ledger.OptOutsAfter(c.Context(), number, after) {
		if err != nil {
			return reply{}, err
		}
		if len(page.Items) == limit {
			last := page.Items[limit-1]
			page.Next = optOutCursor(last)
			break
		}
		page.Items = append(page.Items, OptOut(o))
	}
	return reply{status: http.StatusOK, body: page}, nil
}

func (a *API) number(s, pointer string) (string, *problem.Problem) {
	n, _, err := numbering.Parse(s, a.Region())
	if err != nil {
		return "", problem.Bad(problem.Field{Pointer: pointer, Detail: "not a number such as +306900000001"})
	}
	return n.String(), nil
}

func (a *API) addOptOut(c *call, in *optOutRequest) (reply, error) {
	number, p := a.number(c.PathValue("number"), "number")
	if p != nil {
		return reply{}, p
	}
	o, field := a.optOut(&OptOutEntry{Number: number, Scope: in.Scope, Value: in.Value, Source: in.Source, At: in.At})
	if field != nil {
		return reply{}, problem.Bad(*field)
	}
	added, err := a.Ledger.OptOut(c.Context(), o)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: optOutAdded{added}}, nil
}

func (a *API) addOptOuts(c *call, in *[]OptOutEntry) (reply, error) {
	if n := len(*in); n == 0 || n > optOutBatch {
		return reply{}, problem.New(http.StatusBadRequest, problem.BadRequest, "got %d opt-outs; want 1 to %d", n, optOutBatch)
	}
	list := make([]ledger.OptOut, 0, len(*in))
	var wrong []problem.Field
	for i, e := range *in {
		o, field := a.optOut(&e)
		if field != nil {
			field.Pointer = "/" + strconv.Itoa(i) + field.Pointer
			wrong = append(wrong, *field)
		}
		list = append(list, o)
	}
	if len(wrong) > 0 {
		return reply{}, problem.Bad(wrong...)
	}
	added, err := a.Ledger.OptOut(c.Context(), list...)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: optOutAdded{added}}, nil
}

// optOut reads an entry, or says which of its fields is wrong.
func (a *API) optOut(e *OptOutEntry) (ledger.OptOut, *problem.Field) {
	number, p := a.number(e.Number, "/number")
	if p != nil {
		return ledger.OptOut{}, &p.Errors[0]
	}
	o := ledger.OptOut{
		Number: number, Value: e.Value,
		Scope: cmp.Or(ledger.Scope(e.Scope), ledger.ScopeAll), Source: cmp.Or(ledger.Source(e.Source), ledger.FromAPI),
	}
	if o.Source != ledger.FromAPI && o.Source != ledger.FromImport {
		return o, &problem.Field{Pointer: "/source", Detail: "want api or import"}
	}
	if e.At != nil {
		o.At = *e.At
	}
	if err := o.Check(); err != nil {
		return o, &problem.Field{Detail: err.Error()}
	}
	return o, nil
}

func (a *API) removeOptOuts(c *call, _ *none) (reply, error) {
	number, p := a.number(c.PathValue("number"), "number")
	if p != nil {
		return reply{}, p
	}
	removed, err := a.Ledger.OptIn(c.Context(), number)
	if err != nil {
		return reply{}, err
	}
	if removed == 0 {
		return reply{}, problem.New(http.StatusNotFound, problem.NotFound, "the number has not opted out")
	}
	return reply{status: http.StatusOK, body: optOutRemoved{removed}}, nil
}

// optOutCursor is where the page after an opt-out begins.
func optOutCursor(o OptOut) string {
	return base64.RawURLEncoding.EncodeToString([]byte(o.Number + "\n" + string(o.Scope) + "\n" + o.Value))
}

func parseOptOutCursor(s string) (o ledger.OptOut, err error) {
	if s == "" {
		return o, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	parts := strings.SplitN(string(b), "\n", 3)
	if err != nil || len(parts) != 3 || !utf8.Valid(b) {
		return o, errors.New("not a cursor")
	}
	return ledger.OptOut{Number: parts[0], Scope: ledger.Scope(parts[1]), Value: parts[2]}, nil
}
