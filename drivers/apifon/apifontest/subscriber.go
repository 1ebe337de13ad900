package apifontest

import (
	"crypto/md5"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
)

var subscriptionState = oneOf("SUBSCRIBED", "UNSUBSCRIBED", "UNCONFIRMED")

var subscriberKind = &kind{
	fields: []string{
		"meta", "id", "destination", "email", "status", "email_status", "account_id", "destination_id", "email_id", "archived",
		"date_created", "date_updated", "list_id", "gdpr_fields", "subscriber_fields", "form_urls", "groupOptions",
	},
	filters: map[string]check{"status": subscriptionState, "email": subscriptionState},
	size:    200, maxSize: 200, sort: "id",
}

var email = matching(func(s string) string {
	name, host, at := strings.Cut(s, "@")
	if !at || name == "" || !strings.Contains(host, ".") {
		return "Not a valid email address"
	}
	return ""
})

var contact = all(object(map[string]field{
	"destination":       may(matching(func(s string) string { return reasonOf(number("", strings.TrimPrefix(s, "+"))) })),
	"email":             may(email),
	"status":            must(subscriptionState),
	"email_status":      must(subscriptionState),
	"subscriber_fields": may(mapOf(func(string) check { return scalar })),
	"gdpr_fields": may(mapOf(func(string) check {
		return object(map[string]field{"mobile": may(boolean), "email": may(boolean)})
	})),
	"groupOptions": may(array(0, 0, text(1, 0))),
}), func(at string, v any) *fault {
	if c := v.(map[string]any); c["destination"] == nil && c["email"] == nil {
		return &fault{under(at, "destination"), "is required where there is no email"}
	}
	return nil
})

func reasonOf(f *fault) string {
	if f == nil {
		return ""
	}
	return f.reason
}

var contacts = object(map[string]field{
	"update_on_duplicate": may(boolean),
	"subscribers":         must(array(1, 0, contact)),
})

func (s *Server) subscriberRoutes(handle route) {
	const base, write, read = "/list/{list}/subscriber", "writeSubscriber", "readSubscriber"
	handle("POST", base, write, s.withList(s.addSubscriber))
	handle("POST", base+"/bulk", write, s.withList(s.addSubscribers))
	handle("GET", base, read, s.withList(func(r *request, l *list) answer {
		return s.browse(r, subscriberKind, slices.Clone(l.subscribers))
	}))
	handle("POST", base+"/query", read, s.withList(func(r *request, l *list) answer {
		return s.find(r, subscriberKind, slices.Clone(l.subscribers))
	}))
	handle("GET", base+"/{key}", read, s.withSubscriber(func(r *request, _ *list, sub record) answer {
		return subscriberKind.one(r, sub)
	}))
	handle("PUT", base+"/{key}", write, s.withSubscriber(s.updateSubscriber))
	handle("POST", base+"/{key}/subscribe", write, s.withSubscriber(func(_ *request, _ *list, sub record) answer {
		return s.turn(sub, "SUBSCRIBED")
	}))
	handle("POST", base+"/{key}/unsubscribe", write, s.withSubscriber(func(_ *request, _ *list, sub record) answer {
		return s.turn(sub, "UNSUBSCRIBED")
	}))
	handle("DELETE", base+"/{key}", write, s.withSubscriber(s.removeSubscriber))
}

// withSubscriber runs a handler with the person that the path names by the MD5
// of number or e-mail address.
func (s *Server) withSubscriber(h func(*request, *list, record) answer) handler {
	return s.withList(func(r *request, l *list) answer {
		if i := l.find(r.PathValue("key")); i >= 0 {
			return h(r, l, l.subscribers[i])
		}
		return notFound()
	})
}

func (l *list) find(key string) int {
	return slices.IndexFunc(l.subscribers, func(sub record) bool {
		return sub["destination_id"] == key || sub["email_id"] == key
	})
}

func lookup(destination any) any {
	if destination == nil {
		return nil
	}
	sum := md5.Sum([]byte(destination.(string)))
	return hex.EncodeToString(sum[:])
}

