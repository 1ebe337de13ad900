package conformance_test

import (
	"context"
	"fmt"
	"os"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
)

// A program uses Check; a test uses Run.
func ExampleCheck() {
	report := conformance.Check(context.Background(), conformance.Harness{
		Open: func(string) (provider.Provider, error) {
			return memory.New(memory.Config{Features: []string{"schedule", "validity"}})
		},
	})
	fmt.Println(report.OK(), report.Err())
	for _, r := range report.Results {
		if r.ID == "receipt.accepted" || r.ID == "requests.one" {
			fmt.Println(r.ID, r.Status, r.Details)
		}
	}
	// Output:
	// true <nil>
	// receipt.accepted passed []
	// requests.one not_applicable [the driver has no transport (the harness has no Replies)]
}

// ForDriver makes Open from a provider.Driver. Here, a reply lacks its source.
func ExampleForDriver() {
	h, err := conformance.ForDriver(referenceDriver, []byte(`{"key": "k3y"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	h.Replies = os.DirFS("testdata/example")
	report := conformance.Check(context.Background(), h)
	fmt.Println(report.Problem)
	// Output: Replies: rejected.http: the source is missing; want a comment line such as "# source: https://acme.example/docs, read 2026-11-02"
}
