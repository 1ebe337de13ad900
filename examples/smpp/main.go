// Command smpp sends a message over SMPP and prints what the SMSC reports about it
// and what people reply. Without settings it starts a fake SMSC, which delivers the
// message and lets its recipient answer:
//
//	go run ./examples/smpp
//
// With a real account (off instead of on if the line to the operator is private):
//
//	export SMPP_ADDRESS=smsc.example.com:3550 SMPP_TLS=on SMPP_SYSTEM_ID=… SMPP_PASSWORD=…
//	go run ./examples/smpp +306900000001 "Your table is ready"
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	number, text := "+306900000001", "Your table is ready"
	if len(os.Args) == 3 {
		number, text = os.Args[1], os.Args[2]
	}
	config := smpp.Config{
		Address: os.Getenv("SMPP_ADDRESS"), TLS: os.Getenv("SMPP_TLS"),
		SystemID: os.Getenv("SMPP_SYSTEM_ID"), Password: provider.Secret(os.Getenv("SMPP_PASSWORD")),
	}
	var fake *smpptest.Server
	if config.Address == "" {
		fake = smpptest.NewServer(smpptest.Config{})
		defer fake.Close()
		config.Address, config.SystemID, config.Password = fake.Address(), "esme", "secret"
	}
	smsc, err := smpp.New(config)
	check(err)
	defer smsc.Close()
	sms, err := router.New([]router.Upstream{{Name: "smsc", Provider: smsc}}, nil)
	check(err)

	to, err := e164.Parse(number)
	check(err)
	result, err := sms.Send(ctx, &provider.Message{To: to, From: "Example", Text: text})
	fmt.Println(result.Status, result.ID)
	check(err)

	if fake != nil {
		go deliver(ctx, fake, result.ID)
	}
	listening, done := context.WithCancel(ctx)
	err = provider.Listen(listening, smsc, func(ctx context.Context, events []provider.Event) error {
		for _, e := range events {
			fmt.Println(e.Kind, e.ID, e.Status, e.Text)
			if err := sms.Observe(ctx, "smsc", e); err != nil {
				return err // the SMSC repeats them
			}
			if fake != nil && e.Kind == provider.Inbound {
				done() // that was all
			}
		}
		return nil
	})
	check(err)
}

// deliver lets the fake SMSC report the message as delivered, and a person reply.
func deliver(ctx context.Context, fake *smpptest.Server, id string) {
	err := fake.Report(id, smpptest.StateDelivered)
	for errors.Is(err, smpptest.ErrNoReceiver) && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond) // until the provider listens
		err = fake.Report(id, smpptest.StateDelivered)
	}
	check(err)
	check(fake.Deliver(smpptest.Delivery{From: "306900000001", FromTON: 1, To: "Example", Octets: []byte("Thank you")}))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
