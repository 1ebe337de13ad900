package phonifytest_test

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
	server := phonifytest.NewServer(phonifytest.Options{})
	defer server.Close()
	account, err := phonify.New(phonify.Config{
		Config: httpcall.Config{BaseURL: server.URL}, APIKey: phonifytest.APIKey,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()

	m := &provider.Message{To: e164.MustParse("+14560000000"), Text: "Hello"}
	receipt, err := account.Send(context.Background(), m)
	if err != nil {
		fmt.Println(err)
		return
	}
	server.SetState(receipt.ID, phonify.StateSent)
	event, err := provider.ReadStatus(context.Background(), account, receipt.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(server.Messages()), event.Status)
	// Output:
	// 1 sent
}
