package problem

import "net/http"

// NotServed returns the 404 or 405 of a request that a mux has no handler for; nil = it
// has one.
func NotServed(mux *http.ServeMux, r *http.Request) *Problem {
	handler, pattern := mux.Handler(r)
	if pattern != "" {
		return nil
	}
	status := &statusOnly{header: make(http.Header)}
	handler.ServeHTTP(status, r)
	if status.code == http.StatusMethodNotAllowed {
		p := New(status.code, BadRequest, "%s takes %s", r.URL.Path, status.header.Get("Allow"))
		p.Allow = status.header.Get("Allow")
		return p
	}
	return New(http.StatusNotFound, NotFound, "there is no such path; /openapi.json lists them")
}

// statusOnly is a response of which only the status and the headers count.
type statusOnly struct {
	header http.Header
	code   int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(code int)        { s.code = code }
