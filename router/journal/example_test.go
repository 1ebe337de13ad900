package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
)

// The second run, which could follow a crash, sends only what the first did not.
func Example() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	vendor, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	campaign := []*provider.Message{
		{To: e164.MustParse("+306941234567"), Text: "Sale today", Ref: "row-1"},
		{To: e164.MustParse("+306941234568"), Text: "Sale today", Ref: "row-2"},
		{To: e164.MustParse("+306941234569"), Text: "Sale today", Ref: "row-3"},
	}
	for _, rows := range [][]*provider.Message{campaign[:2], campaign} {
		replayed, err := run(filepath.Join(dir, "campaign"), vendor, rows)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(rows), "rows,", replayed, "known")
	}
	fmt.Println(vendor.Accepted(), "sent")
	// Output:
	// 2 rows, 0 known
	// 3 rows, 2 known
	// 3 sent
}

// run sends rows with a journal and counts the results of earlier runs.
func run(path string, vendor provider.Provider, rows []*provider.Message) (replayed int, err error) {
	ctx := context.Background()
	j, err := journal.Open(path)
	if err != nil {
		return 0, err
	}
	defer j.Close()
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: vendor}}, &router.Options{Journal: j})
	if err != nil {
		return 0, err
	}
	results, err := r.SendAll(ctx, slices.Values(rows))
	if err != nil {
		return 0, err
	}
	for result := range results {
		if result.Replayed {
			replayed++
		}
	}
	return replayed, nil
}
