package apifontest_test

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func Example() {
	server := apifontest.NewServer(apifontest.Options{})
	defer server.Close()
	account, err := apifon.New(apifon.Config{
		Config: httpcall.Config{BaseURL: server.URL},
		Token:  apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()

	m := &provider.Message{To: e164.MustParse("+306900000001"), Text: "Hello"}
	if _, err := account.Send(context.Background(), m); err != nil {
		fmt.Println(err)
	}
	for _, sent := range server.Messages() {
		fmt.Printf("%s from %s: %s\n", sent.To, sent.From, sent.Text)
	}
	server.Fail(429, "")
	_, err = account.Send(context.Background(), m)
	fmt.Println(provider.CodeOf(err))
	// Output:
	// +306900000001 from Example: Hello
	// rate_limited
}
