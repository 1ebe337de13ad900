package memory_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

func Example() {
	p, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	p.Script(memory.Answer{Err: provider.RateLimited}) // the first send only
	m := &provider.Message{To: e164.MustParse("+306900000001"), Text: "Hello"}
	for range 2 {
		receipt, err := p.Send(context.Background(), m)
		fmt.Println(receipt, err, provider.OutcomeOf(err))
	}
	fmt.Println(p.Attempts(), "attempts,", len(p.Messages()), "message:", p.Messages()[0].Message.Text)
	// Output:
	// <nil> rate_limited not_sent
	// receipt{id: m1} <nil> accepted
	// 2 attempts, 1 message: Hello
}

func ExampleConfig_answer() {
	p, err := memory.New(memory.Config{Answer: func(m *provider.Message) memory.Answer {
		if m.To.HasPrefix("30") {
			return memory.Answer{}
		}
		return memory.Answer{Err: provider.NoRoute}
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = p.Send(context.Background(), &provider.Message{To: e164.MustParse("+14560000000"), Text: "Hello"})
	fmt.Println(errors.Is(err, provider.NoRoute))
	// Output: true
}
