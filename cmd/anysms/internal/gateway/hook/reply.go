package hook

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

const badRequest = "bad_request"

// verdict is what a caller is told.
type verdict struct {
	status int
	code   string
	detail string
	later  bool // another try may succeed
	item   item
	items  []item // if there are several recipients
}

// item is one message in a response.
type item struct {
	ID     string        `json:"id,omitempty"`
	Ref    string        `json:"ref,omitempty"`
	Status ledger.Status `json:"status,omitempty"`
	Code   string        `json:"code,omitempty"`
	Detail string        `json:"detail,omitempty"`
}

// ok reports whether the messages were taken.
func (v *verdict) ok() bool { return v.status < 300 }

// judge says what follows from a message's result. One that may have been sent is a
// success: a caller that tries again would text twice.
func (e *endpoint) judge(ref string, r Result, err error) verdict {
	switch {
	case errors.Is(err, ErrConflict) && e.preset.identity != nil: // the same alerts with other values
		return verdict{status: http.StatusOK, item: item{Ref: ref, Status: r.Status, Detail: "a repeat of a message with another text"}}
	case errors.Is(err, ErrConflict):
		e.refused.Add(1)
		detail := "the ref belongs to a message with another content"
		return verdict{status: http.StatusConflict, code: "conflict", detail: detail, item: item{Ref: ref, Code: "conflict", Detail: detail}}
	case err != nil:
		return e.refusal(err)
	}
	v := verdict{status: http.StatusOK, item: item{ID: r.ID, Ref: ref, Status: r.Status}}
	switch r.Status {
	case ledger.Refused, ledger.Rejected, ledger.Cancelled:
		v.status, v.code, v.detail = http.StatusUnprocessableEntity, string(cmp.Or(r.Code, provider.Rejected)), cmp.Or(r.Reason, "the message was refused")
		e.refused.Add(1)
	case ledger.NotSent:
		v.status, v.code, v.detail, v.later = http.StatusServiceUnavailable, string(cmp.Or(r.Code, provider.Unavailable)), "the message was not sent", true
		e.failed.Add(1)
	default:
		e.messages.Add(1)
	}
	v.item.Code, v.item.Detail = v.code, v.detail
	return v
}

// refusal says what follows from an error.
func (e *endpoint) refusal(err error) verdict {
	if bad, ok := errors.AsType[*badPayload](err); ok {
		e.unreadable.Add(1)
		return verdict{status: http.StatusBadRequest, code: badRequest, detail: bad.reason}
	}
	v := verdict{status: http.StatusServiceUnavailable, code: string(provider.Unavailable), detail: "the message could not be stored", later: true}
	if refused, ok := errors.AsType[*provider.Error](err); ok {
		v = verdict{status: http.StatusUnprocessableEntity, code: string(refused.Code), detail: problem.Reason(refused)}
		switch {
		case refused.Code == provider.RateLimited:
			v.status, v.later = http.StatusTooManyRequests, true
		case refused.Code.Outcome() != provider.OutcomeRefused:
			v.status, v.later = http.StatusServiceUnavailable, true
		}
	}
	v.item = item{Status: ledger.Refused, Code: v.code, Detail: v.detail}
	if v.later {
		v.item.Status = ledger.NotSent
		e.failed.Add(1)
	} else {
		e.refused.Add(1)
	}
	return v
}

// combine makes one response of those for several recipients: if one may be tried
// again the whole call should be, which does nothing about the others. A refused one
// among others is in the list.
func combine(list []verdict) verdict {
	all := list[0]
	for _, v := range list[1:] {
		if v.later && !all.later || v.ok() && !all.ok() && !all.later {
			all = v
		}
	}
	if len(list) > 1 {
		for _, v := range list {
			all.items = append(all.items, v.item)
		}
	}
	return all
}

// style is how a software wants to be told.
type style uint8

const (
	// problemReply uses the status codes of HTTP and application/problem+json.
	problemReply style = iota
	// supabaseReply: supabase shows the reason of a refusal if it comes with status
	// 200, and tries again at 429 and 503 if there is a Retry-After.
	supabaseReply
	// textReply: authentik shows the body of a refusal to the user.
	textReply
)

func (s style) write(w http.ResponseWriter, v verdict) {
	if v.later {
		w.Header().Set("Retry-After", "1")
	}
	switch {
	case v.ok() && len(v.items) > 0:
		writeJSON(w, v.status, "application/json", map[string]any{"items": v.items})
	case v.ok():
		writeJSON(w, v.status, "application/json", v.item)
	case s == supabaseReply && (v.status == http.StatusUnprocessableEntity || v.status == http.StatusBadRequest):
		writeJSON(w, http.StatusOK, "application/json", map[string]any{"error": map[string]any{"http_code": v.status, "message": v.detail}})
	case s == textReply:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(v.status)
		_, _ = w.Write([]byte("The message could not be sent: " + v.detail + "\n")) // a caller that has gone tries again
	default:
		writeJSON(w, v.status, problem.ContentType, &problemBody{problem.New(v.status, v.code, "%s", v.detail), v.items})
	}
}

// problemBody is a problem as the API has it, with what became of each message if there are
// several.
type problemBody struct {
	*problem.Problem
	Items []item `json:"items,omitempty"`
}

func writeJSON(w http.ResponseWriter, status int, kind string, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only texts and numbers: cannot happen
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that has gone tries again
}
