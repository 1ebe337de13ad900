// Command otp sends a one-time code, and checks what is typed.
//
// The code is made here and sent through whichever provider carries it. A code that
// arrives twice is harmless, but one that does not arrive locks a person out. So the
// router continues with the next provider even if the first one may have accepted the
// message: with the same code.
//
//	go run ./examples/otp -config anysms.yaml +306900000001
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
	"github.com/anysms/anysms/router/otp"
)

func main() {
	path := flag.String("config", "anysms.yaml", "the configuration")
	flag.Parse()
	if err := verify(context.Background(), *path, flag.Arg(0), os.Stdin); err != nil {
		log.Fatal(err)
	}
}

func verify(ctx context.Context, path, number string, typed io.Reader) error {
	conf, err := config.Load(ctx, path, builtin.Registry(), nil)
	if err != nil {
		return err
	}
	sms := conf.Router()
	defer sms.Close(ctx)

	// In memory, as this program checks the code itself. Several processes share a
	// ledger: see otp.NewLedgerStore.
	codes, err := otp.New(sms.Send, conf.OTP.Config)
	if err != nil {
		return err
	}
	to, _, err := numbering.Parse(number, conf.DefaultRegion)
	if err != nil {
		return err
	}
	v, err := codes.Start(ctx, to, otp.Options{})
	if err != nil {
		return err
	}
	fmt.Println("sent by", v.Result.Provider)
	if v.Result.DuplicatePossible {
		fmt.Println("it may arrive twice")
	}
	return ask(ctx, codes, v.ID, bufio.NewScanner(typed))
}

// ask reads codes until one is right, or none can be any more.
func ask(ctx context.Context, codes *otp.Service, id string, typed *bufio.Scanner) error {
	for typed.Scan() {
		checked, err := codes.Check(ctx, id, typed.Text())
		switch {
		case err != nil:
			return err
		case checked.Valid:
			fmt.Println("right")
			return nil
		case checked.TriesLeft == 0:
			return errors.New("the code is not valid any more")
		}
		fmt.Println("wrong; tries left:", checked.TriesLeft)
	}
	return typed.Err()
}