// enroll writes a request's data into a person's record, or says which field
// the list does not have.
func (l *list) enroll(sub record, body map[string]any) *fault {
	known := map[string]bool{}
	for _, array := range []string{"subscriber_fields", "gdpr_fields"} {
		for _, part := range l.parts(array) {
			known[array+"."+part.(record)["field"].(string)] = true
		}
		fields, _ := body[array].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if !known[array+"."+name] {
				return &fault{array + "." + name, "is not a field of the list"}
			}
		}
	}
	maps.Copy(sub, body)
	if destination, given := sub["destination"].(string); given {
		sub["destination"] = strings.TrimPrefix(destination, "+")
	}
	sub["destination_id"], sub["email_id"], sub["archived"] = lookup(sub["destination"]), lookup(sub["email"]), false
	return nil
}

// join adds a person to the list.
func (s *Server) join(l *list, body map[string]any) *fault {
	now := s.options.Now().UnixMilli()
	sub := record{
		"id": s.newID("object"), "account_id": accountID, "list_id": l.record["id"], "date_created": now, "date_updated": now,
	}
	if wrong := l.enroll(sub, body); wrong != nil {
		return wrong
	}
	l.subscribers = append(l.subscribers, sub)
	return nil
}

// member finds the person of a request.
func (l *list) member(body map[string]any) int {
	destination, _ := body["destination"].(string)
	if destination != "" {
		return l.find(lookup(strings.TrimPrefix(destination, "+")).(string))
	}
	return l.find(lookup(body["email"]).(string))
}

func (s *Server) isBlocked(body map[string]any) bool {
	destination, _ := body["destination"].(string)
	address, _ := body["email"].(string)
	return s.findBlocked(strings.TrimPrefix(destination, "+")) >= 0 || s.findBlocked(address) >= 0
}

func (s *Server) addSubscriber(r *request, l *list) answer {
	var body map[string]any
	if wrong := s.readResource(r, contact, &body); wrong != nil {
		return *wrong
	}
	switch {
	case s.isBlocked(body):
		return resourceFault(&fault{"destination", "is on the bounce list"})
	case l.member(body) >= 0:
		return conflict("The subscriber exists")
	}
	if wrong := s.join(l, body); wrong != nil {
		return resourceFault(wrong)
	}
	return answer{status: http.StatusCreated}
}

// addSubscribers skips those on the bounce list, and those on the list unless
// update is set.
func (s *Server) addSubscribers(r *request, l *list) answer {
	var body struct {
		Update      bool             `json:"update_on_duplicate"`
		Subscribers []map[string]any `json:"subscribers"`
	}
	if wrong := s.readResource(r, contacts, &body); wrong != nil {
		return *wrong
	}
	for _, person := range body.Subscribers {
		i, wrong := l.member(person), (*fault)(nil)
		switch {
		case s.isBlocked(person) || i >= 0 && !body.Update:
			continue
		case i >= 0:
			wrong = l.enroll(l.subscribers[i], person)
		default:
			wrong = s.join(l, person)
		}
		if wrong != nil {
			return resourceFault(wrong)
		}
	}
	return answer{status: http.StatusOK}
}

func (s *Server) updateSubscriber(r *request, l *list, sub record) answer {
	var body map[string]any
	if wrong := s.readResource(r, contact, &body); wrong != nil {
		return *wrong
	}
	if wrong := l.enroll(sub, body); wrong != nil {
		return resourceFault(wrong)
	}
	sub["date_updated"] = s.options.Now().UnixMilli()
	return answer{status: http.StatusOK}
}

func (s *Server) turn(sub record, status string) answer {
	if status == "SUBSCRIBED" && s.isBlocked(sub) {
		return resourceFault(&fault{"destination", "is on the bounce list"})
	}
	sub["archived"], sub["date_updated"] = false, s.options.Now().UnixMilli()
	if sub["destination"] != nil {
		sub["status"] = status
	}
	if sub["email"] != nil {
		sub["email_status"] = status
	}
	return answer{status: http.StatusOK}
}

func (s *Server) removeSubscriber(r *request, l *list, sub record) answer {
	switch r.URL.Query().Get("permanent") {
	case "", "false":
		sub["archived"] = true
	case "true":
		l.subscribers = slices.DeleteFunc(l.subscribers, func(other record) bool { return other["id"] == sub["id"] })
	default:
		return resourceFault(&fault{"permanent", "must be a boolean"})
	}
	return answer{status: http.StatusOK}
}
