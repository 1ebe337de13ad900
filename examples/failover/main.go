// Command failover sends codes and receipts through two fake vendors while the first is
// up, down, and in doubt, and compares the results with what the vendors have.
//
//	go run ./examples/failover
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	fakeAthens, fakeUSA := apifontest.NewServer(apifontest.Options{}), phonifytest.NewServer(phonifytest.Options{})
	defer fakeAthens.Close()
	defer fakeUSA.Close()
	athens, err := apifon.New(apifon.Config{
		Config: httpcall.Config{BaseURL: fakeAthens.URL}, Token: apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
	})
	if err != nil {
		return err
	}
	usa, err := phonify.New(phonify.Config{Config: httpcall.Config{BaseURL: fakeUSA.URL}, APIKey: phonifytest.APIKey})
	if err != nil {
		return err
	}
	sms, err := router.New([]router.Upstream{{Name: "athens", Provider: athens}, {Name: "usa", Provider: usa}}, nil)
	if err != nil {
		return err
	}
	defer sms.Close(ctx)

	to, err := e164.Parse("+306971234567")
	if err != nil {
		return err
	}
	receipt := &provider.Message{To: to, Text: "Your order is on its way", Class: provider.Transactional}
	code := &provider.Message{To: to, Text: "4711 is your code", Class: provider.OTP}
	for _, step := range []struct {
		what    string
		mode    httpcalltest.Mode
		message *provider.Message
	}{
		{"athens is up", httpcalltest.Up, receipt},
		{"athens refuses connections: proof that it has nothing", httpcalltest.Down, receipt},
		{"athens takes a receipt and drops the connection: in doubt, and not sent again", httpcalltest.Drop, receipt},
		{"athens takes a code and drops the connection: a second copy does no harm", httpcalltest.Drop, code},
	} {
		if err := fakeAthens.SetMode(step.mode); err != nil {
			return err
		}
		result, _ := sms.Send(ctx, step.message) // the error repeats what the result says
		fmt.Printf("%s\n  %s %s", step.what, result.Status, result.Provider)
		if result.DuplicatePossible {
			fmt.Print(", perhaps twice")
		}
		fmt.Printf("\n  the vendors have %d and %d messages\n", len(fakeAthens.Messages()), len(fakeUSA.Messages()))
	}
	return nil
}
