package zoomconnecttest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

type contact struct {
	ContactID     string `json:"contactId"`
	ContactNumber string `json:"contactNumber"`
	FirstName     string `json:"firstName"`
	LastName      string `json:"lastName"`
	Title         string `json:"title"`

	groups []string
}

type group struct {
	GroupID string `json:"groupId"`
	Name    string `json:"name"`
}

type template struct {
	TemplateID int64  `json:"templateId"`
	Name       string `json:"name"`
	Data       string `json:"data"`
}

// AddTemplate stores a text, which the API cannot do.
func (s *Server) AddTemplate(name, text string) (id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := template{s.nextID(), name, text}
	s.templates = append(s.templates, t)
	return t.TemplateID
}

// GroupsOf lists the ids of the groups that a contact is in.
func (s *Server) GroupsOf(contactID string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.contacts {
		if c.ContactID == contactID {
			return slices.Clone(c.groups)
		}
	}
	return nil
}

func (s *Server) bookRoutes(handle func(methods, path string, h handler)) {
	handle("GET", "/contacts/all", func(r *request) answer { return list(r, "contacts", "webServiceContacts", s.contacts) })
	handle("POST", "/contacts/create", s.createContact)
	handle("GET", "/contacts/{contact}", s.withContact(func(_ *request, c *contact) answer { return ok(c) }))
	handle("POST", "/contacts/{contact}", s.withContact(updateContact))
	handle("DELETE", "/contacts/{contact}", s.withContact(s.deleteContact))
	for _, path := range []string{"/contacts/{contact}/addToGroup/{group}", "/groups/{group}/addContact/{contact}"} {
		handle("GET POST", path, s.withContact(s.join))
	}
	// The vendor's addFromGroup removes.
	for _, path := range []string{"/contacts/{contact}/addFromGroup/{group}", "/groups/{group}/removeContact/{contact}"} {
		handle("GET POST", path, s.withContact(s.leave))
	}
	handle("GET", "/groups/all", func(r *request) answer { return list(r, "groups", "webServiceGroups", s.groups) })
	handle("POST", "/groups/create", s.createGroup)
	handle("GET", "/groups/{group}", s.withGroup(func(_ *request, g *group) answer { return ok(g) }))
	handle("POST", "/groups/{group}", s.withGroup(updateGroup))
	handle("DELETE", "/groups/{group}", s.withGroup(s.deleteGroup))
	handle("GET", "/templates/all", func(r *request) answer { return list(r, "templates", "webServiceTemplates", s.templates) })
	handle("GET", "/templates/{template}", s.withTemplate(func(i int) answer { return ok(s.templates[i]) }))
	handle("DELETE", "/templates/{template}", s.withTemplate(func(i int) answer {
		s.templates = slices.Delete(s.templates, i, i+1)
		return answer{status: http.StatusNoContent}
	}))
}

// list responds with one page, and a link to the next.
func list[T any](r *request, resource, key string, all []T) answer {
	if err := r.only("page", "pageSize"); err != nil {
		return bad(err)
	}
	page, pageSize := 1, 10
	for name, value := range map[string]*int{"page": &page, "pageSize": &pageSize} {
		if !r.query.Has(name) {
			continue
		}
		n, err := positive(r.query.Get(name))
		if err != nil {
			return bad(err)
		}
		*value = n
	}
	start := min((page-1)*pageSize, len(all))
	end := min(start+pageSize, len(all))
	links := []any{}
	if end < len(all) {
		href := fmt.Sprintf("https://www.zoomconnect.com/app%s/%s/all?page=%d&pageSize=%d", api, resource, page+1, pageSize)
		links = append(links, map[string]any{"href": href, "rel": "next", "templated": false})
	}
	return ok(map[string]any{key: append([]T{}, all[start:end]...), "links": links})
}

func (s *Server) createContact(r *request) answer {
	var c contact
	if err := r.decode(&c); err != nil || c.ContactID != "" {
		return bad(fmt.Errorf("not a new contact: %w", err))
	}
	c.ContactID = strconv.FormatInt(s.nextID(), 10)
	s.contacts = append(s.contacts, c)
	return answer{http.StatusCreated, c}
}

func (s *Server) withContact(h func(*request, *contact) answer) handler {
	return func(r *request) answer {
		i := slices.IndexFunc(s.contacts, func(c contact) bool { return c.ContactID == r.PathValue("contact") })
		if i < 0 {
			return absent
		}
		return h(r, &s.contacts[i])
	}
}

func updateContact(r *request, c *contact) answer {
	var change contact
	if err := r.decode(&change); err != nil {
		return bad(err)
	}
	change.ContactID, change.groups = c.ContactID, c.groups
	*c = change
	return ok(c)
}

func (s *Server) deleteContact(_ *request, c *contact) answer {
	id := c.ContactID
	s.contacts = slices.DeleteFunc(s.contacts, func(c contact) bool { return c.ContactID == id })
	return answer{status: http.StatusNoContent}
}

func (s *Server) join(r *request, c *contact) answer {
	id := r.PathValue("group")
	if s.groupIndex(id) < 0 {
		return absent
	}
	if !slices.Contains(c.groups, id) {
		c.groups = append(c.groups, id)
	}
	return ok(nil)
}

func (s *Server) leave(r *request, c *contact) answer {
	c.groups = slices.DeleteFunc(c.groups, func(id string) bool { return id == r.PathValue("group") })
	return ok(nil)
}

func (s *Server) groupIndex(id string) int {
	return slices.IndexFunc(s.groups, func(g group) bool { return g.GroupID == id })
}

func (s *Server) createGroup(r *request) answer {
	var g group
	if err := r.decode(&g); err != nil || g.GroupID != "" || g.Name == "" {
		return bad(fmt.Errorf("not a new group with a name: %w", err))
	}
	g.GroupID = strconv.FormatInt(s.nextID(), 10)
	s.groups = append(s.groups, g)
	return answer{http.StatusCreated, g}
}

func (s *Server) withGroup(h func(*request, *group) answer) handler {
	return func(r *request) answer {
		i := s.groupIndex(r.PathValue("group"))
		if i < 0 {
			return absent
		}
		return h(r, &s.groups[i])
	}
}

func updateGroup(r *request, g *group) answer {
	var change group
	if err := r.decode(&change); err != nil || change.Name == "" {
		return bad(fmt.Errorf("not a group with a name: %w", err))
	}
	g.Name = change.Name
	return ok(g)
}

func (s *Server) deleteGroup(_ *request, g *group) answer {
	id := g.GroupID
	s.groups = slices.DeleteFunc(s.groups, func(g group) bool { return g.GroupID == id })
	return answer{status: http.StatusNoContent}
}

func (s *Server) withTemplate(h func(index int) answer) handler {
	return func(r *request) answer {
		id, err := strconv.ParseInt(r.PathValue("template"), 10, 64)
		i := slices.IndexFunc(s.templates, func(t template) bool { return t.TemplateID == id })
		if err != nil || i < 0 {
			return absent
		}
		return h(i)
	}
}
