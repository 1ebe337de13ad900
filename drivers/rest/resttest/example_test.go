package resttest_test

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// A fake of any vendor that has a recipe.
func Example() {
	recipe, err := rest.Load("twilio")
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := resttest.NewServer(recipe)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	account, err := resttest.Open(recipe, server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()
	m := &provider.Message{To: e164.MustParse("+306900000001"), From: "+306900000002", Text: "Hello"}
	if _, err := account.Send(context.Background(), m); err != nil {
		fmt.Println(err)
		return
	}
	sent := server.Messages()[0]
	fmt.Println(sent.To, sent.From, sent.Text)
	// Output:
	// +306900000001 +306900000002 Hello
}

// Replay checks a recipe against its own fixtures.
func ExampleReplay() {
	recipe, err := rest.Load("twilio")
	if err != nil {
		fmt.Println(err)
		return
	}
	faults := 0
	for _, result := range resttest.Replay(context.Background(), recipe) {
		faults += len(result.Faults)
	}
	fmt.Println(len(recipe.Fixtures) > 0, faults)
	// Output:
	// true 0
}
