package faultserver_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
)

func Example() {
	s, err := faultserver.New(func(r *faultserver.Request) faultserver.Reply {
		return faultserver.Reply{End: faultserver.Reset} // the request is read, the answer never comes
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	answer, err := http.Post(s.URL+"/messages", "text/plain", strings.NewReader("hello"))
	if err == nil {
		answer.Body.Close()
	}
	fmt.Println(err != nil, len(s.Requests()), "request:", string(s.Requests()[0].Body))
	// Output: true 1 request: hello
}
