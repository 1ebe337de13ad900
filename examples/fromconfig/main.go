// Command fromconfig sends every line of stdin, a number and a text separated by a
// tab, through the providers and routes of a configuration.
//
//	printf '+306900000001\tHello\n' | go run ./examples/fromconfig anysms.yaml
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: fromconfig CONFIGURATION")
	}
	if err := sendAll(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func sendAll(ctx context.Context, path string) error {
	// Programs with their own drivers add them to the registry here.
	conf, err := config.Load(ctx, path, builtin.Registry(), nil)
	if err != nil {
		return err
	}
	sms := conf.Router()
	defer sms.Close(ctx)

	lines := bufio.NewScanner(os.Stdin)
	for n := 1; lines.Scan(); n++ {
		number, text, _ := strings.Cut(lines.Text(), "\t")
		to, _, err := numbering.Parse(number, conf.DefaultRegion)
		if err != nil {
			fmt.Printf("line %d: %v\n", n, err)
			continue
		}
		result, _ := sms.Send(ctx, &provider.Message{To: to, Text: text, Ref: fmt.Sprintf("line-%d", n)})
		fmt.Printf("line %d: %s %s %s\n", n, result.Status, result.Provider, result.Code)
	}
	return lines.Err()
}
