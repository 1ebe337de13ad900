package otp

import (
	"context"
	"time"

	"github.com/anysms/anysms/router/ledger"
)

// NewLedgerStore returns a store in a ledger's database, for all processes that use that
// database. The ledger must stay open as long as the store is used.
func NewLedgerStore(l *ledger.Ledger) Store { return ledgerStore{l.Database()} }

type ledgerStore struct{ db ledger.Database }

const columns = `started_at, expires_at, sends, tries, used, length, body, number, prefix, country, provider, message`

const (
	getSQL = `SELECT ` + columns + ` FROM anysms_codes WHERE key = $1`
	putSQL = `INSERT INTO anysms_codes (key, ` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (key) DO UPDATE SET started_at = excluded.started_at, expires_at = excluded.expires_at,
		sends = excluded.sends, tries = excluded.tries, used = excluded.used, length = excluded.length, body = excluded.body,
		number = excluded.number, prefix = excluded.prefix, country = excluded.country, provider = excluded.provider,
		message = excluded.message`
	sweepSQL  = `SELECT key, ` + columns + ` FROM anysms_codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2`
	removeSQL = `DELETE FROM anysms_codes WHERE key = $1`
	sentBySQL = `SELECT a.provider FROM anysms_messages m JOIN anysms_attempts a ON a.message = m.id
		WHERE m.ref = $1 AND m.ref <> '' ORDER BY a.started_at DESC LIMIT 1`
)

// Get implements [Store].
func (s ledgerStore) Get(ctx context.Context, key string) (r *Record, err error) {
	err = s.db.Read(ctx, func(tx ledger.Tx) (err error) {
		r, err = ledgerTx{ctx, tx}.Get(key)
		return err
	})
	return r, err
}

// Update implements [Store].
func (s ledgerStore) Update(ctx context.Context, f func(Tx) error) error {
	return s.db.Write(ctx, func(tx ledger.Tx) error { return f(ledgerTx{ctx, tx}) })
}

// Sweep implements [Store].
func (s ledgerStore) Sweep(ctx context.Context, before time.Time, limit int) (gone []Record, err error) {
	err = s.db.Write(ctx, func(tx ledger.Tx) error {
		var keys [][]any
		gone = nil
		err := tx.Query(ctx, func(scan func(...any) error) error {
			var key string
			r, err := scanRecord(func(into ...any) error { return scan(append([]any{&key}, into...)...) })
			keys, gone = append(keys, []any{key}), append(gone, r)
			return err
		}, sweepSQL, before.UnixMicro(), limit)
		if err != nil || len(keys) == 0 {
			return err
		}
		_, err = tx.Exec(ctx, removeSQL, keys...)
		return err
	})
	return gone, err
}

// providerOf returns the provider that was tried last with a message, which a queue has
// sent meanwhile; "" = none was. The message's ref is unique over all namespaces.
func (s ledgerStore) providerOf(ctx context.Context, ref string) (name string, err error) {
	err = s.db.Read(ctx, func(tx ledger.Tx) error {
		return tx.Query(ctx, func(scan func(...any) error) error { return scan(&name) }, sentBySQL, ref)
	})
	return name, err
}

type ledgerTx struct {
	ctx context.Context
	tx  ledger.Tx
}

// Get implements [Tx].
func (t ledgerTx) Get(key string) (found *Record, err error) {
	err = t.tx.Query(t.ctx, func(scan func(...any) error) error {
		r, err := scanRecord(scan)
		found = &r
		return err
	}, getSQL, key)
	return found, err
}

// Put implements [Tx].
func (t ledgerTx) Put(key string, r *Record) error {
	used := 0
	if r.Used {
		used = 1
	}
	_, err := t.tx.Exec(t.ctx, putSQL, []any{key, r.Started.UnixMicro(), r.Expires.UnixMicro(), r.Sends, r.Tries, used,
		r.Length, r.Text, r.Number, r.Prefix, r.Country, r.Provider, r.Message})
	return err
}

func scanRecord(scan func(...any) error) (r Record, err error) {
	var started, expires int64
	var used int
	err = scan(&started, &expires, &r.Sends, &r.Tries, &used, &r.Length, &r.Text, &r.Number, &r.Prefix, &r.Country, &r.Provider, &r.Message)
	r.Started, r.Expires, r.Used = time.UnixMicro(started), time.UnixMicro(expires), used != 0
	return r, err
}
