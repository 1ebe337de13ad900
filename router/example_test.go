package router_test

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// The first provider certainly does not have the message, so the second one is
// tried.
func Example() {
	down, err := memory.New(memory.Config{Code: provider.Unavailable})
	if err != nil {
		fmt.Println(err)
		return
	}
	up, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: down}, {Name: "usa", Provider: up}}, &router.Options{Retry: router.Retry{MaxAttempts: 1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close(context.Background())

	result, err := r.Send(context.Background(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel is here."})
	fmt.Println(result.Status, result.Provider, err)
	for _, a := range result.Attempts {
		fmt.Println(a.Provider, a.Outcome)
	}
	// Output:
	// accepted usa <nil>
	// athens not_sent
	// usa accepted
}

// The vendor accepts the message, but its response is lost. Nothing else is sent,
// unless the message's Delivery allows it.
func ExampleRouter_Send_doubt() {
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: vendor}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close(context.Background())

	vendor.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "the answer was lost"), Taken: true})
	result, err := r.Send(context.Background(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel is here."})
	fmt.Println(result.Status)
	fmt.Println(err)
	// Output:
	// unknown
	// unknown by athens: indeterminate: the answer was lost
}

func ExampleRouter_SendAll() {
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: vendor}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close(context.Background())

	messages := func(yield func(*provider.Message) bool) {
		for i := range 100 {
			if !yield(&provider.Message{To: e164.MustParse("+306941234567"), Text: fmt.Sprintf("Hello %d", i)}) {
				return
			}
		}
	}
	results, err := r.SendAll(context.Background(), messages)
	if err != nil {
		fmt.Println(err)
		return
	}
	accepted := 0
	for _, err := range results {
		if err == nil {
			accepted++
		}
	}
	fmt.Println(accepted)
	// Output: 100
}
