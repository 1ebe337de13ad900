package ledger

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// The attempts are summed up in parts: those whose ids begin with the same seven digits,
// which were made within 2^20 milliseconds. The sums of a part are kept in anysms_sums, and
// its row in anysms_sum_parts says so. Whoever changes an attempt, or the message that it is
// for, takes that back in the same transaction. So sums that are marked are true, and all
// others are made of the attempts.
const (
	partBits = 20
	partMax  = 1<<28 - 1 // seven digits
	summed   = "summed"  // the state of a part whose sums are true
)

// part is a part of the attempts by the time at which their ids were made.
type part int64

func partAt(t time.Time) part { return part(min(max(0, t.UnixMilli()>>partBits), partMax)) }

// key is what the ids of the part begin with, and less than all of them.
func (p part) key() string {
	if p > partMax {
		return "att_g" // more than any id
	}
	return fmt.Sprintf("att_%07x", int64(p))
}

func partOf(id string) (part, error) {
	digits, _ := strings.CutPrefix(id, "att_")
	n, err := strconv.ParseInt(digits[:min(7, len(digits))], 16, 64)
	if err != nil {
		return 0, fmt.Errorf("the id of an attempt is %q", id)
	}
	return part(n), nil
}

// span is a range of parts: from is inclusive, to is not.
type span struct{ from, to part }

// sumStep is how many parts are summed up at once.
const sumStep = 16

// sumKeys and sumValues are the columns of anysms_sums.
var (
	sumKeys   = []string{"part", "day", "namespace", "provider", "country", "charged_currency", "card_currency"}
	sumValues = []string{
		"attempts", "accepted", "refused", "not_sent", "unknown", "under_way", "delivered", "failed",
		"duration_us", "charged_micros", "card_micros",
	}
)

const sumAttempts = `SELECT substr(a.id, 1, 11), a.started_at / 86400000000, m.namespace, a.provider, m.country,
	CASE WHEN a.settled = 'accepted' THEN a.charged_currency ELSE '' END,
	CASE WHEN a.settled = 'accepted' THEN a.card_currency ELSE '' END,
	count(*),
	CAST(sum(CASE WHEN a.settled = 'accepted' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'refused' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'not_sent' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'unknown' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = '' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'accepted' AND m.provider = a.provider AND m.status = 'delivered' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'accepted' AND m.provider = a.provider AND m.status IN ('undelivered', 'expired', 'rejected') THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(a.duration_us) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'accepted' THEN a.charged_micros ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'accepted' THEN a.card_micros ELSE 0 END) AS BIGINT)
	FROM anysms_attempts a JOIN anysms_messages m ON m.id = a.message
	WHERE a.id >= $1 AND a.id < $2 AND (m.namespace = $3 OR $3 = '*')
	GROUP BY 1, 2, 3, 4, 5, 6, 7`

// sumKept adds up what is kept.
var sumKept = fmt.Sprintf(`SELECT '', s.day, '', s.provider, s.country, s.charged_currency, s.card_currency, CAST(sum(s.%s) AS BIGINT)
	FROM anysms_sum_parts p JOIN anysms_sums s ON s.part = p.part
	WHERE p.state = '%s' AND p.part >= $1 AND s.day >= $2 AND (s.namespace = $3 OR $3 = '*')
	GROUP BY 2, 4, 5, 6, 7`, strings.Join(sumValues, ") AS BIGINT), CAST(sum(s."), summed)

var putSum = fmt.Sprintf(`INSERT INTO anysms_sums (%s) VALUES (%s)`,
	strings.Join(slices.Concat(sumKeys, sumValues), ", "), placeholders(len(sumKeys)+len(sumValues)))

// sumRow is a row of anysms_sums.
type sumRow struct {
	part, namespace string
	day             int64
	stat            Stat
	duration        int64
	charged, card   provider.Money
}

func (r *sumRow) scan(scan scanner) error {
	s := &r.stat
	return scan(&r.part, &r.day, &r.namespace, &s.Provider, &s.Country, &r.charged.Currency, &r.card.Currency,
		&s.Attempts, &s.Accepted, &s.Refused, &s.NotSent, &s.Unknown, &s.UnderWay, &s.Delivered, &s.Failed,
		&r.duration, &r.charged.Micros, &r.card.Micros)
}

func (r *sumRow) values() []any {
	s := &r.stat
	return []any{
		r.part, r.day, r.namespace, s.Provider, s.Country, r.charged.Currency, r.card.Currency,
		s.Attempts, s.Accepted, s.Refused, s.NotSent, s.Unknown, s.UnderWay, s.Delivered, s.Failed,
		r.duration, r.charged.Micros, r.card.Micros,
	}
}

