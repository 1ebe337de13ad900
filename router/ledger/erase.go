package ledger

import (
	"bytes"
	"context"
	"strings"
)

func (l *Ledger) tombstone(number string) string { return l.keyed("number", number) }

// Erase removes a number, in E.164, and the texts from and to it, from messages and
// events, and returns how many messages that were. What became of them stays, under a
// keyed tombstone; so does the number's opt-out. Writers wait for a small part of it at
// most. What was erased before an error stays erased, and another call goes on.
func (l *Ledger) Erase(ctx context.Context, number string) (messages int, err error) {
	var total Pruned
	for _, step := range []func(context.Context, Tx, int) (Pruned, bool, error){
		func(ctx context.Context, tx Tx, limit int) (Pruned, bool, error) {
			return l.eraseMessages(ctx, tx, number, limit)
		},
		func(ctx context.Context, tx Tx, limit int) (Pruned, bool, error) {
			return eraseEvents(ctx, tx, `SELECT seq FROM anysms_events WHERE peer <> '' AND peer = $1 LIMIT $2`, number, limit)
		},
		func(ctx context.Context, tx Tx, limit int) (Pruned, bool, error) { // of what came after an earlier Erase
			return eraseEvents(ctx, tx, `SELECT e.seq FROM anysms_messages m JOIN anysms_events e ON e.message <> '' AND e.message = m.id
				WHERE m.tombstone = $1 AND (e.peer <> '' OR e.detail <> '') LIMIT $2`, l.tombstone(number), limit)
		},
		func(ctx context.Context, tx Tx, _ int) (Pruned, bool, error) {
			return Pruned{}, false, eraseUnreadable(ctx, tx, number)
		},
	} {
		if err := l.inParts(ctx, &total, step); err != nil {
			return total.Messages, err
		}
	}
	return total.Messages, nil
}

// eraseMessages erases some messages to a number, with their events and jobs. Those that
// are queued are cancelled.
func (l *Ledger) eraseMessages(ctx context.Context, tx Tx, number string, limit int) (p Pruned, more bool, err error) {
	mark := l.tombstone(number)
	var ids, marked [][]any
	err = tx.Query(ctx, func(scan scanner) error {
		var id string
		err := scan(&id)
		ids, marked = append(ids, []any{id}), append(marked, []any{id, mark})
		return err
	}, `SELECT id FROM anysms_messages WHERE recipient = $1 ORDER BY id LIMIT $2`, number, limit)
	if err != nil || len(ids) == 0 {
		return p, false, err
	}
	for _, s := range []struct {
		sql  string
		rows [][]any
	}{
		{`UPDATE anysms_messages SET status = 'cancelled', concluded = '', cancelled = 1 WHERE id = $1 AND status = 'queued' AND concluded = 'queued'`, ids},
		{`DELETE FROM anysms_queue WHERE message = $1`, ids},
		{`UPDATE anysms_messages SET recipient = '', body = '', tombstone = $2 WHERE id = $1`, marked},
		{`UPDATE anysms_events SET peer = '', detail = '' WHERE message <> '' AND message = $1`, ids},
	} {
		if _, err := tx.Exec(ctx, s.sql, s.rows...); err != nil {
			return p, false, err
		}
	}
	return Pruned{Messages: len(ids)}, len(ids) == limit, nil
}

// eraseEvents erases numbers and texts from some events, which a query selects.
func eraseEvents(ctx context.Context, tx Tx, selected, value string, limit int) (Pruned, bool, error) {
	n, err := tx.Exec(ctx, `UPDATE anysms_events SET peer = '', detail = '' WHERE seq IN (`+selected+`)`, []any{value, limit})
	return Pruned{}, int(n) == limit, err
}

// unreadable selects the events that could not be read. They have neither a message nor a
// vendor's id, by which the index of the events without a message finds them.
const unreadable = `message = '' AND provider_id = '' AND kind = 'unreadable'`

// eraseUnreadable removes what could not be read and has a number in it.
func eraseUnreadable(ctx context.Context, tx Tx, number string) error {
	digits, found := []byte(strings.TrimPrefix(number, "+")), [][]any(nil)
	err := tx.Query(ctx, func(scan scanner) error {
		var e Event
		err := scanEvent(scan, &e)
		if bytes.Contains(e.Raw, digits) {
			found = append(found, []any{e.Seq})
		}
		return err
	}, `SELECT `+eventColumns+` FROM anysms_events WHERE `+unreadable)
	if err != nil || len(found) == 0 {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE anysms_events SET detail = '' WHERE seq = $1`, found...)
	return err
}

// Erased returns how many messages to a number were erased.
func (l *Ledger) Erased(ctx context.Context, number string) (int, error) {
	return l.count(ctx, `SELECT count(*) FROM anysms_messages WHERE tombstone = $1`, l.tombstone(number))
}
