package apifon_test

import (
	"context"
	"fmt"
	"time"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func Example() {
	vendor := apifontest.NewServer(apifontest.Options{})
	defer vendor.Close()

	account, err := apifon.New(apifon.Config{
		Token: apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
		Config: httpcall.Config{BaseURL: vendor.URL}, // leave it out for the real vendor
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()

	receipt, err := account.Send(context.Background(), &provider.Message{
		To: e164.MustParse("+306900000001"), Text: "Καλημέρα", Ref: "order-17",
	})
	if err != nil {
		fmt.Println(provider.CodeOf(err))
		return
	}
	fmt.Println(receipt.Segments, "segment:", vendor.Messages()[0].Text)
	// Output: 1 segment: Καλημέρα
}

// With extras a message goes by Viber first, and by SMS where that does not
// arrive.
func Example_viber() {
	vendor := apifontest.NewServer(apifontest.Options{})
	defer vendor.Close()
	account, err := apifon.New(apifon.Config{
		ClientID: apifontest.ClientID, ClientSecret: apifontest.ClientSecret, TokenURL: vendor.TokenURL(), Sender: "Example",
		Config: httpcall.Config{BaseURL: vendor.URL},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()

	_, err = account.Send(context.Background(), &provider.Message{
		To: e164.MustParse("+306900000001"), Text: "Your parcel is here",
		Extra: map[string]string{"apifon.im_text": "Your *parcel* is here", "apifon.im_ttl": "10m"},
	})
	if err != nil {
		fmt.Println(provider.CodeOf(err))
		return
	}
	sent := vendor.Messages()[0]
	fmt.Println(sent.Channel, sent.Text)
	fmt.Println("SMS", sent.Failover.Text)
	// Output:
	// VIBER Your *parcel* is here
	// SMS Your parcel is here
}

func ExampleProvider_StartVerification() {
	vendor := apifontest.NewServer(apifontest.Options{})
	defer vendor.Close()
	account, err := apifon.New(apifon.Config{
		Token: apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
		Config: httpcall.Config{BaseURL: vendor.URL},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()

	ctx := context.Background()
	started, err := account.StartVerification(ctx, &provider.VerificationRequest{
		To: e164.MustParse("+306900000001"), Ref: "login-4", Text: "Your code is {apifon_otp}", Expire: 2 * time.Minute,
	})
	if err != nil {
		fmt.Println(provider.CodeOf(err))
		return
	}
	for _, typed := range []string{"nonsense", vendor.Messages()[0].Code, vendor.Messages()[0].Code} {
		verdict, err := account.CheckVerification(ctx, started.ID, typed)
		fmt.Println(verdict, err)
	}
	// Output:
	// wrong <nil>
	// right <nil>
	// used <nil>
}

func ExampleProvider_ParseCallback() {
	account, err := apifon.New(apifon.Config{Token: "token", Secret: "secret", Currency: "EUR"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Close()
	events, err := account.ParseCallback(context.Background(), &provider.Callback{Body: []byte(`{
		"request_id": "eff655d8", "reference_id": "order-17", "type": "SMS",
		"data": [{"to": "306900000001", "message_id": "e2d4424d", "status": {"code": 7, "text": "delivered"},
			"timestamp": 1517922078, "price": "0.002"}]}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range events {
		fmt.Println(e.Ref, e.Status, e.Final, e.Cost)
	}
	// Output: order-17 delivered true 0.002 EUR
}

func ExampleClient_Subscribers() {
	vendor := apifontest.NewServer(apifontest.Options{})
	defer vendor.Close()
	client, err := apifon.NewClient(apifon.Config{
		Token: apifontest.Token, Secret: apifontest.Secret, Config: httpcall.Config{BaseURL: vendor.URL},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx := context.Background()
	list, err := client.AddList(ctx, apifon.NewList{ListSettings: apifon.ListSettings{Title: "Customers", Prefix: "+30"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	people := []apifon.Contact{
		{Destination: "+306900000001", Status: apifon.Subscribed, EmailStatus: apifon.Unsubscribed},
		{Destination: "+306900000002", Status: apifon.Subscribed, EmailStatus: apifon.Unsubscribed},
	}
	if err := client.AddSubscribers(ctx, list, people, false); err != nil {
		fmt.Println(err)
		return
	}
	for s, err := range client.Subscribers(ctx, list, apifon.SubscriberFilter{Status: apifon.Subscribed}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Destination, s.Status)
	}
	// Output:
	// 306900000001 SUBSCRIBED
	// 306900000002 SUBSCRIBED
}
