package apifontest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The parts of a list: subscriber fields, GDPR fields, and groups with their
// subgroups. Each kind is an array in the list's record.

var dateFormat = oneOf("dd-MM-yy", "yy-MM-dd", "MM-dd-yy", "dd/MM/yy", "yy/MM/dd", "MM/dd/yy")

// flag accepts a boolean, or its name, which an example in the reference shows.
func flag(at string, v any) *fault {
	if v == "true" || v == "false" {
		return nil
	}
	return boolean(at, v)
}

var (
	updateField = map[string]field{
		"name": must(text(1, 0)), "length": must(integer(1, 256)), "date_format": may(dateFormat), "internal": may(flag),
	}
	addField = all(object(with(updateField, map[string]field{"type": must(oneOf("DATE", "TEXT", "NUMBER", "URL", "EMAIL"))})),
		func(at string, v any) *fault {
			if f := v.(map[string]any); f["date_format"] != nil && f["type"] != "DATE" {
				return &fault{under(at, "date_format"), "is for fields of type DATE"}
			}
			return nil
		})
	gdprField = object(map[string]field{"name": must(text(1, 0)), "description": may(text(0, 0))})
	group     = object(map[string]field{
		"name": must(text(1, 0)), "type": must(oneOf("GROUP")), "internal": may(boolean),
		"selectionType": may(oneOf("SINGLE", "MULTIPLE")), "groupOptionsOrientation": may(oneOf("VERTICAL", "HORIZONTAL", "DROPDOWN_LIST")),
	})
	subgroup  = object(map[string]field{"name": must(text(1, 0))})
	subgroups = object(map[string]field{"name": must(array(1, 0, text(1, 0)))})
)

func (s *Server) listPartRoutes(handle route) {
	const l, remove = "/list/{list}", "writeList writeSubscriber"
	handle("POST", l+"/field", "writeList", s.addPart("subscriber_fields", "field", addField, fieldID))
	handle("PUT", l+"/field/{part}", "writeList", s.updatePart("subscriber_fields", "field", object(updateField)))
	handle("DELETE", l+"/field/{part}", remove, s.removePart("subscriber_fields", http.StatusOK))
	handle("POST", l+"/gdpr", "writeList", s.addPart("gdpr_fields", "gdpr", gdprField, fieldID))
	handle("PUT", l+"/gdpr/{part}", "writeList", s.updatePart("gdpr_fields", "gdpr", gdprField))
	handle("POST", l+"/group", "writeList", s.addPart("groups", "group", group, s.groupID))
	handle("GET", l+"/group/{part}", "readList", s.withPart("groups", func(_ *request, p record) answer {
		return answer{status: http.StatusOK, body: p}
	}))
	handle("PUT", l+"/group/{part}", "writeList", s.updatePart("groups", "group", group))
	handle("DELETE", l+"/group/{part}", remove, s.removePart("groups", http.StatusNoContent))
	handle("POST", l+"/{part}/option", "writeList", s.withPart("groups", s.addSubgroup))
	handle("POST", l+"/{part}/options", "writeList", s.withPart("groups", s.addSubgroups))
	handle("GET", l+"/{part}/option/{option}", "readList", s.withSubgroup(func(_ *request, _, o record) answer {
		return answer{status: http.StatusOK, body: o}
	}))
	handle("PUT", l+"/{part}/{option}", "writeList", s.withSubgroup(s.updateSubgroup))
	handle("DELETE", l+"/{part}/{option}", remove, s.withSubgroup(func(_ *request, g, o record) answer {
		g["options"] = slices.DeleteFunc(g["options"].([]any), func(other any) bool { return other.(record)["field"] == o["field"] })
		return answer{status: http.StatusNoContent}
	}))
}

// fieldID makes the id of a field from its name and type.
func fieldID(p record) string {
	if p["type"] == "DATE" {
		return "date_" + constant(p["name"])
	}
	return constant(p["name"])
}

