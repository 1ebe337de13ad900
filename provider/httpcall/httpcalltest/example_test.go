package httpcalltest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// What a client can say depends on how the server fails.
func ExampleServer() {
	server := httpcalltest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"17"}`)
	}))
	defer server.Close()
	client, err := httpcall.New(httpcall.Config{BaseURL: server.URL, Timeout: provider.Duration(200 * time.Millisecond)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	for _, mode := range []httpcalltest.Mode{httpcalltest.Up, httpcalltest.Down, httpcalltest.Drop, httpcalltest.Hang} {
		if err := server.SetMode(mode); err != nil {
			fmt.Println(err)
			return
		}
		_, err := client.Do(context.Background(), httpcall.Request{Method: "POST", Path: "/messages", Body: []byte("{}")})
		fmt.Println(mode, provider.OutcomeOf(err))
	}
	// Output:
	// up accepted
	// down not_sent
	// drop unknown
	// hang unknown
}
