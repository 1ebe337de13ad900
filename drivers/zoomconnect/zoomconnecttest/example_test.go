package zoomconnecttest_test

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func Example() {
	server := zoomconnecttest.NewServer(zoomconnecttest.Options{Credits: 1})
	defer server.Close()
	account, err := zoomconnect.New(zoomconnect.Config{
		Config: httpcall.Config{BaseURL: server.URL},
		Email:  zoomconnecttest.Email, Token: zoomconnecttest.Token,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()

	m := &provider.Message{To: e164.MustParse("+27820000001"), Text: "Hello"}
	for range 2 {
		if _, err := account.Send(context.Background(), m); err != nil {
			fmt.Println(provider.CodeOf(err))
		}
	}
	fmt.Println(len(server.Messages()))
	// Output:
	// insufficient_funds
	// 1
}
