package ledger

import (
	"context"
	"time"
)

// pruneBatch bounds how much one transaction deletes, so that nobody waits long for it.
const pruneBatch = 500

// Pruned counts what was deleted.
type Pruned struct {
	Messages int // with their attempts, events and claims
	Events   int
	Texts    int
}

// Prune deletes what is older than Options.Retention, and the texts of messages that had
// no final status within Options.Settle. Messages under way stay, and so do those whose
// Ref is still to be remembered. A program that runs for long calls it now and then;
// the command does it as it goes.
func (l *Ledger) Prune(ctx context.Context) (total Pruned, err error) {
	steps := []func(context.Context, Tx) (Pruned, bool, error){l.pruneDead}
	if !l.options.KeepTexts {
		steps = append(steps, l.pruneTexts)
	}
	if l.options.Retention > 0 {
		steps = append(steps, l.pruneMessages, l.pruneEvents, l.pruneFeed)
	}
	for _, step := range steps {
		for more := true; more; {
			var p Pruned
			err := l.db.Write(ctx, func(tx Tx) (err error) {
				p, more, err = step(ctx, tx)
				return err
			})
			if err != nil {
				return total, keepVerdict(err)
			}
			total.Messages += p.Messages
			total.Events += p.Events
			total.Texts += p.Texts
		}
	}
	return total, nil
}

func (l *Ledger) pruneTexts(ctx context.Context, tx Tx) (Pruned, bool, error) {
	n, err := tx.Exec(ctx, `UPDATE anysms_messages SET body = '' WHERE id IN
		(SELECT id FROM anysms_messages WHERE body <> '' AND last_attempt_at < $1 AND status <> 'queued' LIMIT $2)`,
		[]any{micros(time.Now().Add(-l.options.Settle)), pruneBatch})
	return Pruned{Texts: int(n)}, n == pruneBatch, err
}

func (l *Ledger) pruneMessages(ctx context.Context, tx Tx) (p Pruned, more bool, err error) {
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
		AND NOT EXISTS (SELECT 1 FROM anysms_claims c WHERE c.message = m.id AND (c.owner <> '' OR c.keep_until >= $2))
		ORDER BY id LIMIT $3`, micros(end), micros(now), pruneBatch, idAt("msg_", end.Add(time.Millisecond)))
	if err != nil || len(ids) == 0 {
		return p, false, err
	}
	for _, sql := range []string{
		`DELETE FROM anysms_claims WHERE message = $1`,
		`DELETE FROM anysms_attempts WHERE message = $1`,
		`DELETE FROM anysms_segments WHERE message = $1`,
		`DELETE FROM anysms_messages WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, sql, ids...); err != nil {
			return p, false, err
		}
	}
	events, err := tx.Exec(ctx, `DELETE FROM anysms_events WHERE message = $1`, ids...)
	return Pruned{Messages: len(ids), Events: int(events)}, len(ids) == pruneBatch, err
}

func (l *Ledger) pruneEvents(ctx context.Context, tx Tx) (Pruned, bool, error) {
	n, err := tx.Exec(ctx, `DELETE FROM anysms_events WHERE seq IN
		(SELECT seq FROM anysms_events WHERE message = '' AND received_at < $1 ORDER BY received_at LIMIT $2)`,
		[]any{micros(time.Now().Add(-l.options.Retention)), pruneBatch})
	return Pruned{Events: int(n)}, n == pruneBatch, err
}

func (l *Ledger) tombstone(number string) string { return keyed(l.options.Key, "number", number) }

// Erase removes a number, in E.164, and the texts from and to it, from messages and
// events, and returns how many messages that were. What became of them stays, under a
// keyed tombstone; so does the number's opt-out.
func (l *Ledger) Erase(ctx context.Context, number string) (messages int, err error) {
	mark := l.tombstone(number)
	err = l.db.Write(ctx, func(tx Tx) error {
		if err := eraseJobs(ctx, tx, number); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE anysms_messages SET recipient = '', body = '', tombstone = $1 WHERE recipient = $2`, []any{mark, number})
		if err != nil {
			return err
		}
		messages = int(n)
		for _, s := range []struct{ sql, value string }{
			{`UPDATE anysms_events SET peer = '', detail = '' WHERE peer = $1`, number},
			{`UPDATE anysms_events SET peer = '', detail = '' WHERE message IN (SELECT id FROM anysms_messages WHERE tombstone = $1)`, mark},
		} {
			if _, err := tx.Exec(ctx, s.sql, []any{s.value}); err != nil {
				return err
			}
		}
		return nil
	})
	return messages, keepVerdict(err)
}

// Erased returns how many messages to a number were erased.
func (l *Ledger) Erased(ctx context.Context, number string) (int, error) {
	return l.count(ctx, `SELECT count(*) FROM anysms_messages WHERE tombstone = $1`, l.tombstone(number))
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