// notTrue takes back that the sums of a part are true, and notTrueOf does so for the parts
// of a message.
const (
	notTrue   = `UPDATE anysms_sum_parts SET state = '' WHERE part = $1 AND state <> ''`
	notTrueOf = `UPDATE anysms_sum_parts SET state = '' WHERE state <> '' AND part IN (SELECT substr(id, 1, 11) FROM anysms_attempts WHERE message = $1)`
)

// untrue returns the parts whose sums are not true any more: those of all attempts of the
// messages that were changed.
func (w *work) untrue() (rows [][]any) {
	known, last := make(map[string]bool), ""
	add := func(id string) {
		key := id[:min(len(id), len("att_")+7)]
		if key == last || known[key] {
			return
		}
		known[key], last = true, key
		rows = append(rows, []any{key})
	}
	for _, r := range w.messages {
		if !r.changed {
			continue
		}
		for _, a := range r.attempts {
			add(a.ID)
		}
		for _, id := range r.gone {
			add(id)
		}
	}
	return rows
}

// place is what sums are about.
type place struct {
	provider, country string
	day               int64
}

// sums are sums by place.
type sums map[place]*sumRow

func (all sums) add(r *sumRow) {
	at := place{r.stat.Provider, r.stat.Country, r.day}
	sum := all[at]
	if sum == nil {
		sum = &sumRow{day: r.day, stat: Stat{Provider: r.stat.Provider, Country: r.stat.Country}}
		all[at] = sum
	}
	s, more := &sum.stat, &r.stat
	s.Attempts += more.Attempts
	s.Accepted += more.Accepted
	s.Refused += more.Refused
	s.NotSent += more.NotSent
	s.Unknown += more.Unknown
	s.UnderWay += more.UnderWay
	s.Delivered += more.Delivered
	s.Failed += more.Failed
	sum.duration += r.duration
	if r.charged.Currency != "" || r.card.Currency != "" {
		s.addPrices(r.charged, r.card)
	}
}

// list returns the sums by provider, country and day.
func (all sums) list() []Stat {
	var list []Stat
	for _, r := range all {
		s := r.stat
		s.Day = time.Unix(r.day*86400, 0).UTC().Format(time.DateOnly)
		if ended := s.Attempts - s.UnderWay; ended > 0 {
			s.Latency = time.Duration(r.duration/int64(ended)) * time.Microsecond
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Stat) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Country, b.Country), cmp.Compare(a.Day, b.Day))
	})
	return list
}

// DailySums returns what [Ledger.StatsOf] does from the day of since on, in UTC, but
// without the delivery times. What [Ledger.SumUp] has summed up costs it next to nothing.
func (l *Ledger) DailySums(ctx context.Context, namespace string, since time.Time) (list []Stat, err error) {
	since = since.UTC().Truncate(24 * time.Hour)
	day := since.Unix() / 86400
	err = l.db.Read(ctx, func(tx Tx) error {
		all := make(sums)
		row := func(scan scanner) error {
			var r sumRow
			err := r.scan(scan)
			if r.day >= day {
				all.add(&r)
			}
			return err
		}
		first, err := firstPart(ctx, tx, partAt(since.Add(-reuse)), partMax)
		if err != nil {
			return err
		}
		if err := tx.Query(ctx, row, sumKept, first.key(), day, clean(namespace)); err != nil {
			return err
		}
		gaps, err := notSummed(ctx, tx, span{first, partMax + 1})
		if err != nil {
			return err
		}
		for _, gap := range gaps {
			if err := tx.Query(ctx, row, sumAttempts, gap.from.key(), gap.to.key(), clean(namespace)); err != nil {
				return err
			}
		}
		list = all.list()
		return nil
	})
	return list, keepVerdict(err)
}

// SumUp sums up the attempts between two times, as far as that was not done, for
// [Ledger.DailySums]. Sums of what was before are forgotten. Nobody waits for it, and
// several processes may do it at once. A long-running program calls it now and then, with
// an until so long ago that most reports have come.
func (l *Ledger) SumUp(ctx context.Context, since, until time.Time) error {
	var gaps []span
	var first part
	err := l.db.Read(ctx, func(tx Tx) (err error) {
		end := partAt(until)
		if first, err = firstPart(ctx, tx, partAt(since.Add(-reuse)), end); err != nil {
			return err
		}
		gaps, err = notSummed(ctx, tx, span{first, end})
		return err
	})
	if err == nil {
		err = l.forgetSums(ctx, first)
	}
	for _, gap := range gaps {
		for err == nil && gap.from < gap.to {
			gap.from, err = l.sumUp(ctx, gap)
		}
	}
	return keepVerdict(err)
}

