// Command otp sends a one-time code that is valid for two minutes.
//
// A code that arrives twice is harmless, but one that does not arrive locks a person
// out. So for the class otp the router continues with the next provider even if the
// first one may have accepted the message; the result says that it may arrive twice.
// Nothing is tried after the deadline.
//
//	go run ./examples/otp -config anysms.yaml +306900000001
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"math/big"
	"time"

	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
)

const validity = 2 * time.Minute

func main() {
	path := flag.String("config", "anysms.yaml", "the configuration")
	flag.Parse()
	if err := send(context.Background(), *path, flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

func send(ctx context.Context, path, number string) error {
	conf, err := config.Load(ctx, path, builtin.Registry(), nil)
	if err != nil {
		return err
	}
	sms := conf.Router()
	defer sms.Close(ctx)

	to, _, err := numbering.Parse(number, conf.DefaultRegion)
	if err != nil {
		return err
	}
	code, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return err
	}
	result, err := sms.Send(ctx, &provider.Message{
		To: to, Text: fmt.Sprintf("%06d is your code. It is valid for two minutes.", code),
		Class: provider.OTP, Deadline: time.Now().Add(validity),
	})
	if err != nil {
		return err
	}
	fmt.Println("sent by", result.Provider)
	if result.DuplicatePossible {
		fmt.Println("it may arrive twice")
	}
	return nil
}
