package page

import (
	"cmp"
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
	Spans     []int
	Taken     time.Time
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

// costTable is one of the tables.
type costTable struct {
	Head string // of its first column
	Rows []costRow
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
	view := costView{Days: days, Spans: spans, Taken: taken}
	for i := range stats {
		view.Total.add(&stats[i])
	}
	view.ByDay = rows(stats, func(s *ledger.Stat) string { return s.Day })
	slices.SortFunc(view.ByDay, func(a, b costRow) int { return cmp.Compare(b.Name, a.Name) })
	view.ByCountry = rows(stats, func(s *ledger.Stat) string { return s.Country })
	slices.SortFunc(view.ByCountry, func(a, b costRow) int {
		return cmp.Or(cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.Name, b.Name))
	})
	p.show(v, http.StatusOK, "costs", "Costs", view)
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

// statsCache keeps sums, which take the longer to make the more messages there are.
type statsCache struct {
	mu   sync.Mutex
	kept map[statsKey]*statsEntry
}

type statsKey struct {
	namespace string
	since     time.Time
}

type statsEntry struct {
	mu    sync.Mutex // held while the sums are made, so that they are made once
	list  []ledger.Stat
	taken time.Time
	keep  time.Duration
}

// leastKeep is how long sums are shown at least; sums that took long are kept for twenty
// times as long as they took.
const leastKeep = 5 * time.Second

// statsSince returns the sums since a time, and when they were made.
func (p *Page) statsSince(v *visit, since time.Time) ([]ledger.Stat, time.Time, error) {
	e := p.stats.entry(statsKey{v.namespace(), since})
	e.mu.Lock()
	defer e.mu.Unlock()
	now := p.Now()
	if !e.taken.IsZero() && now.Sub(e.taken) < e.keep {
		return e.list, e.taken, nil
	}
	list, err := p.Ledger.StatsOf(v.Context(), v.namespace(), since, now.Add(time.Hour))
	if err != nil {
		return nil, now, err
	}
	e.list, e.taken, e.keep = list, now, max(leastKeep, 20*p.Now().Sub(now))
	return list, now, nil
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
