package router_test

import (
	"context"
	"errors"
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

// Plan explains without sending: a text that is too long for the first provider
// goes to the second.
func ExampleRouter_Plan() {
	short, err := memory.New(memory.Config{MaxCharacters: 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	long, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: short}, {Name: "usa", Provider: long}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close(context.Background())

	plan := r.Plan(&provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel will be delivered today."})
	fmt.Println(plan.Country, plan.Delivery, plan.Segments)
	for _, c := range plan.Candidates {
		if c.In {
			fmt.Println("in: ", c.Provider)
		} else {
			fmt.Println("out:", c.Provider, "-", c.Reason)
		}
	}
	// Output:
	// GR at_most_once 1
	// in:  usa
	// out: athens - the text has 36 characters; the limit is 20
}

// A middleware that refuses messages to one country, without calling next.
func ExampleMiddleware() {
	noGreece := func(ctx context.Context, m *provider.Message, next router.SendFunc) (*router.Result, error) {
		if m.To.HasPrefix("30") {
			result := &router.Result{Ref: m.Ref, To: m.To, Status: provider.OutcomeRefused, Code: provider.Rejected, Message: "not to Greece"}
			return result, result.Err()
		}
		return next(ctx, m)
	}
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New([]router.Upstream{{Name: "usa", Provider: vendor}}, &router.Options{Middleware: []router.Middleware{noGreece}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close(context.Background())

	_, err = r.Send(context.Background(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel is here."})
	fmt.Println(err)
	result, _ := r.Send(context.Background(), &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your parcel is here."})
	fmt.Println(result.Status)
	// Output:
	// refused: rejected: not to Greece
	// accepted
}

// With a store, a message that is sent again with the same Ref goes out once.
func ExampleMemoryStore() {
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: vendor}}, &router.Options{Store: router.NewMemoryStore(0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close(context.Background())

	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel is here.", Ref: "order-1"}
	for range 2 {
		result, err := r.Send(context.Background(), m)
		fmt.Println(result.Status, result.Replayed, err)
	}
	fmt.Println(vendor.Accepted(), "sent")
	// Output:
	// accepted false <nil>
	// accepted true <nil>
	// 1 sent
}

// ErrNoRoute tells a gap in the configuration from a vendor that cannot reach the
// recipient.
func ExampleError() {
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New([]router.Upstream{{Name: "usa", Provider: vendor}}, &router.Options{Routes: []router.Route{
		{Name: "usa", Match: router.Match{Countries: []string{"US"}}, Targets: []router.Target{{Name: "usa"}}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close(context.Background())

	_, err = r.Send(context.Background(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel is here."})
	fmt.Println(errors.Is(err, router.ErrNoRoute), errors.Is(err, provider.NoRoute))
	fmt.Println(err)
	// Output:
	// true true
	// refused: no_route: no route matches this message
}
