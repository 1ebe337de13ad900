package phonify_test

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func Example() {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()

	account, err := phonify.New(phonify.Config{
		APIKey: phonifytest.APIKey,
		Config: httpcall.Config{BaseURL: vendor.URL}, // leave it out for the real vendor
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()

	ctx := context.Background()
	receipt, err := account.Send(ctx, &provider.Message{To: e164.MustParse("+14560000000"), Text: "Hello"})
	if err != nil {
		fmt.Println(provider.CodeOf(err))
		return
	}
	status, err := account.Status(ctx, receipt.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.Status, vendor.Messages()[0].Text)
	// Output: accepted Hello
}

func ExampleClient_Messages() {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	client, err := phonify.NewClient(phonify.Config{APIKey: phonifytest.APIKey, Config: httpcall.Config{BaseURL: vendor.URL}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx := context.Background()
	for _, text := range []string{"one", "two", "three"} {
		if _, err := client.Send(ctx, e164.MustParse("+14560000000"), text); err != nil {
			fmt.Println(err)
		}
	}
	for m, err := range client.Messages(ctx, 2) { // two in a page
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Body)
	}
	// Output:
	// three
	// two
	// one
}
