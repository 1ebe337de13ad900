package page

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/anysms/anysms/router/ledger"
)

// spans are the days that the view of costs can show.
var spans = []int{7, 30, 90}

// costView is the view of costs.
type costView struct {
	Days      int
	Pending   bool // the sums are still being made
	Total     figures
	ByDay     []costRow // the newest first
	ByCountry []costRow // the most messages first
}

// costRow is a day or a country.
type costRow struct {
	Name string
	figures
	Share int // of the largest row, in percent: the length of its bar
}

func (p *Page) showCosts(v *visit) {
	days, err := strconv.Atoi(v.URL.Query().Get("days"))
	if err != nil || !slices.Contains(spans, days) {
		days = 30
	}
	since := p.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
	stats, taken, err := p.statsSince(v, since)
	if err != nil {
		p.broken(v, err)
		return
	}
	view := costView{Days: days, Pending: taken.IsZero()}
	p.soon(v, view.Pending)
	for i := range stats {
		view.Total.add(&stats[i])
	}
	view.ByDay = rows(stats, func(s *ledger.Stat) string { return s.Day })
	slices.SortFunc(view.ByDay, func(a, b costRow) int { return cmp.Compare(b.Name, a.Name) })
	view.ByCountry = rows(stats, func(s *ledger.Stat) string { return s.Country })
	slices.SortFunc(view.ByCountry, func(a, b costRow) int {
		return cmp.Or(cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.Name, b.Name))
	})
	p.show(v, http.StatusOK, "costs", "Costs", view.html())
}

// soon makes a browser look again, with or without JavaScript, if sums are pending.
func (p *Page) soon(v *visit, pending bool) {
	if pending {
		v.w.Header().Set("Refresh", "5")
	}
}

// rows sums up by what name returns.
func rows(stats []ledger.Stat, name func(*ledger.Stat) string) []costRow {
	var list []costRow
	for i := range stats {
		n := name(&stats[i])
		at := slices.IndexFunc(list, func(r costRow) bool { return r.Name == n })
		if at < 0 {
			at = len(list)
			list = append(list, costRow{Name: n})
		}
		list[at].add(&stats[i])
	}
	most := 1
	for i := range list {
		most = max(most, list[i].Attempts)
	}
	for i := range list {
		list[i].Share = 100 * list[i].Attempts / most
	}
	return list
}

// statsCache keeps sums, which take the longer to make the more messages have changed.
type statsCache struct {
	mu   sync.Mutex
	kept map[statsKey]*statsEntry
}

type statsKey struct {
	namespace string
	since     time.Time
}

type statsEntry struct {
	mu    sync.Mutex
	list  []ledger.Stat
	taken time.Time // zero = never
	keep  time.Duration
	err   error
	done  chan struct{} // of the sums that are being made; nil = none are
}

const (
	// leastKeep is how long sums are shown at least; sums that took long are kept for
	// twenty times as long as they took.
	leastKeep = 5 * time.Second
	// sumPatience is how long a view waits for sums. Then it shows the last ones, or
	// that they are being made.
	sumPatience = 150 * time.Millisecond
	sumTimeout  = 5 * time.Minute
)

// statsSince returns the sums since a time, and when they were made; zero = they are
// still being made for the first time.
func (p *Page) statsSince(v *visit, since time.Time) ([]ledger.Stat, time.Time, error) {
	namespace := v.namespace()
	e := p.stats.entry(statsKey{namespace, since})
	e.mu.Lock()
	if !e.taken.IsZero() && p.Now().Sub(e.taken) < e.keep {
		defer e.mu.Unlock()
		return e.list, e.taken, nil
	}
	if e.done == nil {
		e.done = make(chan struct{})
		go p.sum(context.WithoutCancel(v.Context()), e, namespace, since)
	}
	done := e.done
	e.mu.Unlock()
	select {
	case <-done:
	case <-v.Context().Done():
	case <-time.After(sumPatience):
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list, e.taken, e.err
}

// sum makes the sums of an entry, whoever waits for them.
func (p *Page) sum(ctx context.Context, e *statsEntry, namespace string, since time.Time) {
	ctx, cancel := context.WithTimeout(ctx, sumTimeout)
	defer cancel()
	now, start := p.Now(), time.Now()
	list, err := p.Ledger.DailySums(ctx, namespace, since)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err = err; err == nil {
		e.list, e.taken, e.keep = list, now, max(leastKeep, 20*time.Since(start))
	}
	close(e.done)
	e.done = nil
}

func (c *statsCache) entry(key statsKey) *statsEntry {
	const most = 200
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= most || c.kept == nil {
		c.kept = make(map[statsKey]*statsEntry)
	}
	e := c.kept[key]
	if e == nil {
		e = new(statsEntry)
		c.kept[key] = e
	}
	return e
}
