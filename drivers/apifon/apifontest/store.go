package apifontest

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// record is a resource as its JSON object, without meta.
type record map[string]any

// etag changes with the resource.
func (r record) etag() string {
	raw, _ := json.Marshal(r) // a record contains nothing that cannot be encoded
	sum := md5.Sum(raw)
	return hex.EncodeToString(sum[:])
}

// show returns the resource as a response: some of its fields, or all of them
// with meta.
func (r record) show(fields []string) map[string]any {
	shown := make(map[string]any)
	if len(fields) == 0 {
		maps.Copy(shown, r)
		shown["meta"] = map[string]any{"Etag": r.etag()}
		return shown
	}
	for _, f := range fields {
		if value, has := r[f]; has {
			shown[f] = value
		}
	}
	return shown
}

// at finds a field; dots select inner fields.
func (r record) at(path string) (any, bool) {
	var value any = map[string]any(r)
	for name := range strings.SplitSeq(path, ".") {
		members, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = members[name]; !ok {
			return nil, false
		}
	}
	return value, value != nil
}

// compare orders two values: as numbers if both are, else as texts.
func compare(a, b any) int {
	x, errX := strconv.ParseFloat(fmt.Sprint(a), 64)
	y, errY := strconv.ParseFloat(fmt.Sprint(b), 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// kind is what the reference says about the pages of a resource.
type kind struct {
	fields  []string // that can be requested
	filters map[string]check
	size    int // default
	maxSize int // 0 = none
	sort    string
}

// paging is what a request says about its page.
type paging struct {
	fields     []string
	page, size int
	sort       string
	descending bool
}

// paging reads the query parameters.
func (k *kind) paging(query url.Values) (paging, *fault) {
	p := paging{page: 1, size: k.size, sort: k.sort}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		value, wrong := query.Get(name), (*fault)(nil)
		switch name {
		case "fields":
			p.fields = strings.Split(value, ",")
			wrong = k.checkFields(p.fields)
		case "page":
			p.page, wrong = positive(name, value, 0)
		case "size":
			p.size, wrong = positive(name, value, k.maxSize)
		case "sort":
			p.sort = value
			wrong = k.checkFields([]string{value})
		case "sort_dir":
			p.descending = value == "DESC"
			wrong = oneOf("ASC", "DESC")(name, value)
		default:
			filter, known := k.filters[name]
			if !known {
				return p, &fault{name, "is not a parameter of this request"}
			}
			wrong = filter(name, value)
		}
		if wrong != nil {
			return p, wrong
		}
	}
	return p, nil
}

func (k *kind) checkFields(fields []string) *fault {
	for _, f := range fields {
		first, _, _ := strings.Cut(f, ".")
		if !slices.Contains(k.fields, first) {
			return &fault{"fields", f + " is not a field"}
		}
	}
	return nil
}

func positive(name, value string, most int) (int, *fault) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || most > 0 && n > most {
		return 0, &fault{name, "must be an integer from 1 to " + fmt.Sprint(most)}
	}
	return n, nil
}

// cut sorts records and returns the requested page.
func (p *paging) cut(records []record) []map[string]any {
	slices.SortStableFunc(records, func(a, b record) int {
		x, _ := a.at(p.sort)
		y, _ := b.at(p.sort)
		if p.descending {
			x, y = y, x
		}
		return compare(x, y)
	})
	start := min((p.page-1)*p.size, len(records))
	shown := []map[string]any{}
	for _, r := range records[start:min(start+p.size, len(records))] {
		shown = append(shown, r.show(p.fields))
	}
	return shown
}

// browse handles a GET for a page of the records that the filters leave.
func (s *Server) browse(r *request, k *kind, records []record) answer {
	query := r.URL.Query()
	p, wrong := k.paging(query)
	if wrong != nil {
		return resourceFault(wrong)
	}
	records = slices.DeleteFunc(records, func(rec record) bool {
		for name := range k.filters {
			field := name
			if name == "email" { // a state, by its values
				field = "email_status"
			}
			if want := query.Get(name); want != "" && fmt.Sprint(rec[field]) != want {
				return true
			}
		}
		return false
	})
	last := max(1, (len(records)+p.size-1)/p.size)
	link := func(page int) string {
		if page < 1 || page > last {
			return ""
		}
		query.Set("page", strconv.Itoa(page))
		query.Set("size", strconv.Itoa(p.size))
		return s.URL + r.URL.EscapedPath() + "?" + query.Encode()
	}
	return answer{status: http.StatusOK, body: map[string]any{
		"meta":    map[string]any{"page": p.page, "size": p.size, "total": len(records)},
		"links":   map[string]any{"prev": link(p.page - 1), "next": link(p.page + 1), "first": link(1), "last": link(last)},
		"results": p.cut(records),
	}}
}

