package ledger

import (
	"context"
	"time"

	"github.com/anysms/anysms/provider"
)

// Stat sums up the attempts at one provider with messages to one country on one day.
type Stat struct {
	Provider string `json:"provider"`
	Country  string `json:"country"`
	Day      string `json:"day"` // in UTC, 2026-11-21

	Attempts int `json:"attempts"`
	Accepted int `json:"accepted"` // reports counted in
	Refused  int `json:"refused"`
	NotSent  int `json:"not_sent"`
	Unknown  int `json:"unknown"`
	UnderWay int `json:"under_way"`

	Delivered int `json:"delivered"` // of the messages that this provider has
	Failed    int `json:"failed"`    // undelivered, expired or rejected

	Latency time.Duration `json:"-"` // mean duration of the attempts that ended

	// Median and 95th percentile of the time from an attempt to the report that the
	// message was delivered; 0 = none was.
	DeliveryP50 time.Duration `json:"-"`
	DeliveryP95 time.Duration `json:"-"`

	// Prices of the accepted attempts, by currency: what the vendors have said that they
	// charge, in receipts and reports; the price by the rate card of the same attempts, as
	// far as it has one; charged less rate card of those that have both in one currency;
	// and the price by the rate card where the vendor says nothing.
	Charged    []provider.Money `json:"-"`
	CardPrice  []provider.Money `json:"-"`
	Difference []provider.Money `json:"-"`
	Estimated  []provider.Money `json:"-"`
}

// DeliveryRate is the share of delivered messages among those with a final report; 0 =
// there is none.
func (s Stat) DeliveryRate() float64 {
	if s.Delivered+s.Failed == 0 {
		return 0
	}
	return float64(s.Delivered) / float64(s.Delivered+s.Failed)
}

const statsSQL = `SELECT a.provider, m.country, a.started_at / 86400000000, count(*),
	CAST(sum(CASE WHEN a.settled = 'accepted' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'refused' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'not_sent' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'unknown' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = '' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'accepted' AND m.provider = a.provider AND m.status = 'delivered' THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(CASE WHEN a.settled = 'accepted' AND m.provider = a.provider AND m.status IN ('undelivered', 'expired', 'rejected') THEN 1 ELSE 0 END) AS BIGINT),
	CAST(sum(a.duration_us) AS BIGINT)
	FROM anysms_attempts a JOIN anysms_messages m ON m.id = a.message
	WHERE a.id >= $4 AND a.id < $5 AND a.started_at >= $1 AND a.started_at < $2 AND (m.namespace = $3 OR $3 = '*')
	GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`

const pricesSQL = `SELECT a.provider, m.country, a.started_at / 86400000000, a.charged_currency, a.card_currency,
	CAST(sum(a.charged_micros) AS BIGINT), CAST(sum(a.card_micros) AS BIGINT)
	FROM anysms_attempts a JOIN anysms_messages m ON m.id = a.message
	WHERE a.id >= $4 AND a.id < $5 AND a.started_at >= $1 AND a.started_at < $2 AND (m.namespace = $3 OR $3 = '*')
		AND a.settled = 'accepted' AND (a.charged_currency <> '' OR a.card_currency <> '')
	GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`

// deliverySQL takes the report about the whole message, or the last of its segments. The
// percentiles are by nearest rank.
const deliverySQL = `WITH delivered AS (
		SELECT a.provider, m.country, a.started_at / 86400000000 AS day,
			COALESCE(MIN(CASE WHEN e.segment_of = 0 THEN e.received_at END), MAX(e.received_at)) - a.started_at AS took
		FROM anysms_attempts a JOIN anysms_messages m ON m.id = a.message
		JOIN anysms_events e ON e.message <> '' AND e.message = m.id AND e.attempt = a.id
		WHERE a.id >= $4 AND a.id < $5 AND a.started_at >= $1 AND a.started_at < $2 AND (m.namespace = $3 OR $3 = '*')
			AND m.status = 'delivered' AND (e.status = 'delivered' OR e.segment_status = 'delivered')
		GROUP BY a.id, a.provider, m.country, a.started_at
	), ranked AS (
		SELECT provider, country, day, took, ROW_NUMBER() OVER place AS at, COUNT(*) OVER (PARTITION BY provider, country, day) AS of
		FROM delivered WINDOW place AS (PARTITION BY provider, country, day ORDER BY took)
	)
	SELECT provider, country, day, MIN(CASE WHEN at * 100 >= of * 50 THEN took END), MIN(CASE WHEN at * 100 >= of * 95 THEN took END)
	FROM ranked GROUP BY provider, country, day`

// reuse bounds how long before an attempt its id may have been made: one that was begun and
// not made keeps it for the next.
const reuse = 7 * 24 * time.Hour

// Stats sums up by provider, country and day. since is inclusive, until is not.
func (l *Ledger) Stats(ctx context.Context, since, until time.Time) ([]Stat, error) {
	return l.StatsOf(ctx, l.options.Namespace, since, until)
}

// StatsOf is [Ledger.Stats] of the messages of a namespace, or of [AllNamespaces].
func (l *Ledger) StatsOf(ctx context.Context, namespace string, since, until time.Time) (list []Stat, err error) {
	args := func(prefix string, early time.Duration) []any {
		return []any{
			micros(since), micros(until), clean(namespace),
			idAt(prefix, since.Add(-early)), idAt(prefix, until.Add(time.Millisecond)),
		}
	}
	err = l.db.Read(ctx, func(tx Tx) error {
		list = nil
		at := make(map[place]int)
		err := tx.Query(ctx, func(scan scanner) error {
			var s Stat
			var p place
			var duration int64
			err := scan(&s.Provider, &s.Country, &p.day, &s.Attempts, &s.Accepted, &s.Refused, &s.NotSent, &s.Unknown, &s.UnderWay,
				&s.Delivered, &s.Failed, &duration)
			if ended := s.Attempts - s.UnderWay; ended > 0 {
				s.Latency = time.Duration(duration/int64(ended)) * time.Microsecond
			}
			p.provider, p.country = s.Provider, s.Country
			s.Day = time.Unix(p.day*86400, 0).UTC().Format(time.DateOnly)
			at[p] = len(list)
			list = append(list, s)
			return err
		}, statsSQL, args("att_", reuse)...)
		if err != nil {
			return err
		}
		err = tx.Query(ctx, func(scan scanner) error {
			var p place
			var half, most int64
			err := scan(&p.provider, &p.country, &p.day, &half, &most)
			if i, ok := at[p]; ok { // clocks of several machines may differ
				list[i].DeliveryP50 = max(0, time.Duration(half)*time.Microsecond)
				list[i].DeliveryP95 = max(0, time.Duration(most)*time.Microsecond)
			}
			return err
		}, deliverySQL, args("att_", reuse)...)
		if err != nil {
			return err
		}
		return tx.Query(ctx, func(scan scanner) error {
			var p place
			var charged, card provider.Money
			err := scan(&p.provider, &p.country, &p.day, &charged.Currency, &card.Currency, &charged.Micros, &card.Micros)
			if i, ok := at[p]; ok {
				list[i].addPrices(charged, card)
			}
			return err
		}, pricesSQL, args("att_", reuse)...)
	})
	return list, keepVerdict(err)
}
