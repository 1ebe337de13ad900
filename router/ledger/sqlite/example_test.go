package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// The vendor takes a message and its response is lost. Its delivery report settles that,
// and the message is not sent again.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	l, err := sqlite.Open(ctx, filepath.Join(dir, "anysms.db"), ledger.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: vendor}}, &router.Options{Store: l, Journal: l})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close(ctx)

	vendor.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "the response was lost"), Taken: true})
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel is here.", Ref: "order-17"}
	result, _ := r.Send(ctx, m)
	fmt.Println(result.Status)

	counts, err := l.Record(ctx, "athens", provider.Event{Kind: provider.Report, Ref: "order-17", Status: provider.StatusDelivered, Final: true})
	fmt.Println(counts.Settled, err)

	result, err = r.Send(ctx, m)
	fmt.Println(result.Status, result.Replayed, err)
	page, _, err := l.Messages(ctx, ledger.Filter{Ref: "order-17"})
	fmt.Println(page[0].Status, err)
	// Output:
	// unknown
	// 1 <nil>
	// accepted true <nil>
	// delivered <nil>
}
