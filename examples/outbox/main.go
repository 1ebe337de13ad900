// Command outbox is a shop that inserts an order and queues its text message in one
// transaction: after a crash there are both, or none.
//
//	docker run --rm -d -p 127.0.0.1:5432:5432 -e POSTGRES_PASSWORD=shop postgres:17
//	export SHOP_DATABASE=postgres://postgres:shop@127.0.0.1/postgres
//	go run ./examples/outbox -order 1042 -to +306900000001
//	go run ./examples/outbox -order 1043 -to +306900000001 -crash before
//	go run ./examples/outbox -order 1044 -to +306900000001 -crash after
//	go run ./examples/outbox
//
// The second order is gone, and nobody gets a text for it. The third is there, and the
// last command sends its text.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

func main() {
	order := flag.String("order", "", "the number of a new order; without it the program sends what is queued")
	to := flag.String("to", "", "the customer's number")
	crash := flag.String("crash", "", "when the program crashes: before the commit, or after it")
	key := flag.String("key", "outbox.key", "the ledger's key, which is made if there is none")
	flag.Parse()
	if os.Getenv("SHOP_DATABASE") == "" {
		log.Fatal("SHOP_DATABASE is not set; want the address of a PostgreSQL server, such as postgres://postgres:shop@127.0.0.1/postgres")
	}
	if *crash != "" && *crash != "before" && *crash != "after" {
		log.Fatalf("-crash %q; want before or after", *crash)
	}
	ctx := context.Background()
	s, err := open(ctx, os.Getenv("SHOP_DATABASE"), *key)
	if err == nil {
		if *order != "" {
			err = s.sell(ctx, *order, *to, *crash)
		}
		err = errors.Join(err, s.send(ctx), s.close(ctx))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// shop has its orders and its messages in one database.
type shop struct {
	pool   *pgxpool.Pool
	ledger *ledger.Ledger
	sms    *router.Router
	queue  *riverqueue.Queue
}

func open(ctx context.Context, database, keyFile string) (*shop, error) {
	key, err := ledger.LoadKey(keyFile)
	if err != nil {
		return nil, err
	}
	s := new(shop)
	if s.pool, err = pgxpool.New(ctx, database); err != nil {
		return nil, err
	}
	if _, err = s.pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS orders (number TEXT PRIMARY KEY)`); err != nil {
		return nil, err
	}
	if s.ledger, err = postgres.Open(ctx, database, ledger.Options{Key: key}); err != nil {
		return nil, err
	}
	vendor, err := memory.New(memory.Config{}) // a real vendor's driver takes its place
	if err != nil {
		return nil, err
	}
	s.sms, err = router.New([]router.Upstream{{Name: "vendor", Provider: vendor}}, &router.Options{Store: s.ledger, Journal: s.ledger})
	if err != nil {
		return nil, err
	}
	s.queue, err = riverqueue.New(ctx, s.ledger, s.sms, queue.Options{})
	return s, err
}

// sell inserts an order and queues its text.
func (s *shop) sell(ctx context.Context, order, number, crash string) error {
	to, err := e164.Parse(number)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO orders (number) VALUES ($1)`, order); err != nil {
			return err
		}
		done, err := s.queue.EnqueueTx(ctx, tx, &provider.Message{To: to, Text: "Thank you for your order " + order + ".", Ref: "order-" + order})
		if err != nil {
			return err
		}
		if crash == "before" {
			log.Fatal("crashed before the commit")
		}
		return done[0].Err // a text that cannot be sent undoes the order
	})
	if err != nil {
		return err
	}
	if crash == "after" {
		log.Fatal("crashed after the commit, and before the text was sent")
	}
	fmt.Println("order", order, "is placed, and its text is queued")
	return nil
}

// send sends what is queued. A shop would do so all the time, in this process or others.
func (s *shop) send(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.queue.Run(running) }()
	for {
		left := 0
		stats, err := s.queue.Stats(ctx)
		for _, class := range stats {
			left += class.Ready + class.Later
		}
		if err != nil || left == 0 {
			stop()
			return errors.Join(err, <-ended, s.list(ctx))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// list prints the orders, and what became of their texts.
func (s *shop) list(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, `SELECT number FROM orders ORDER BY number`)
	if err != nil {
		return err
	}
	orders, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, order := range orders {
		texts, _, err := s.ledger.Messages(ctx, ledger.Filter{Ref: "order-" + order})
		if err != nil {
			return err
		}
		for _, text := range texts {
			fmt.Println("order", order, "text", text.Status)
		}
	}
	return nil
}

func (s *shop) close(ctx context.Context) error {
	s.queue.Close()
	s.pool.Close()
	return errors.Join(s.sms.Close(ctx), s.ledger.Close())
}
