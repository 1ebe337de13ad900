package conformance

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/anysms/anysms/conformance/faultserver"
)

// httpLab is the lab for drivers that make HTTP requests.
type httpLab struct {
	text   func(*http.Request, []byte) (to, text string) // Harness.Text
	others http.Handler                                  // Harness.OtherRequests
}

// overHTTP reports whether the driver makes HTTP requests.
func (s *suite) overHTTP() bool {
	_, is := s.lab.(httpLab)
	return is
}

func (httpLab) Name() string      { return "HTTP" }
func (httpLab) Extension() string { return "http" }

func (httpLab) CheckReply(reply []byte) error {
	_, err := parseResponse(reply)
	return err
}

func (h httpLab) Start(respond Respond) (Vendor, error) {
	v := &httpVendor{lab: h, respond: respond}
	server, err := faultserver.New(v.handle)
	if err != nil {
		return nil, err
	}
	v.Server = server
	return v, nil
}

// httpVendor is a fault server with one fault at a time.
type httpVendor struct {
	*faultserver.Server
	lab     httpLab
	respond Respond

	mu    sync.Mutex
	fault faultserver.Fault
}

func (v *httpVendor) Address() string { return v.URL }

func (v *httpVendor) Connections() (accepted, open int) {
	return v.Server.Connections(), v.OpenConnections()
}

// Fail sets a fault of package faultserver, or refuses connections for good.
func (v *httpVendor) Fail(name string) error {
	if name == FaultRefused {
		v.Refuse()
		return nil
	}
	var fault faultserver.Fault
	if name != "" {
		var err error
		if fault, err = faultserver.FaultNamed(name); err != nil {
			return err
		}
	}
	v.mu.Lock()
	v.fault = fault
	v.mu.Unlock()
	v.SetIntake(fault.Intake)
	return nil
}

func (v *httpVendor) Incomplete() int {
	n := 0
	for _, rq := range v.Requests() {
		if rq.Err != nil {
			n++
		}
	}
	return n
}

// handle replies to a complete request.
func (v *httpVendor) handle(rq *faultserver.Request) faultserver.Reply {
	reply := v.respond(v.request(rq))
	switch native, ok := reply.Native.(faultserver.Reply); {
	case !reply.Sends && v.lab.others != nil:
		return serveOther(v.lab.others, rq)
	case ok:
		return native
	}
	good, err := parseResponse(reply.Text)
	if err != nil {
		return faultserver.Page(http.StatusInternalServerError).Reply()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fault.Reply != nil {
		return v.fault.Reply(good)
	}
	return good.Reply()
}

func (v *httpVendor) request(rq *faultserver.Request) Request {
	r := Request{
		Target: rq.HTTP.Method + " " + rq.HTTP.URL.Path,
		Values: valuesOf(rq),
		Print:  printRequest(rq),
		Native: rq,
	}
	if v.lab.text != nil {
		r.To, r.Text = v.lab.text(rq.HTTP, rq.Body)
		r.Decoded = true
	}
	return r
}

// printRequest prints the start of a request, without its headers and query.
func printRequest(rq *faultserver.Request) string {
	body := string(rq.Body)
	if len(body) > 300 {
		body = body[:300] + "…"
	}
	return fmt.Sprintf("%s %s %q", rq.HTTP.Method, rq.HTTP.URL.Path, body)
}

func serveOther(h http.Handler, rq *faultserver.Request) faultserver.Reply {
	w := httptest.NewRecorder()
	rq.HTTP.Body = http.NoBody
	if len(rq.Body) > 0 {
		rq.HTTP.Body = io.NopCloser(bytes.NewReader(rq.Body))
	}
	h.ServeHTTP(w, rq.HTTP)
	return faultserver.Response{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}.Reply()
}

// httpScript returns the reply to the n-th send, from 1. good is the vendor's
// response to an accepted message.
type httpScript func(n int, good faultserver.Response) faultserver.Reply

// script makes a script of the suite from one of HTTP.
func (s httpScript) script(n int, text []byte) Reply {
	good, err := parseResponse(text)
	if err != nil {
		good = faultserver.Page(http.StatusInternalServerError)
	}
	return Reply{Native: s(n, good)}
}

// sayAlways is a script with one response.
func sayAlways(r faultserver.Response) script {
	return httpScript(func(int, faultserver.Response) faultserver.Reply { return r.Reply() }).script
}

// httpRequest is the fault server's form of a request.
func httpRequest(r received) *faultserver.Request {
	rq, _ := r.Native.(*faultserver.Request)
	return rq
}
