// Command quickstart sends a message through Apifon, or through Phonify if Apifon does not take it.
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
	"github.com/anysms/anysms/router"
)

func main() {
	ctx := context.Background()
	athens := must(apifon.New(apifon.Config{Token: env("APIFON_TOKEN"), Secret: env("APIFON_SECRET"), Sender: "Example"}))
	usa := must(phonify.New(phonify.Config{APIKey: env("PHONIFY_API_KEY")}))
	sms := must(router.New([]router.Upstream{{Name: "athens", Provider: athens}, {Name: "usa", Provider: usa}}, nil))
	defer sms.Close(ctx)

	to := must(e164.Parse("+306900000001"))
	result, err := sms.Send(ctx, &provider.Message{To: to, Text: "Your table is ready"})
	fmt.Println(result.Status, result.Provider, result.ID, err)
}

func env(name string) provider.Secret { return provider.Secret(os.Getenv(name)) }

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
