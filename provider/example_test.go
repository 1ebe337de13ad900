package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// A send and what its error says about the message.
func Example() {
	p, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	p.Script(
		memory.Answer{}, // accepts
		memory.Answer{Err: provider.NewError(provider.InvalidRecipient, "no such number")},
		memory.Answer{Err: provider.NewError(provider.Indeterminate, "the connection was reset")},
	)
	m := &provider.Message{To: e164.MustParse("+306900000001"), Text: "Hello"}
	for range 3 {
		_, err := p.Send(context.Background(), m)
		switch provider.OutcomeOf(err) {
		case provider.OutcomeAccepted:
			fmt.Println("accepted")
		case provider.OutcomeRefused, provider.OutcomeNotSent:
			fmt.Println("the vendor does not have it:", err)
		case provider.OutcomeUnknown:
			fmt.Println("do not send it again blindly:", err)
		}
	}
	// Output:
	// accepted
	// the vendor does not have it: invalid_recipient: no such number
	// do not send it again blindly: indeterminate: the connection was reset
}

// timed is a wrapper that measures sends. Because it has Unwrap, the provider
// below keeps its other capabilities.
type timed struct {
	provider.Provider
	observe func(time.Duration)
}

func (t timed) Unwrap() provider.Provider { return t.Provider }

func (t timed) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	start := time.Now()
	defer func() { t.observe(time.Since(start)) }()
	return t.Provider.Send(ctx, m)
}

func ExampleWrapper() {
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	sends := 0
	p := timed{vendor, func(time.Duration) { sends++ }}
	defer provider.Close(p)
	m := &provider.Message{To: e164.MustParse("+306900000001"), Text: "Hello", Ref: "order-17"}
	sent, err := p.Send(context.Background(), m)
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := provider.Find(context.Background(), p, m, time.Now().Add(-time.Minute))
	fmt.Println(sends, err, found.ID == sent.ID)
	fmt.Println(provider.CheckCapabilities(p))
	// Output:
	// 1 <nil> true
	// <nil>
}

// Optional calls look at the capabilities first.
func ExampleReadBalance() {
	p, err := memory.New(memory.Config{Features: []string{"status"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	_, err = provider.ReadBalance(context.Background(), p)
	fmt.Println(errors.Is(err, errors.ErrUnsupported), err)
	// Output:
	// true unsupported: balance is not available from this provider: unsupported operation
}

// Settings are decoded strictly.
func ExampleRegistry() {
	var registry provider.Registry
	if err := registry.Add(memory.Driver); err != nil {
		fmt.Println(err)
		return
	}
	p, err := registry.Open(context.Background(), "memory", json.RawMessage(`{"delay": "10ms"}`))
	fmt.Println(p, err)
	_, err = registry.Open(context.Background(), "memory", json.RawMessage(`{"delay": "10"}`))
	fmt.Println(err)
	_, err = registry.Open(context.Background(), "mem", nil)
	fmt.Println(err)
	// Output:
	// memory provider <nil>
	// delay: "10" is not a duration such as 90s or 1h30m
	// unknown driver "mem"; want one of memory
}

func ExampleMoney() {
	price, err := provider.ParseMoney("0.087", "AUD")
	if err != nil {
		fmt.Println(err)
		return
	}
	total, err := price.Mul(3)
	fmt.Println(total, err)
	// Output:
	// 0.261 AUD <nil>
}
