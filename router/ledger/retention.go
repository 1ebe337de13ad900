package ledger

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
)

// One transaction deletes so little that nobody waits longer than about pruneTime for it;
// how much that is shows as it goes.
const (
	pruneTime = 10 * time.Millisecond
	pruneMin  = 20
	pruneMax  = 500
)

// Pruned counts what was deleted.
type Pruned struct {
	Messages int // with their attempts, events and claims
	Events   int
	Texts    int
}

// Prune deletes what is older than Options.Retention, and the texts of messages that had
// no final status within Options.Settle. Messages under way stay, and so do those whose
// Ref is still to be remembered. Writers wait for a small part of it at most. A program
// that runs for long starts [Ledger.Maintain] instead.
func (l *Ledger) Prune(ctx context.Context) (total Pruned, err error) {
	steps := []func(context.Context, Tx, int) (Pruned, bool, error){l.pruneDead}
	if !l.options.KeepTexts {
		steps = append(steps, l.pruneTexts)
	}
	if l.options.Retention > 0 {
		steps = append(steps, l.pruneMessages, l.pruneEvents, l.pruneFeed)
	}
	for _, step := range steps {
		if err := l.inParts(ctx, &total, step); err != nil {
			return total, err
		}
	}
	return total, nil
}

// inParts calls step in one transaction after the other, until there is no more. A step
// touches at most so many rows.
func (l *Ledger) inParts(ctx context.Context, total *Pruned, step func(context.Context, Tx, int) (Pruned, bool, error)) error {
	limit := 2 * pruneMin
	for more := true; more; {
		var p Pruned
		var took time.Duration
		err := l.db.Write(ctx, func(tx Tx) (err error) {
			begun := time.Now() // once it has the database
			p, more, err = step(ctx, tx, limit)
			took = time.Since(begun)
			return err
		})
		if err != nil {
			return keepVerdict(err)
		}
		total.Messages += p.Messages
		total.Events += p.Events
		total.Texts += p.Texts
		if more { // the others have as much of the time
			if err := sleep.For(ctx, min(took, 10*pruneTime)); err != nil {
				return err
			}
		}
		if took > pruneTime {
			limit = max(pruneMin, limit/2)
		} else {
			limit = min(pruneMax, 2*limit)
		}
	}
	return nil
}

// pruneEvery is how often [Ledger.Maintain] deletes what is old.
const pruneEvery = 10 * time.Minute

// Maintain calls Prune at once, and then regularly until the context ends. A long-running
// program starts it once; several programs may do so over one database.
func (l *Ledger) Maintain(ctx context.Context) {
	for {
		p, err := l.Prune(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			l.options.Log.Warn("what is old could not be deleted", "error", provider.Mask(err.Error()))
		case p != Pruned{}:
			l.options.Log.Info("deleted what is old", "messages", p.Messages, "events", p.Events, "texts", p.Texts)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pruneEvery/2 + rand.N(pruneEvery)): // so that several do not do it at once
		}
	}
}

func (l *Ledger) pruneTexts(ctx context.Context, tx Tx, limit int) (Pruned, bool, error) {
	end := time.Now().Add(-l.options.Settle)
	n, err := tx.Exec(ctx, `UPDATE anysms_messages SET body = '' WHERE id IN
		(SELECT id FROM anysms_messages WHERE body <> '' AND status <> 'queued' AND id < $1 AND last_attempt_at < $2 ORDER BY id LIMIT $3)`,
		[]any{idAt("msg_", end), micros(end), limit})
	return Pruned{Texts: int(n)}, int(n) == limit, err
}

func (l *Ledger) pruneMessages(ctx context.Context, tx Tx, limit int) (p Pruned, more bool, err error) {
	now := time.Now()
	end := now.Add(-l.options.Retention)
	var ids [][]any
	err = tx.Query(ctx, func(scan scanner) error {
		var id string
		err := scan(&id)
		ids = append(ids, []any{id})
		return err
	}, `SELECT id FROM anysms_messages m
		WHERE id < $4 AND created_at < $1 AND updated_at < $1 AND status <> 'sending' AND status <> 'queued'
		AND NOT EXISTS (SELECT 1 FROM anysms_claims c WHERE `+claimOfMessage+` AND c.message = m.id
			AND (c.owner <> '' AND m.concluded <> 'accepted' OR c.keep_until >= $2))
		ORDER BY id LIMIT $3`, micros(end), micros(now), limit, idAt("msg_", end.Add(time.Millisecond)))
	if err != nil || len(ids) == 0 {
		return p, false, err
	}
	for _, sql := range []string{
		`DELETE FROM anysms_claims WHERE (namespace, ref) IN (SELECT c.namespace, c.ref FROM ` + claimsOf + ` WHERE m.id = $1 AND c.message = m.id)`,
		notTrueOf,
		`DELETE FROM anysms_attempts WHERE message = $1`,
		`DELETE FROM anysms_segments WHERE message = $1`,
		`DELETE FROM anysms_messages WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, sql, ids...); err != nil {
			return p, false, err
		}
	}
	events, err := tx.Exec(ctx, `DELETE FROM anysms_events WHERE message <> '' AND message = $1`, ids...)
	return Pruned{Messages: len(ids), Events: int(events)}, len(ids) == limit, err
}

func (l *Ledger) pruneEvents(ctx context.Context, tx Tx, limit int) (Pruned, bool, error) {
	n, err := tx.Exec(ctx, `DELETE FROM anysms_events WHERE seq IN
		(SELECT seq FROM anysms_events WHERE message = '' AND received_at < $1 ORDER BY received_at LIMIT $2)`,
		[]any{micros(time.Now().Add(-l.options.Retention)), limit})
	return Pruned{Events: int(n)}, int(n) == limit, err
}

// Unreadable returns a page of what vendors sent and nobody could read, the newest first:
// events of [provider.Unreadable], whose Raw may hold numbers and texts. before is the Seq
// of the last one of the page before; 0 = from the newest on. limit is at most [MaxLimit].
func (l *Ledger) Unreadable(ctx context.Context, before int64, limit int) (page []Event, err error) {
	if limit < 1 || limit > MaxLimit {
		return nil, fmt.Errorf("ledger: limit %d; want 1 to %d", limit, MaxLimit)
	}
	if before <= 0 {
		before = math.MaxInt64
	}
	err = l.db.Read(ctx, func(tx Tx) error {
		page = nil
		return tx.Query(ctx, func(scan scanner) error {
			var e Event
			err := scanEvent(scan, &e)
			page = append(page, e)
			return err
		}, `SELECT `+eventColumns+` FROM anysms_events WHERE `+unreadable+` AND seq < $1 ORDER BY seq DESC LIMIT $2`, before, limit)
	})
	return page, keepVerdict(err)
}

// Unmatched returns how many events are about no message that is known.
func (l *Ledger) Unmatched(ctx context.Context) (int, error) {
	return l.count(ctx, `SELECT count(*) FROM anysms_events WHERE message = '' AND kind = 'report'`)
}

func (l *Ledger) count(ctx context.Context, sql string, args ...any) (n int, err error) {
	err = l.db.Read(ctx, func(tx Tx) error {
		return tx.Query(ctx, func(scan scanner) error { return scan(&n) }, sql, args...)
	})
	return n, keepVerdict(err)
}
