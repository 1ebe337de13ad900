package redisstore_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/redisstore"
)

// Two machines share a store and a limit: the same Ref is sent once, whichever of
// them gets it first.
func Example() {
	server, err := miniredis.Run() // a program uses its Redis
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel is here.", Ref: "order-1"}
	for range 2 {
		client := redis.NewClient(&redis.Options{Addr: server.Addr()})
		defer client.Close()
		limiter, err := redisstore.NewLimiter(client, "athens", 50)
		if err != nil {
			fmt.Println(err)
			return
		}
		machine, err := router.New([]router.Upstream{{Name: "athens", Provider: vendor, Limiter: limiter}}, &router.Options{
			Store: redisstore.New(client, nil),
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		result, err := machine.Send(context.Background(), m)
		fmt.Println(result.Status, result.Replayed, err)
	}
	fmt.Println(vendor.Accepted(), "sent")
	// Output:
	// accepted false <nil>
	// accepted true <nil>
	// 1 sent
}

// A program passes breaker notices to the other machines, and listens to theirs.
func ExampleHints() {
	client := redis.NewClient(&redis.Options{Addr: "redis.example.com:6379"})
	hints := redisstore.NewHints(client, "machine-1")
	notices := make(chan router.Notice, 100)
	opts := &router.Options{OnNotice: func(n router.Notice) {
		select {
		case notices <- n:
		default: // a hint that is lost does no harm
		}
	}}
	start := func(ctx context.Context, providers []router.Upstream) error {
		r, err := router.New(providers, opts)
		if err != nil {
			return err
		}
		go func() {
			for n := range notices {
				_ = hints.Tell(ctx, n)
			}
		}()
		return hints.Listen(ctx, r)
	}
	_ = start
}
