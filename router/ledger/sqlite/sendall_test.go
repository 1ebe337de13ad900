package sqlite_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// TestSendAllAgain sends a list twice: what was accepted is not sent again, and is not
// called refused even where the second configuration would refuse it.
func TestSendAllAgain(t *testing.T) {
	for name, again := range map[string]router.Options{
		"same options":        {},
		"store may be down":   {StoreOptions: router.StoreOptions{OnError: router.FailOpen}},
		"no route any longer": {Routes: []router.Route{{Match: router.Match{Countries: []string{"FR"}}, Targets: []router.Target{{Name: "usa"}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			vendor, err := memory.New(memory.Config{})
			require.NoError(t, err)
			l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"), ledger.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })

			first := sendList(t, vendor, l, router.Options{})
			for _, r := range first {
				assert.Equal(t, provider.OutcomeAccepted, r.Status)
				assert.False(t, r.Replayed)
			}
			second := sendList(t, vendor, l, again)
			for i, r := range second {
				assert.Equal(t, provider.OutcomeAccepted, r.Status, r.Message)
				assert.True(t, r.Replayed)
				assert.Equal(t, first[i].ID, r.ID)
			}
			assert.Len(t, vendor.Messages(), len(first))
		})
	}
}

// sendList sends three messages and returns their results in this order.
func sendList(t *testing.T, vendor provider.Provider, l *ledger.Ledger, o router.Options) []*router.Result {
	t.Helper()
	o.Store, o.Journal, o.Validation = l, l, router.Shape
	r, err := router.New([]router.Upstream{{Name: "usa", Provider: vendor}}, &o)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close(context.Background())) }()
	list := slices.Values([]*provider.Message{
		{To: e164.MustParse("+12125550123"), Text: "one", Ref: "a"},
		{To: e164.MustParse("+12125550124"), Text: "two", Ref: "b"},
		{To: e164.MustParse("+12125550125"), Text: "three", Ref: "c"},
	})
	rows, err := r.SendAll(t.Context(), list)
	require.NoError(t, err)
	results := make([]*router.Result, 3)
	for result := range rows {
		results[result.Index] = result
	}
	return results
}
