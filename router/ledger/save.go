package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// Statements that write whole rows, and what may change of a row that is there. What
// changes seldom has a statement of its own: writing a column writes its indexes too.
var (
	putMessage    = upsert("anysms_messages", messageColumns)
	putAttempt    = upsert("anysms_attempts", attemptColumns)
	updateMessage = update("anysms_messages", messageColumns, hotMessageColumns)
	updateSeldom  = update("anysms_messages", messageColumns, seldomMessageColumns)
	updateAttempt = update("anysms_attempts", attemptColumns, hotAttemptColumns)
	putEvent      = fmt.Sprintf(`INSERT INTO anysms_events (%s) VALUES (%s) ON CONFLICT (event_key) DO NOTHING`,
		strings.TrimPrefix(eventColumns, "seq, "), placeholders(len(columns(eventColumns))-1))
)

const (
	hotMessageColumns = `status, code, reason, provider, provider_id, encoding, segments, cost_micros, cost_currency,
	cost_estimated, duplicate_possible, ignored, updated_at, last_attempt_at, concluded, cancelled, card_micros, card_currency`
	seldomMessageColumns = `recipient, sender, body, class, tag, country`
	hotAttemptColumns    = `provider, outcome, settled, contradicted, code, vendor_code, reason, provider_id, started_at, duration_us,
	reconciled, abandoned, charged_micros, charged_currency, card_micros, card_currency`
)

const addClaim = `INSERT INTO anysms_claims (namespace, ref, fingerprint, message, owner, run, keep_until)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`

const putClaim = addClaim + ` ON CONFLICT (namespace, ref) DO UPDATE SET fingerprint = excluded.fingerprint,
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

// partial is a statement that writes some columns of a row.
type partial struct {
	sql string
	at  []int // where its arguments are in the whole row
}

func update(table, list, some string) partial {
	names, p := columns(list), partial{at: []int{0}}
	var sets []string
	for i, name := range columns(some) {
		p.at = append(p.at, slices.Index(names, name))
		sets = append(sets, fmt.Sprintf("%s = $%d", name, i+2))
	}
	p.sql = fmt.Sprintf(`UPDATE %s SET %s WHERE id = $1`, table, strings.Join(sets, ", "))
	return p
}

func (p partial) of(row []any) []any {
	args := make([]any, len(p.at))
	for i, at := range p.at {
		args[i] = row[at]
	}
	return args
}

// batches are the rows that statements write.
type batches struct{ newMessages, messages, seldom, newAttempts, attempts, gone, claims, newClaims, events, joined, optOuts, noOptOuts [][]any }

// changes collects what was changed.
func (w *work) changes() *batches {
	b := new(batches)
	for _, c := range w.byRef {
		row := []any{c.namespace, c.ref, c.fingerprint, c.message, c.owner, c.run, micros(c.until)}
		switch {
		case c.changed && c.fresh: // it fails if somebody else has put one there since it was looked for
			b.newClaims = append(b.newClaims, row)
		case c.changed:
			b.claims = append(b.claims, row)
		}
	}
	for _, r := range w.messages {
		if r.changed {
			b.addRecord(w, r)
		}
	}
	for _, e := range w.newEvents {
		b.events = append(b.events, e.row())
	}
	for _, e := range w.joined {
		b.joined = append(b.joined, e.joinedRow())
	}
	for _, o := range w.newOptOuts {
		b.optOuts = append(b.optOuts, o.row())
	}
	for _, o := range w.goneOptOuts {
		b.noOptOuts = append(b.noOptOuts, []any{o.Number, string(o.Scope), o.Value})
	}
	return b
}

func (b *batches) addRecord(w *work, r *record) {
	row := r.row()
	switch {
	case r.stored == nil:
		b.newMessages = append(b.newMessages, row)
	default:
		b.messages = append(b.messages, updateMessage.of(row))
		if r.seldom() != *r.stored {
			b.seldom = append(b.seldom, updateSeldom.of(row))
		}
	}
	for _, a := range r.attempts {
		was, there := w.stored[a.ID]
		was.standing = a.standing // it is not stored
		switch {
		case !there:
			b.newAttempts = append(b.newAttempts, a.row())
		case was != *a:
			b.attempts = append(b.attempts, updateAttempt.of(a.row()))
		}
	}
	for _, id := range r.gone {
		b.gone = append(b.gone, []any{id})
	}
}

// seldom are the fields of a message that seldom change.
type seldom struct {
	to, from, text, tag, country string
	class                        provider.Class
}

func (m *Message) seldom() seldom {
	return seldom{m.To, m.From, m.Text, m.Tag, m.Country, m.Class}
}

// save writes what was changed.
func (w *work) save(ctx context.Context, tx Tx) error {
	if err := w.wakeJobs(ctx, tx); err != nil {
		return err
	}
	b := w.changes()
	return execAll(ctx, tx, append([]Statement{
		{putMessage, b.newMessages},
		{updateMessage.sql, b.messages},
		{updateSeldom.sql, b.seldom},
		{putAttempt, b.newAttempts},
		{updateAttempt.sql, b.attempts},
		{putSegment, w.segments},
		{`DELETE FROM anysms_attempts WHERE id = $1`, b.gone},
		{notTrue, w.untrue()},
		{putClaim, b.claims},
		{addClaim, b.newClaims},
		{putEvent, b.events},
		{joinEvent, b.joined},
		{`DELETE FROM anysms_optouts WHERE number = $1 AND scope = $2 AND scope_value = $3`, b.noOptOuts},
		{putOptOut, b.optOuts},
		{putCursor, w.cursors},
		{putChange, w.told()},
	}, w.jobStatements()...))
}

// execAll runs statements in their order, in one round trip if the database can do that.
func execAll(ctx context.Context, tx Tx, list []Statement) error {
	list = slices.DeleteFunc(list, func(s Statement) bool { return len(s.Rows) == 0 })
	if b, ok := tx.(Batched); ok {
		return b.ExecAll(ctx, list)
	}
	for _, s := range list {
		if _, err := tx.Exec(ctx, s.SQL, s.Rows...); err != nil {
			return err
		}
	}
	return nil
}
