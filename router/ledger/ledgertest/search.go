package ledgertest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// testSearch compares pages for random filters with what a loop over all messages selects,
// read to the end and, with no patience, from one stretch to the next.
func testSearch(l *lab) {
	shop, bank := l, &lab{T: l.T, Ledger: l.open(ledger.Options{Namespace: "bank"})}
	sendMany(shop, 450)
	sendMany(bank, 150)
	all := l.everything(ledger.Filter{Namespace: ledger.AllNamespaces}, time.Hour)
	require.Len(l, all, 600)
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	for _, f := range []ledger.Filter{
		{}, {To: number}, {To: number, Limit: ledger.MaxLimit}, {Tag: "often"},
		{Status: ledger.Cancelled}, {Class: provider.Marketing}, {Provider: "nobody"}, {Namespace: "nobody"},
	} {
		f.Namespace = cmp.Or(f.Namespace, ledger.AllNamespaces)
		assert.Equal(l, refsOf(selected(all, f, "")), refsOf(l.everything(f, 0)), "%+v", f)
	}
	for i := range 80 {
		f := ledger.Filter{
			Namespace: pick("", ledger.AllNamespaces, ledger.AllNamespaces, "bank", "nobody"), Limit: 10 + r.IntN(90),
			Status: ledger.Status(pick("", "", "accepted", "unknown", "sending", "cancelled")), Class: provider.Class(pick("", "", "otp", "marketing")),
			Provider: pick("", "", "athens", "sydney", "nobody"), Tag: pick("", "", "rare", "often", "none"),
			To: pick("", "", "", number, "+306900000000"), Ref: pick("", "", "", "", "", "", all[r.IntN(len(all))].Ref),
		}
		if r.IntN(4) == 0 {
			f.Since = all[r.IntN(len(all))].CreatedAt
		}
		if r.IntN(4) == 0 {
			f.Until = all[r.IntN(len(all))].CreatedAt
		}
		want := refsOf(selected(all, f, shop.only("r450-1").Namespace))
		assert.Equal(l, want, refsOf(l.everything(f, time.Hour)), "%d: %+v", i, f)
		assert.Equal(l, want, refsOf(l.everything(f, 0)), "%d, without patience: %+v", i, f)
	}
	found, err := l.Search(l.Context(), ledger.Filter{Tag: "often", Provider: "nobody"}, 0)
	require.NoError(l, err)
	assert.Empty(l, found.Messages)
	page, next, err := l.Messages(l.Context(), ledger.Filter{Tag: "often", Provider: "nobody"})
	require.NoError(l, err)
	assert.Empty(l, page)
	assert.Empty(l, next, "it has looked at all")
	assert.NotEmpty(l, found.Next, "it says that there may be more")
	f := ledger.Filter{Tag: "often", Provider: "athens", Limit: ledger.MaxLimit}
	part, err := l.Search(l.Context(), f, 0)
	require.NoError(l, err)
	f.Limit = len(part.Messages)
	full, err := l.Search(l.Context(), f, 0)
	require.NoError(l, err)
	assert.Equal(l, []any{f.Limit, true, part.Next}, []any{len(full.Messages), full.Reached.IsZero(), full.Next}, "a full page")
	assert.WithinRange(l, found.Reached, all[len(all)-1].CreatedAt.Add(-time.Second), all[0].CreatedAt)
}

// sendMany sends messages of all kinds: a few are left being sent.
func sendMany(l *lab, n int) {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	var work sync.WaitGroup
	for i := range n {
		c := l.claim(fmt.Sprint("r", n, "-", i), fmt.Sprint("owner ", i))
		c.Message.Class, c.Message.Tag = provider.Class(pick("otp", "transactional", "transactional")), pick("", "often", "often", "often")
		if i%50 == 0 {
			c.Message.Tag = "rare"
		}
		name := pick("athens", "athens", "sydney")
		outcome := provider.Outcome(pick("accepted", "accepted", "unknown", "refused"))
		work.Go(func() {
			id := l.NewAttempt()
			c.Intent = &router.JournalEntry{Key: c.Ref, Fingerprint: c.Fingerprint, Provider: name, Attempt: id, Message: c.Message}
			_, err := l.Begin(l.Context(), c)
			if err == nil && i%40 != 0 {
				err = l.Finish(l.Context(), c, result(id, name, outcome, ""))
			}
			assert.NoError(l, err)
		})
	}
	work.Wait()
}

// everything reads all pages.
func (l *lab) everything(f ledger.Filter, patience time.Duration) (list []ledger.Message) {
	l.Helper()
	for {
		found, err := l.Search(l.Context(), f, patience)
		require.NoError(l, err)
		list = append(list, found.Messages...)
		short := len(found.Messages) < cmp.Or(f.Limit, ledger.DefaultLimit)
		assert.Equal(l, short && found.Next != "", !found.Reached.IsZero(), "a page that is not full says how far it has looked")
		others := string(f.Status) + string(f.Class) + f.Provider
		one := f.Namespace == ledger.AllNamespaces && others == "" && (f.To == "" || f.Ref == "") && (f.To+f.Ref == "" || f.Tag == "")
		if one || f.To == "" && f.Ref == "" && f.Tag == "" {
			assert.Zero(l, found.Reached, "it is found by an index: %+v", f)
		}
		if f.Cursor = found.Next; f.Cursor == "" {
			return list
		}
	}
}

// selected is what a filter selects, by a loop over all messages.
func selected(all []ledger.Message, f ledger.Filter, own string) (list []ledger.Message) {
	if f.Namespace == "" {
		f.Namespace = own
	}
	for i := range all {
		m := &all[i]
		is := func(want, got string) bool { return want == "" || want == got }
		if (f.Namespace == ledger.AllNamespaces || f.Namespace == m.Namespace) && is(string(f.Status), string(m.Status)) &&
			is(string(f.Class), string(m.Class)) && is(f.Provider, m.Provider) && is(f.Tag, m.Tag) && is(f.To, m.To) && is(f.Ref, m.Ref) &&
			!m.CreatedAt.Before(f.Since) && (f.Until.IsZero() || m.CreatedAt.Before(f.Until)) {
			list = append(list, *m)
		}
	}
	return list
}

func refsOf(list []ledger.Message) []string {
	refs := make([]string, 0, len(list))
	for i := range list {
		refs = append(refs, list[i].Ref)
	}
	return refs
}
