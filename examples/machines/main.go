// Command machines is two programs that act as one: they share what was sent, and how
// often a vendor may be called, in Redis.
//
//	go run ./examples/machines
//	REDIS_URL=redis://127.0.0.1:6379 go run ./examples/machines
//
// Without REDIS_URL it has a Redis of its own, which lives as long as the program. With
// PostgreSQL, a ledger in one database does the same: see examples/outbox.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/redisstore"
)

func main() {
	if err := run(context.Background(), os.Getenv("REDIS_URL")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url string) error {
	if url == "" {
		own, err := miniredis.Run()
		if err != nil {
			return err
		}
		defer own.Close()
		url = "redis://" + own.Addr()
	}
	vendor, err := memory.New(memory.Config{}) // a real vendor's driver takes its place
	if err != nil {
		return err
	}
	var machines []*router.Router
	for range 2 {
		machine, closeMachine, err := start(url, vendor)
		if err != nil {
			return err
		}
		defer closeMachine(ctx)
		machines = append(machines, machine)
	}

	// Both get the same order at the same time, as when a queue delivers it twice.
	to, err := e164.Parse("+306971234567")
	if err != nil {
		return err
	}
	var both sync.WaitGroup
	for _, machine := range machines {
		both.Go(func() {
			result, err := machine.Send(ctx, &provider.Message{To: to, Text: "Your order is on its way", Ref: "order-1042"})
			if err != nil {
				log.Print(err)
			}
			fmt.Printf("%s %s, replayed %t\n", result.Status, result.ID, result.Replayed)
		})
	}
	both.Wait()
	fmt.Printf("the vendor has %d message\n", len(vendor.Messages()))
	return nil
}

// start opens what each machine has for itself: a connection to Redis, and a router.
func start(url string, vendor provider.Provider) (*router.Router, func(context.Context) error, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, nil, err
	}
	client := redis.NewClient(o)
	limiter, err := redisstore.NewLimiter(client, "fake", 20) // calls per second, of all machines together
	if err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	upstream := router.Upstream{Name: "fake", Provider: vendor, Limiter: limiter}
	sms, err := router.New([]router.Upstream{upstream}, &router.Options{
		Store: redisstore.New(client, &redisstore.Options{Key: []byte("a secret of at least 16 bytes")}),
	})
	if err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	return sms, func(ctx context.Context) error { return errors.Join(sms.Close(ctx), client.Close()) }, nil
}
