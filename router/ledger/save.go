package ledger

import (
	"context"
	"fmt"
	"strings"
)

// Statements that write whole rows.
var (
	putMessage = upsert("anysms_messages", messageColumns)
	putAttempt = upsert("anysms_attempts", attemptColumns)
	putEvent   = fmt.Sprintf(`INSERT INTO anysms_events (%s) VALUES (%s) ON CONFLICT (event_key) DO NOTHING`,
		strings.TrimPrefix(eventColumns, "seq, "), placeholders(len(columns(eventColumns))-1))
)

const putClaim = `INSERT INTO anysms_claims (namespace, ref, fingerprint, message, owner, run, keep_until)
	VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (namespace, ref) DO UPDATE SET fingerprint = excluded.fingerprint,
	message = excluded.message, owner = excluded.owner, run = excluded.run, keep_until = excluded.keep_until`

// putSegment keeps the latest message with an id: there are vendors that repeat them.
const putSegment = `INSERT INTO anysms_segments (provider_id, provider, message) VALUES ($1, $2, $3)
	ON CONFLICT (provider_id, provider) DO UPDATE SET message = excluded.message`

const joinEvent = `UPDATE anysms_events SET message = $1, attempt = $2, provider_id = $3, status = $4, final = $5, segment = $6,
	segment_of = $7, segment_status = $8 WHERE seq = $9`

const putCursor = `INSERT INTO anysms_cursors (name, value, updated_at) VALUES ($1, $2, $3)
	ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`

func columns(list string) []string {
	names := strings.Split(list, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

func placeholders(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(list, ", ")
}

// upsert is a statement that writes a row whose key is its id.
func upsert(table, list string) string {
	names := columns(list)
	var sets []string
	for _, name := range names[1:] {
		sets = append(sets, name+" = excluded."+name)
	}
	return fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (id) DO UPDATE SET %s`,
		table, strings.Join(names, ", "), placeholders(len(names)), strings.Join(sets, ", "))
}

// save writes what was changed.
func (w *work) save(ctx context.Context, tx Tx) error {
	var claims, messages, attempts, gone, events, joined, optOuts, noOptOuts [][]any
	for _, c := range w.byRef {
		if !c.changed {
			continue
		}
		claims = append(claims, []any{c.namespace, c.ref, c.fingerprint, c.message, c.owner, c.run, micros(c.until)})
	}
	for _, r := range w.messages {
		if !r.changed {
			continue
		}
		messages = append(messages, r.row())
		for _, a := range r.attempts {
			attempts = append(attempts, a.row())
		}
		for _, id := range r.gone {
			gone = append(gone, []any{id})
		}
	}
	for _, e := range w.newEvents {
		events = append(events, e.row())
	}
	for _, e := range w.joined {
		joined = append(joined, e.joinedRow())
	}
	for _, o := range w.newOptOuts {
		optOuts = append(optOuts, o.row())
	}
	for _, o := range w.goneOptOuts {
		noOptOuts = append(noOptOuts, []any{o.Number, string(o.Scope), o.Value})
	}
	for _, s := range []struct {
		sql  string
		rows [][]any
	}{
		{putMessage, messages},
		{putAttempt, attempts},
		{putSegment, w.segments},
		{`DELETE FROM anysms_attempts WHERE id = $1`, gone},
		{putClaim, claims},
		{putEvent, events},
		{joinEvent, joined},
		{`DELETE FROM anysms_optouts WHERE number = $1 AND scope = $2 AND scope_value = $3`, noOptOuts},
		{putOptOut, optOuts},
		{putCursor, w.cursors},
	} {
		if len(s.rows) == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, s.sql, s.rows...); err != nil {
			return err
		}
	}
	return w.saveJobs(ctx, tx)
}