// firstPart returns the first part from one on that has attempts, at most end.
func firstPart(ctx context.Context, tx Tx, from, end part) (first part, err error) {
	first = end
	err = tx.Query(ctx, func(scan scanner) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		p, err := partOf(id)
		first = min(p, end)
		return err
	}, `SELECT id FROM anysms_attempts WHERE id >= $1 AND id < 'att_g' ORDER BY id LIMIT 1`, from.key())
	return first, err
}

// notSummed returns the parts of a span that have no true sums.
func notSummed(ctx context.Context, tx Tx, s span) (gaps []span, err error) {
	at := s.from
	err = tx.Query(ctx, func(scan scanner) error {
		var key string
		if err := scan(&key); err != nil {
			return err
		}
		p, err := partOf(key)
		if p > at {
			gaps = append(gaps, span{at, p})
		}
		at = p + 1
		return err
	}, `SELECT part FROM anysms_sum_parts WHERE part >= $1 AND part < $2 AND state = $3 ORDER BY part`, s.from.key(), s.to.key(), summed)
	if at < s.to {
		gaps = append(gaps, span{at, s.to})
	}
	return gaps, err
}

// sumUp sums up the first parts of a gap, and returns where it goes on. First it marks
// them, then it reads them: if the mark is still there when the sums are written, nothing
// has changed meanwhile.
func (l *Ledger) sumUp(ctx context.Context, gap span) (next part, err error) {
	mark := rand.Text()
	err = l.db.Read(ctx, func(tx Tx) error {
		first, err := firstPart(ctx, tx, gap.from, gap.to)
		if next = first; first == gap.from { // else there is nothing up to the first
			next = min(gap.to, gap.from+sumStep)
		}
		return err
	})
	if err != nil {
		return next, err
	}
	var keys [][]any
	for p := gap.from; p < next; p++ {
		keys = append(keys, []any{p.key(), mark})
	}
	err = l.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO anysms_sum_parts (part, state) VALUES ($1, $2) ON CONFLICT (part) DO UPDATE SET state = excluded.state`, keys...)
		return err
	})
	if err != nil {
		return next, err
	}
	rows := make(map[string][][]any)
	open := make(map[string]bool) // parts with attempts under way: they change soon
	err = l.db.Read(ctx, func(tx Tx) error {
		clear(rows)
		clear(open)
		return tx.Query(ctx, func(scan scanner) error {
			var r sumRow
			err := r.scan(scan)
			rows[r.part] = append(rows[r.part], r.values())
			open[r.part] = open[r.part] || r.stat.UnderWay > 0
			return err
		}, sumAttempts, gap.from.key(), next.key(), AllNamespaces)
	})
	if err != nil {
		return next, err
	}
	return next, l.db.Write(ctx, func(tx Tx) error {
		return keepSums(ctx, tx, span{gap.from, next}, mark, rows, open)
	})
}

// keepSums writes the sums of the parts that still have the mark.
func keepSums(ctx context.Context, tx Tx, s span, mark string, rows map[string][][]any, open map[string]bool) error {
	var parts, values [][]any
	err := tx.Query(ctx, func(scan scanner) error {
		var key string
		err := scan(&key)
		if !open[key] {
			parts, values = append(parts, []any{key}), append(values, rows[key]...)
		}
		return err
	}, `SELECT part FROM anysms_sum_parts WHERE part >= $1 AND part < $2 AND state = $3`, s.from.key(), s.to.key(), mark)
	if err != nil {
		return err
	}
	for _, step := range []Statement{
		{`DELETE FROM anysms_sums WHERE part = $1`, parts},
		{putSum, values},
		{`UPDATE anysms_sum_parts SET state = '` + summed + `' WHERE part = $1`, parts},
	} {
		if _, err := tx.Exec(ctx, step.SQL, step.Rows...); err != nil {
			return err
		}
	}
	return nil
}

// forgetSums deletes the sums of the parts before one.
func (l *Ledger) forgetSums(ctx context.Context, before part) error {
	n, err := l.count(ctx, `SELECT count(*) FROM anysms_sum_parts WHERE part < $1`, before.key())
	if err != nil || n == 0 {
		return err
	}
	return l.db.Write(ctx, func(tx Tx) error {
		for _, sql := range []string{`DELETE FROM anysms_sums WHERE part < $1`, `DELETE FROM anysms_sum_parts WHERE part < $1`} {
			if _, err := tx.Exec(ctx, sql, []any{before.key()}); err != nil {
				return err
			}
		}
		return nil
	})
}
