// Command twovendors sends one message through Apifon or, if Apifon does not accept
// it, through Phonify.
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
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: twovendors NUMBER TEXT")
	}
	ctx := context.Background()
	to, err := e164.Parse(os.Args[1])
	check(err)

	athens, err := apifon.New(apifon.Config{Token: secret("APIFON_TOKEN"), Secret: secret("APIFON_SECRET"), Sender: "Example", Config: at("APIFON_URL")})
	check(err)
	usa, err := phonify.New(phonify.Config{APIKey: secret("PHONIFY_API_KEY"), Config: at("PHONIFY_URL")})
	check(err)
	sms, err := router.New([]router.Upstream{
		{Name: "athens", Provider: athens},
		{Name: "usa", Provider: usa},
	}, nil)
	check(err)
	defer sms.Close(ctx)

	result, err := sms.Send(ctx, &provider.Message{To: to, Text: os.Args[2]})
	fmt.Println(result.Status, result.Provider, result.ID)
	switch provider.CodeOf(err) {
	case "":
		// A vendor accepted it.
	case provider.Indeterminate:
		log.Print("a vendor may have accepted it; sending it again may deliver it twice: ", err)
	default:
		log.Print("no vendor accepted it: ", err)
	}
}

func secret(variable string) provider.Secret { return provider.Secret(os.Getenv(variable)) }

// at is the vendor's address: that of the variable, or the real one.
func at(variable string) httpcall.Config { return httpcall.Config{BaseURL: os.Getenv(variable)} }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
