package rest_test

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// A program tests its use of a vendor against a fake made of the recipe.
func Example() {
	recipe, err := rest.Load("transmitsms")
	if err != nil {
		fmt.Println(err)
		return
	}
	vendor, err := resttest.NewServer(recipe)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer vendor.Close()
	config := rest.Config{
		Recipe: "transmitsms",
		Values: map[string]provider.Secret{"username": "apikey123", "password": "secret456", "currency": "AUD"},
	}
	config.BaseURL = vendor.URL
	p, err := rest.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	receipt, err := p.Send(context.Background(), &provider.Message{To: e164.MustParse("+61491570156"), Text: "Hello"})
	fmt.Println(receipt, err)
	vendor.Fail(400, `{"error":{"code":"LEDGER_ERROR","description":"no balance"}}`)
	_, err = p.Send(context.Background(), &provider.Message{To: e164.MustParse("+61491570156"), Text: "Hello"})
	fmt.Println(provider.CodeOf(err), provider.OutcomeOf(err))
	// Output:
	// receipt{id: 40000001:61491570156, cost: 0.087 AUD} <nil>
	// insufficient_funds not_sent
}

// Faults of a recipe are named with file, line and column.
func ExampleParse() {
	_, err := rest.Parse("acme.yaml", []byte("recipe: 1\nname: acme\ntitle: Acme\nsources: {api: {page: https://acme.example}}\nauth: {none: true}\nsend:\n  request: {path: /sms, form: {to: \"{two}\"}}\n  receipt: {id: \"a..b\"}\nfixtures: [{name: x}]\n"))
	fmt.Println(err)
	// Output:
	// acme.yaml:8:17: send.receipt.id: path "a..b": empty key; a key with a dot is written ['a.b']
}
