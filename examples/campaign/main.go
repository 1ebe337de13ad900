// Command campaign sends a file of messages with a journal, stops in the middle, and goes
// on where it was: each message is sent once.
//
//	go run ./examples/campaign
//
// The command does the same for files of any size and kind:
//
//	anysms cost --file customers.csv --rates rates.csv
//	anysms send --file customers.csv --template "Dear {name}, …" --journal customers.journal
package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
)

//go:embed customers.csv
var customers string

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "campaign-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	messages, err := read(customers)
	if err != nil {
		return err
	}
	vendor := apifontest.NewServer(apifontest.Options{})
	defer vendor.Close()
	for _, most := range []int{4, len(messages)} {
		if err := send(ctx, vendor.URL, filepath.Join(dir, "journal"), messages, most); err != nil {
			return err
		}
		fmt.Printf("the vendor has %d messages\n", len(vendor.Messages()))
	}
	return nil
}

// read makes the messages. A ref that is unique in the file lets a journal recognize them.
func read(file string) (messages []*provider.Message, err error) {
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		return nil, err
	}
	for i, row := range rows[1:] {
		to, err := e164.Parse(row[1])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+2, err)
		}
		messages = append(messages, &provider.Message{
			To: to, Ref: "autumn-" + row[0], Class: provider.Marketing,
			Text: fmt.Sprintf("Dear %s, autumn prices are here. Reply STOP to get no more of these.", row[2]),
		})
	}
	return messages, nil
}

// send sends the first messages, as many as most says.
func send(ctx context.Context, url, path string, messages []*provider.Message, most int) (err error) {
	athens, err := apifon.New(apifon.Config{
		Config: httpcall.Config{BaseURL: url}, Token: apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
	})
	if err != nil {
		return err
	}
	j, err := journal.Open(path)
	if err != nil {
		return err
	}
	sms, err := router.New([]router.Upstream{{Name: "athens", Provider: athens}}, &router.Options{Journal: j, Concurrency: 1})
	if err != nil {
		return errors.Join(err, j.Close())
	}
	defer func() { err = errors.Join(err, sms.Close(ctx), j.Close()) }()
	results, err := sms.SendAll(ctx, slices.Values(messages[:most]))
	if err != nil {
		return err
	}
	for result, err := range results {
		what := "sent now"
		switch {
		case err != nil:
			what = err.Error()
		case result.Replayed:
			what = "was sent before"
		}
		fmt.Printf("%s: %s, %s\n", result.Ref, result.Status, what)
	}
	return nil
}
