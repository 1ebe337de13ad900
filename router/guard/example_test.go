package guard_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

// Codes to one number are limited, and marketing waits for the morning.
func Example() {
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		log.Fatal(err)
	}

	policy, err := guard.New(guard.Options{
		Countries: guard.Countries{Allow: []string{"GR", "CY"}},
		Velocity:  []guard.Velocity{{Per: guard.Number, Max: 2, Window: time.Hour}},
		Quiet: []guard.Quiet{{
			Match: guard.Match{Classes: []provider.Class{provider.Marketing}},
			From:  guard.Clock{Hour: 21}, To: guard.Clock{Hour: 8},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	sms, err := router.New([]router.Upstream{{Name: "test", Provider: vendor}}, &router.Options{Guard: policy})
	if err != nil {
		log.Fatal(err)
	}
	defer sms.Close(context.Background())

	for i := range 3 {
		m := &provider.Message{To: e164.MustParse("+306941234567"), Text: fmt.Sprint("Your code is ", 4711+i)}
		res, err := sms.Send(context.Background(), m)
		if later, ok := errors.AsType[*router.Deferred](err); ok {
			fmt.Println("again at", later.Until) // not now: it is night, or a sender is at its rate
			continue
		}
		fmt.Println(cmp.Or(res.Message, string(res.Status)))
	}
	// Output:
	// accepted
	// accepted
	// velocity: more than 2 messages to one number in 1h
}
