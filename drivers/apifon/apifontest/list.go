package apifontest

import (
	"maps"
	"net/http"
	"slices"
)

// list is a list of contacts and what belongs to it.
type list struct {
	record
	subscribers []record
}

var listKind = &kind{
	fields: []string{
		"meta", "id", "type", "title", "status", "description", "prefix", "account_id", "date_created", "date_updated", "campaign_defaults",
		"total_subscribers", "active_subscribers", "active_email_subscribers", "form_id", "groups", "subscriber_fields", "gdpr_fields",
		"brand_name", "company_name", "gdpr_properties", "double_optin", "form_urls",
	},
	filters: map[string]check{"type": oneOf("ADVANCED")},
	size:    20, sort: "id",
}

// settings are the fields that adding and changing a list share.
var settings = map[string]field{
	"title":       must(text(1, 0)),
	"description": may(text(0, 0)),
	"prefix":      must(text(1, 0)),
	"campaign_defaults": may(object(map[string]field{
		"sender_id": may(senderID), "viber_sender_id": may(text(1, 0)), "sender_name": may(text(1, 0)),
		"from": may(email), "reply_to": may(email),
	})),
	"gdpr_properties": may(object(map[string]field{
		"gdpr_compliant": may(boolean), "legal_text": must(text(1, 0)), "title": must(text(1, 0)), "description": must(text(1, 0)),
	})),
	"double_optin": may(all(object(map[string]field{
		"mobile": may(boolean), "email": may(boolean), "review_mobile_details": may(boolean),
	}), func(at string, v any) *fault {
		if o := v.(map[string]any); o["review_mobile_details"] == true && o["mobile"] != true {
			return &fault{at + ".review_mobile_details", "can be true only if mobile is true"}
		}
		return nil
	})),
}

var (
	updateList = object(settings)
	addList    = object(with(settings, map[string]field{"type": must(oneOf("ADVANCED"))}))
)

// with returns fields and some more.
func with(fields, more map[string]field) map[string]field {
	all := maps.Clone(fields)
	maps.Copy(all, more)
	return all
}

func (s *Server) listRoutes(handle route) {
	handle("POST", "/list", "writeList", s.locked(s.addList))
	handle("GET", "/list", "readList", s.locked(func(r *request) answer {
		records := make([]record, len(s.lists))
		for i, l := range s.lists {
			records[i] = l.counted()
		}
		return s.browse(r, listKind, records)
	}))
	handle("GET", "/list/{list}", "readList", s.withList(func(r *request, l *list) answer { return listKind.one(r, l.counted()) }))
	handle("PUT", "/list/{list}", "writeList", s.withList(s.updateList))
	handle("DELETE", "/list/{list}", "writeList writeSubscriber", s.withList(func(_ *request, l *list) answer {
		s.lists = slices.DeleteFunc(s.lists, func(other *list) bool { return other == l })
		return answer{status: http.StatusNoContent}
	}))
	s.listPartRoutes(handle)
}

// withList runs a handler under the lock with the list that the path names.
func (s *Server) withList(h func(*request, *list) answer) handler {
	return s.locked(func(r *request) answer {
		for _, l := range s.lists {
			if l.record["id"] == r.PathValue("list") {
				return h(r, l)
			}
		}
		return notFound()
	})
}

// counted returns the list with the number of its subscribers.
func (l *list) counted() record {
	counted := maps.Clone(l.record)
	active, email := 0, 0
	for _, sub := range l.subscribers {
		if sub["status"] == "SUBSCRIBED" && sub["destination"] != nil {
			active++
		}
		if sub["email_status"] == "SUBSCRIBED" && sub["email"] != nil {
			email++
		}
	}
	counted["total_subscribers"], counted["active_subscribers"], counted["active_email_subscribers"] = len(l.subscribers), active, email
	return counted
}

func (s *Server) addList(r *request) answer {
	var body map[string]any
	if wrong := s.readResource(r, addList, &body); wrong != nil {
		return *wrong
	}
	now, id := s.options.Now().UnixMilli(), s.newID("object")
	l := &list{record: record{
		"id": id, "status": "IDLE", "account_id": accountID, "date_created": now, "date_updated": now, "form_id": s.newID("part"),
		"groups": []any{}, "subscriber_fields": []any{}, "gdpr_fields": []any{}, "brand_name": "Example", "company_name": "Example",
		"form_urls": map[string]any{"SUBSCRIBE": s.URL + "/subscribe?l=" + id},
	}}
	maps.Copy(l.record, body)
	s.lists = append(s.lists, l)
	return s.located(http.StatusCreated, "/list", id)
}

func (s *Server) updateList(r *request, l *list) answer {
	var body map[string]any
	if wrong := s.readResource(r, updateList, &body); wrong != nil {
		return *wrong
	}
	maps.Copy(l.record, body)
	l.record["date_updated"] = s.options.Now().UnixMilli()
	return s.located(http.StatusNoContent, "/list", r.PathValue("list"))
}
