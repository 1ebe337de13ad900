package otp_test

import (
	"context"
	"fmt"
	"log"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/otp"
)

func Example() {
	ctx := context.Background()
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		log.Fatal(err)
	}
	sms, err := router.New([]router.Upstream{{Name: "fake", Provider: vendor}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer sms.Close(ctx)

	codes, err := otp.New(sms.Send, otp.Config{Domain: "example.com"})
	if err != nil {
		log.Fatal(err)
	}
	v, err := codes.Start(ctx, e164.MustParse("+306971234567"), otp.Options{})
	if err != nil {
		log.Fatal(err)
	}
	typed := vendor.Messages()[0].Message.Text[:6] // the person reads it

	for range 2 {
		checked, err := codes.Check(ctx, v.ID, typed)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(checked.Valid)
	}
	// Output:
	// true
	// false
}

// A service over the ledger's database: what one process starts another one checks.
func ExampleNewLedgerStore() {
	ctx := context.Background()
	l, err := sqlite.Open(ctx, "anysms.db", ledger.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	key, err := ledger.LoadKey("otp.key") // made at the first start
	if err != nil {
		log.Fatal(err)
	}
	sms, err := router.New(providers(), &router.Options{Store: l, Journal: l})
	if err != nil {
		log.Fatal(err)
	}
	codes, err := otp.New(sms.Send, otp.Config{
		Key: key, Store: otp.NewLedgerStore(l), Text: "Ο κωδικός σας είναι {code}.",
		OnConversion: func(c otp.Conversion) { fmt.Println(c.Country, c.Provider, c.Verified) },
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = codes
}

// A text in the person's language.
func ExampleService_Start() {
	sms := func(_ context.Context, m *provider.Message) (*router.Result, error) {
		fmt.Println(len(m.Text), m.Class)
		return nil, nil
	}
	codes, err := otp.New(sms, otp.Config{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = codes.Start(context.Background(), e164.MustParse("+4915112345678"), otp.Options{Text: "Dein Code: {code}"})
	if err != nil {
		log.Fatal(err)
	}
	// Output: 17 otp
}

func providers() []router.Upstream { return nil }
