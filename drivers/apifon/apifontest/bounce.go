package apifontest

import (
	"net/http"
	"slices"
	"strings"
)

var bounceKind = &kind{
	fields:  []string{"meta", "destination", "type", "reason", "user", "description", "date_created"},
	filters: map[string]check{"type": oneOf("MOBILE", "EMAIL"), "reason": oneOf(blockReasons...)},
	size:    200, maxSize: 200, sort: "date_created",
}

var blockReasons = []string{"other", "not_delivering", "sub_deleted", "sub_requested", "sub_invalid"}

var block = object(map[string]field{
	"destination": must(matching(func(s string) string {
		if !strings.Contains(s, "@") && number("", s) != nil {
			return "must be a mobile number or an e-mail address"
		}
		return ""
	})),
	"reason":      must(oneOf(blockReasons...)),
	"description": may(text(0, 0)),
})

func (s *Server) bounceRoutes(handle route) {
	const base = "/bounce/subscriber"
	handle("POST", base+"/block", "writeSubscriber", s.locked(s.block))
	handle("GET", base, "readSubscriber", s.locked(func(r *request) answer {
		return s.browse(r, bounceKind, slices.Clone(s.blocked))
	}))
	handle("GET", base+"/{destination}", "readSubscriber", s.locked(func(r *request) answer {
		if i := s.findBlocked(r.PathValue("destination")); i >= 0 {
			return bounceKind.one(r, s.blocked[i])
		}
		return notFound()
	}))
	handle("POST", base+"/query", "readSubscriber", s.locked(func(r *request) answer {
		return s.find(r, bounceKind, slices.Clone(s.blocked))
	}))
	handle("DELETE", base+"/unblock/{destination}", "writeSubscriber", s.locked(func(r *request) answer {
		i := s.findBlocked(r.PathValue("destination"))
		if i < 0 {
			return notFound()
		}
		s.blocked = slices.Delete(s.blocked, i, i+1)
		return answer{status: http.StatusOK}
	}))
}

// locked runs a handler under the server's lock.
func (s *Server) locked(h handler) handler {
	return func(r *request) answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		return h(r)
	}
}

func (s *Server) findBlocked(destination string) int {
	return slices.IndexFunc(s.blocked, func(b record) bool { return b["destination"] == destination })
}

// block adds a destination and unsubscribes it everywhere.
func (s *Server) block(r *request) answer {
	var body struct{ Destination, Reason, Description string }
	if wrong := s.readResource(r, block, &body); wrong != nil {
		return *wrong
	}
	if s.findBlocked(body.Destination) >= 0 {
		return conflict("Destination is already blocked")
	}
	kind := "MOBILE"
	if strings.Contains(body.Destination, "@") {
		kind = "EMAIL"
	}
	s.blocked = append(s.blocked, record{
		"destination": body.Destination, "type": kind, "reason": body.Reason, "user": "API",
		"description": body.Description, "date_created": s.options.Now().UnixMilli(),
	})
	for _, l := range s.lists {
		for _, sub := range l.subscribers {
			if sub["destination"] == body.Destination {
				sub["status"] = "UNSUBSCRIBED"
			}
			if sub["email"] == body.Destination {
				sub["email_status"] = "UNSUBSCRIBED"
			}
		}
	}
	return answer{status: http.StatusOK}
}
