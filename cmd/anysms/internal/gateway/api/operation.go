package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/strict"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// operation describes a call.
type operation struct {
	id, method, path string
	tag, summary     string
	description      string
	scope            string
	params           []*huma.Param
	maxBody          int64          // bytes; 0 = defaultBody
	raw              bool           // the call decodes the body itself
	responses        map[int]string // what each status of success means; the first is the usual one
}

const defaultBody = 256 << 10

// none is the body of requests without one, and of responses.
type none struct{}

// call is a request that was let in.
type call struct {
	*http.Request
	client *apikey.Client
	query  map[string]string
	body   []byte // of an operation that is raw
}

// reply is a response of success.
type reply struct {
	status int
	header http.Header
	body   any // nil = none
}

// register adds a call to the mux and to the document. The body is read into a B.
func register[B, O any](a *API, op operation, do func(c *call, body *B) (reply, error)) {
	describe(a.document, op, reflect.TypeFor[B](), reflect.TypeFor[O]())
	hasBody := reflect.TypeFor[B]() != reflect.TypeFor[none]()
	a.mux.HandleFunc(op.method+" "+op.path, func(w http.ResponseWriter, r *http.Request) {
		c, p := a.admit(r, op)
		var in B
		if p == nil {
			c.body, p = readBody(w, r, op, hasBody)
		}
		if p == nil && hasBody && !op.raw {
			p = strict.Decode(c.body, &in)
		}
		if p != nil {
			p.Write(w)
			return
		}
		out, err := do(c, &in)
		if err != nil {
			a.problemOf(r.Context(), op, err).Write(w)
			return
		}
		out.write(w)
	})
}

// admit finds out who makes a request, whether it may, and reads the query.
func (a *API) admit(r *http.Request, op operation) (*call, *problem.Problem) {
	client, p := a.Gate.Client(r)
	if p != nil {
		return nil, p
	}
	if !client.Has(op.scope) {
		return nil, problem.New(http.StatusForbidden, problem.Forbidden, "the key has no scope %s", op.scope)
	}
	c := &call{Request: r, client: client}
	c.query, p = readQuery(r, op)
	return c, p
}

// readQuery takes each parameter that the call knows, once.
func readQuery(r *http.Request, op operation) (map[string]string, *problem.Problem) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	values := make(map[string]string)
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if pair == "" {
			continue
		}
		name, value, err := unescape(pair)
		switch {
		case err != nil:
			return nil, problem.Bad(problem.Field{Pointer: name, Detail: "the query cannot be read"})
		case !slices.ContainsFunc(op.params, func(p *huma.Param) bool { return p.In == "query" && p.Name == name }):
			return nil, problem.Bad(problem.Field{Pointer: name, Detail: "unknown parameter"})
		case value == "":
			return nil, problem.Bad(problem.Field{Pointer: name, Detail: "is empty; want a value, or leave it out"})
		}
		if _, twice := values[name]; twice {
			return nil, problem.Bad(problem.Field{Pointer: name, Detail: "duplicate parameter"})
		}
		values[name] = value
	}
	return values, nil
}

// readBody reads the body of a request.
func readBody(w http.ResponseWriter, r *http.Request, op operation, wanted bool) ([]byte, *problem.Problem) {
	kind := r.Header.Get("Content-Type")
	if !wanted && r.ContentLength == 0 && kind == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil, nil
	}
	if media, params, err := mime.ParseMediaType(kind); err != nil || media != "application/json" || !isUTF8(params["charset"]) {
		return nil, problem.New(http.StatusUnsupportedMediaType, problem.BadRequest, "want Content-Type: application/json")
	}
	limit := op.maxBody
	if limit == 0 {
		limit = defaultBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, problem.New(http.StatusRequestEntityTooLarge, problem.TooLarge, "the body has more than %d bytes", limit)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem.New(http.StatusRequestTimeout, problem.BadRequest, "the body took too long")
	case err != nil:
		return nil, problem.New(http.StatusBadRequest, problem.BadRequest, "the body was cut off")
	}
	return body, nil
}

func isUTF8(charset string) bool { return charset == "" || strings.EqualFold(charset, "utf-8") }

// problemOf turns an error into a problem. What nothing else explains is the database.
func (a *API) problemOf(ctx context.Context, op operation, err error) *problem.Problem {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return problem.New(http.StatusNotFound, problem.NotFound, "there is no such message")
	}
	if e, ok := errors.AsType[*provider.Error](err); ok {
		if e.Code.Outcome() == provider.OutcomeRefused {
			return problem.OfMessage(e.Code, problem.Reason(e))
		}
	}
	if ctx.Err() == nil {
		a.Log.ErrorContext(ctx, "the database cannot be used", "call", op.id, "error", provider.Mask(err.Error()))
	}
	p := problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the database cannot be used now; nothing was changed")
	p.RetryAfter = time.Second
	return p
}

func (r reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if r.body == nil {
		w.WriteHeader(r.status)
		return
	}
	body, err := json.Marshal(r.body)
	if err != nil { // a value that JSON does not have: a bug
		problem.New(http.StatusInternalServerError, problem.Unavailable, "the response cannot be written").Write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(r.status)
	_, _ = w.Write(append(body, '\n'))
}
