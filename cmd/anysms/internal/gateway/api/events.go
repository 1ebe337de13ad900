package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
)

// events adds the stream of events, which Backend.Events serves.
func (a *API) events() {
	op := operation{
		id: "streamEvents", method: http.MethodGet, path: "/v1/events", tag: "events", scope: settings.ScopeRead,
		summary: "What becomes of messages, as server-sent events",
		description: "Each event is a JSON object with type, such as message.delivered, timestamp, and data: the message, the message from a person, or the opt-out. " +
			"The stream begins with what comes next, or after the event that Last-Event-ID names. If that is older than the retention, the response is 410. " +
			"A client that is too slow is cut off; it goes on with Last-Event-ID, which an empty event updates every 15 seconds.",
		params: []*huma.Param{{
			Name: "Last-Event-ID", In: "header", Description: "the id of the last event that was read", Schema: &huma.Schema{Type: huma.TypeString},
		}},
		responses: ok("The stream"),
	}
	describe(a.document, op, reflect.TypeFor[none](), reflect.TypeFor[none]())
	a.document.Paths[op.path].Get.Responses["200"].Content = map[string]*huma.MediaType{
		"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
	}
	a.mux.HandleFunc(op.method+" "+op.path, func(w http.ResponseWriter, r *http.Request) {
		c, p := a.admit(r, op)
		if p != nil {
			p.Write(w)
			return
		}
		a.Events(c.client, w, r)
	})
}

// Events serves a client's stream of events.
type Events func(c *apikey.Client, w http.ResponseWriter, r *http.Request)
