package httpcalltest

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// Failure is an answer that a fake vendor gives instead of its own.
type Failure struct {
	Path   string // only for a request to this path; "" = any
	Status int
	Header http.Header
	Body   string
	// After lets the request do its work first: the vendor took it, and something
	// between here and there answered wrongly.
	After bool
}

// Write sends the failure. Its body is JSON if Header does not say otherwise.
func (f Failure) Write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	maps.Copy(w.Header(), f.Header)
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body) // fails only if the client has gone
}

// Failures are the failures that a fake vendor still has to give. A fake embeds
// it. It is safe for concurrent use.
type Failures struct {
	mu   sync.Mutex
	list []Failure
}

// Fail makes the next request fail with a status and a body; several calls apply
// to one request each, in order. The request does nothing.
func (f *Failures) Fail(status int, body string) { f.FailWith(Failure{Status: status, Body: body}) }

// FailWith makes the next request, or the next to its path, fail.
func (f *Failures) FailWith(failure Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, failure)
}

// NextFailure takes out the first failure that is for one of the paths, if there
// is one; "" stands for the failures for any path.
func (f *Failures) NextFailure(paths ...string) (Failure, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.list, func(failure Failure) bool { return slices.Contains(paths, failure.Path) })
	if i < 0 {
		return Failure{}, false
	}
	failure := f.list[i]
	f.list = slices.Delete(f.list, i, i+1)
	return failure, true
}
