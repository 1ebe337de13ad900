package faultserver_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
)

func Example() {
	s, err := faultserver.New(func(r *faultserver.Request) faultserver.Reply {
		return faultserver.Reply{End: faultserver.Reset} // after reading the request
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	response, err := http.Post(s.URL+"/messages", "text/plain", strings.NewReader("hello"))
	if err == nil {
		response.Body.Close()
	}
	fmt.Println(err != nil, len(s.Requests()), "request:", string(s.Requests()[0].Body))
	// Output: true 1 request: hello
}

// A client must not take a truncated response for a success.
func ExampleFaultNamed() {
	fault, err := faultserver.FaultNamed("truncated-length")
	if err != nil {
		fmt.Println(err)
		return
	}
	good := faultserver.Response{Status: http.StatusOK, Body: []byte(`{"id":"42"}`)}
	s, err := faultserver.New(func(*faultserver.Request) faultserver.Reply { return fault.Reply(good) })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	response, err := http.Get(s.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Printf("%d %q %v\n", response.StatusCode, body, err)
	// Output: 200 "{\"id\":" unexpected EOF
}
