// Command twovendors sends one message through Apifon and, if Apifon does not
// take it, through Phonify.
//
//	export APIFON_TOKEN=… APIFON_SECRET=… PHONIFY_API_KEY=…
//	go run ./examples/twovendors +306900000001 "Your table is ready"
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/wire"
	"github.com/anysms/anysms/router"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: twovendors NUMBER TEXT")
	}
	ctx := context.Background()
	to, err := e164.Parse(os.Args[1])
	check(err)

	athens, err := apifon.New(apifon.Config{
		Token:  provider.Secret(os.Getenv("APIFON_TOKEN")),
		Secret: provider.Secret(os.Getenv("APIFON_SECRET")),
		Sender: "Example",
		Config: wire.Config{BaseURL: os.Getenv("APIFON_URL")}, // empty = the vendor's own
	})
	check(err)
	usa, err := phonify.New(phonify.Config{
		APIKey: provider.Secret(os.Getenv("PHONIFY_API_KEY")),
		Config: wire.Config{BaseURL: os.Getenv("PHONIFY_URL")},
	})
	check(err)

	sms, err := router.New([]router.Provider{
		{Name: "athens", Provider: athens},
		{Name: "usa", Provider: usa},
	}, nil)
	check(err)
	defer sms.Close(ctx)

	result, err := sms.Send(ctx, &provider.Message{To: to, Text: os.Args[2]})
	fmt.Println(result.Status, result.Provider, result.ID)
	switch provider.CodeOf(err) {
	case "":
		// A vendor has it.
	case provider.Indeterminate:
		log.Print("a vendor may have it; sending again may text twice: ", err)
	default:
		log.Print("no vendor has it: ", err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