// groupID makes the id of a group or subgroup.
func (s *Server) groupID(p record) string { return constant(p["name"]) + "_" + s.newID("part") }

func constant(name any) string {
	return strings.ToUpper(strings.ReplaceAll(name.(string), " ", "_"))
}

func (l *list) parts(array string) []any { return l.record[array].([]any) }

// addPart adds an element to one of the list's arrays.
func (s *Server) addPart(array, segment string, c check, id func(record) string) handler {
	return s.withList(func(r *request, l *list) answer {
		part := record{"internal": false}
		if array == "gdpr_fields" {
			part = record{"mobile": true, "email": true}
		}
		if array == "groups" {
			maps.Copy(part, record{"selectionType": "SINGLE", "groupOptionsOrientation": "VERTICAL", "formHidden": false, "options": []any{}})
		}
		if wrong := s.readResource(r, c, &part); wrong != nil {
			return *wrong
		}
		part["field"] = id(part)
		for _, other := range l.parts(array) {
			if other.(record)["field"] == part["field"] {
				return conflict("The field exists")
			}
		}
		l.record[array] = append(l.parts(array), part)
		return s.located(http.StatusCreated, "/list", r.PathValue("list"), segment, part["field"].(string))
	})
}

// withPart runs a handler with the element that the path names.
func (s *Server) withPart(array string, h func(*request, record) answer) handler {
	return s.withList(func(r *request, l *list) answer {
		for _, p := range l.parts(array) {
			if part := p.(record); part["field"] == r.PathValue("part") {
				return h(r, part)
			}
		}
		return notFound()
	})
}

func (s *Server) updatePart(array, segment string, c check) handler {
	return s.withPart(array, func(r *request, p record) answer {
		if wrong := s.readResource(r, c, &p); wrong != nil {
			return *wrong
		}
		return s.located(http.StatusOK, "/list", r.PathValue("list"), segment, r.PathValue("part"))
	})
}

func (s *Server) removePart(array string, status int) handler {
	return s.withList(func(r *request, l *list) answer {
		left := slices.DeleteFunc(slices.Clone(l.parts(array)), func(p any) bool { return p.(record)["field"] == r.PathValue("part") })
		if len(left) == len(l.parts(array)) {
			return notFound()
		}
		l.record[array] = left
		return answer{status: status}
	})
}

func (s *Server) addSubgroup(r *request, g record) answer {
	var body struct{ Name string }
	if wrong := s.readResource(r, subgroup, &body); wrong != nil {
		return *wrong
	}
	return s.append(r, g, body.Name)
}

func (s *Server) addSubgroups(r *request, g record) answer {
	var body struct{ Name []string }
	if wrong := s.readResource(r, subgroups, &body); wrong != nil {
		return *wrong
	}
	return s.append(r, g, body.Name...)
}

// append adds subgroups; the location is that of the last one.
func (s *Server) append(r *request, g record, names ...string) answer {
	var id string
	for _, name := range names {
		option := record{"name": name}
		id = s.groupID(option)
		option["field"] = id
		g["options"] = append(g["options"].([]any), option)
	}
	return s.located(http.StatusCreated, "/list", r.PathValue("list"), r.PathValue("part"), "option", id)
}

// withSubgroup runs a handler with the group and the subgroup that the path
// names.
func (s *Server) withSubgroup(h func(r *request, group, option record) answer) handler {
	return s.withPart("groups", func(r *request, g record) answer {
		for _, o := range g["options"].([]any) {
			if option := o.(record); option["field"] == r.PathValue("option") {
				return h(r, g, option)
			}
		}
		return notFound()
	})
}

func (s *Server) updateSubgroup(r *request, _, o record) answer {
	if wrong := s.readResource(r, subgroup, &o); wrong != nil {
		return *wrong
	}
	return s.located(http.StatusOK, "/list", r.PathValue("list"), r.PathValue("part"), r.PathValue("option"))
}