// queryCheck is the body of the two /query calls.
var queryCheck = object(map[string]field{
	"conditions": may(array(0, 0, object(map[string]field{
		"name": must(text(1, 0)),
		"op":   must(oneOf("eq", "beginsWith", "gte", "gt", "lte", "lt", "exists", "nexists")),
		"vl":   may(scalar),
	}))),
	"fields": may(array(0, 0, text(1, 0))),
	"sort":   may(object(map[string]field{"sort_field": may(text(1, 0)), "sort_dir": may(oneOf("ASC", "DESC"))})),
	"page":   may(scalar),
	"size":   may(integer(1, 200)),
})

// queryBody is the request of the /query calls.
type queryBody struct {
	Conditions []condition `json:"conditions"`
	Fields     []string    `json:"fields"`
	Sort       struct {
		Field string `json:"sort_field"`
		Dir   string `json:"sort_dir"`
	} `json:"sort"`
	Page any `json:"page"` // a number, or a string as in the reference's example
	Size int `json:"size"`
}

type condition struct {
	Name string `json:"name"`
	Op   string `json:"op"`
	VL   any    `json:"vl"`
}

func (c *condition) holds(r record) bool {
	value, has := r.at(c.Name)
	switch c.Op {
	case "exists":
		return has
	case "nexists":
		return !has
	}
	if !has {
		return false
	}
	if c.Op == "beginsWith" {
		return strings.HasPrefix(fmt.Sprint(value), fmt.Sprint(c.VL))
	}
	order := compare(value, c.VL)
	return map[string]bool{"eq": order == 0, "gte": order >= 0, "gt": order > 0, "lte": order <= 0, "lt": order < 0}[c.Op]
}

// find handles a /query. There are no links.
func (s *Server) find(r *request, k *kind, records []record) answer {
	body := queryBody{Page: 1, Size: k.size}
	if wrong := s.readResource(r, queryCheck, &body); wrong != nil {
		return *wrong
	}
	page, wrong := positive("page", fmt.Sprint(body.Page), 0)
	if wrong == nil {
		wrong = k.checkFields(body.Fields)
	}
	if wrong != nil {
		return resourceFault(wrong)
	}
	records = slices.DeleteFunc(records, func(rec record) bool {
		return slices.ContainsFunc(body.Conditions, func(c condition) bool { return !c.holds(rec) })
	})
	p := paging{body.Fields, page, body.Size, cmp.Or(body.Sort.Field, "id"), body.Sort.Dir == "DESC"}
	return answer{status: http.StatusOK, body: map[string]any{
		"meta":    map[string]any{"page": p.page, "size": p.size, "total": len(records)},
		"results": p.cut(records),
	}}
}

// one handles a GET for a single record.
func (k *kind) one(r *request, rec record) answer {
	var fields []string
	if list := r.URL.Query().Get("fields"); list != "" {
		fields = strings.Split(list, ",")
		if wrong := k.checkFields(fields); wrong != nil {
			return resourceFault(wrong)
		}
	}
	if tag := strings.Trim(r.Header.Get("If-None-Match"), `"`); tag != "" && tag == rec.etag() {
		return answer{status: http.StatusNotModified}
	}
	return answer{status: http.StatusOK, body: rec.show(fields)}
}

// readResource decodes a resource's request.
func (s *Server) readResource(r *request, c check, into any) *answer {
	wrong, err := decode(r.body, c, into)
	if err != nil {
		a := resourceError(http.StatusBadRequest, "Request is not readable", nil)
		return &a
	}
	if wrong != nil {
		a := resourceFault(wrong)
		return &a
	}
	return nil
}

func resourceFault(f *fault) answer {
	return resourceError(http.StatusBadRequest, "Request validation Error(s)", map[string]string{f.field: f.reason})
}

func notFound() answer { return resourceError(http.StatusNotFound, "Not Found", nil) }

func conflict(reason string) answer { return resourceError(http.StatusConflict, reason, nil) }

// located is the response to a request that made or changed a resource.
func (s *Server) located(status int, path string, names ...string) answer {
	for _, name := range names {
		path += "/" + url.PathEscape(name)
	}
	return answer{status: status, location: s.URL + api + path}
}
