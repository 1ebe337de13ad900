package zoomconnect_test

import (
	"context"
	"fmt"
	"net/url"

	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func Example() {
	vendor := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer vendor.Close()

	account, err := zoomconnect.New(zoomconnect.Config{
		Email: zoomconnecttest.Email, Token: zoomconnecttest.Token,
		Config: httpcall.Config{BaseURL: vendor.URL}, // leave it out for the real vendor
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()

	ctx := context.Background()
	message := &provider.Message{To: e164.MustParse("+27820000001"), Text: "Hello", Ref: "order-17"}
	quote, err := account.Quote(ctx, message)
	if err != nil {
		fmt.Println(err)
		return
	}
	receipt, err := account.Send(ctx, message)
	if err != nil {
		fmt.Println(provider.CodeOf(err))
		return
	}
	status, err := account.Status(ctx, receipt.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(quote.Cost, status.Status, status.Ref)
	// Output: 1 credits sent order-17
}

func ExampleProvider_ParseCallback() {
	account, err := zoomconnect.New(zoomconnect.Config{Email: "user@example.com", Token: "…"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()
	events, err := account.ParseCallback(context.Background(), &provider.Callback{
		Query: url.Values{"status": {"DELIVERED"}, "messageId": {"40124213"}, "dataField": {"order-17"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(events[0].ID, events[0].Ref, events[0].Status, events[0].Final)
	// Output: 40124213 order-17 delivered true
}

func ExampleClient_Messages() {
	vendor := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer vendor.Close()
	client, err := zoomconnect.NewClient(zoomconnect.Config{
		Email: zoomconnecttest.Email, Token: zoomconnecttest.Token, Config: httpcall.Config{BaseURL: vendor.URL},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	vendor.Receive("+27820000001", "+27980000000", "yes", "")
	unread := false
	for m, err := range client.Messages(context.Background(), zoomconnect.Filter{Type: zoomconnect.Inbound, Read: &unread}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.FromNumber, m.Message)
	}
	// Output: +27820000001 yes
}
