package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Options configure a ledger. The zero value of every field except Key is its default.
type Options struct {
	// Key is the secret of fingerprints and tombstones; [LoadKey] reads it from a
	// file. Packages sqlite and postgres say which file is the default.
	Key []byte
	// Namespace is the scope in which refs are unique.
	Namespace string
	// Retention is how long messages and events are kept; default 90 days,
	// negative = for ever.
	Retention time.Duration
	// Settle is how long after the last attempt the text of a message is kept that
	// has no final status; default 72h. At a final status it is erased at once.
	Settle time.Duration
	// KeepTexts keeps texts for as long as their messages.
	KeepTexts bool
	// OptOutBySender narrows an opt-out by reply to the sender that was replied to.
	// By default it holds for all senders.
	OptOutBySender bool
	// Feed records changes for [Ledger.Feed], at the cost of one row for each.
	Feed bool
	// OptOutExempt are classes that go out in spite of an opt-out, such as one-time codes
	// that a person asks for. An opt-out from the class itself still holds.
	OptOutExempt []provider.Class
	// Mark is a file in which the ledger notes how much was committed, beside the key: so
	// it notices when the database is restored from an older backup. "" = it does not.
	Mark string
	// Log gets background events; nil = silent.
	Log *slog.Logger
}

// Retention and Settle of [Options] where they are not given.
const (
	DefaultRetention = 90 * 24 * time.Hour
	DefaultSettle    = 72 * time.Hour
)

// Ledger records every message. It is a [router.Store] and a [router.Journal]: use it as
// both. It is safe for concurrent use.
type Ledger struct {
	options Options
	db      Database
	macs    sync.Pool // under Options.Key: to set one up costs more than its use

	closing sync.RWMutex // the channels may be sent to while it is read-locked and not closed
	closed  bool
	ops     chan *op // changes
	bulk    chan *op // changes of many messages
	looks   chan *op // questions
	workers sync.WaitGroup
	watches watches
	wake    atomic.Pointer[func(context.Context, Tx, []*Job) error] // nil = nobody is woken

	held *held // nil = the database does not tell when others write to it

	mark     mark
	restored int64
}

var (
	_ router.Store           = (*Ledger)(nil)
	_ router.Journal         = (*Ledger)(nil)
	_ router.AttemptRecorder = (*Ledger)(nil)
)

// ErrClosed is returned by a closed ledger.
var ErrClosed = errors.New("ledger: closed")

// ErrWrongKey means that the database was written under another key.
var ErrWrongKey = errors.New("ledger: the key is not the one that this database was written with")

// New returns a ledger over a database that has the ledger's tables. Programs call
// sqlite.Open or postgres.Open instead. The ledger closes the database; if New fails,
// the caller does.
func New(ctx context.Context, db Database, o Options) (*Ledger, error) {
	if len(o.Key) < keySize {
		return nil, fmt.Errorf("ledger: the key has %d bytes; want at least %d", len(o.Key), keySize)
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Settle <= 0 {
		o.Settle = DefaultSettle
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l := &Ledger{options: o, db: db, ops: make(chan *op, maxBatch), bulk: make(chan *op), looks: make(chan *op, maxBatch)}
	l.macs.New = func() any { return hmac.New(sha256.New, o.Key) }
	if _, ok := db.(Versioned); ok {
		l.held = newHeld()
	}
	if err := l.checkKey(ctx); err != nil {
		return nil, err
	}
	l.mark.path = o.Mark
	missing, err := l.checkMark(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: mark: %w", err)
	}
	if l.restored = missing; missing > 0 {
		o.Log.Warn("the database was restored from an older backup: messages that were sent after that may be sent again", "commits_missing", missing)
	}
	l.workers.Go(l.commitAll)
	l.workers.Go(l.lookAll)
	if err := l.Recover(ctx); err != nil {
		l.stop()
		return nil, err
	}
	return l, nil
}

// checkKey compares the key with the one that the database was first opened with.
func (l *Ledger) checkKey(ctx context.Context) error {
	want, got := l.keyed("check", ""), ""
	read := func(tx Tx) error {
		return tx.Query(ctx, func(scan func(...any) error) error { return scan(&got) },
			`SELECT value FROM anysms_meta WHERE name = 'key_check'`)
	}
	if err := l.db.Read(ctx, read); err != nil {
		return err
	}
	if got == "" {
		err := l.db.Write(ctx, func(tx Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO anysms_meta (name, value) VALUES ('key_check', $1) ON CONFLICT (name) DO NOTHING`, []any{want})
			return errors.Join(err, read(tx))
		})
		if err != nil {
			return err
		}
	}
	if got != want {
		return ErrWrongKey
	}
	return nil
}

// Database returns the ledger's database, for packages of this module that keep tables of
// their own in it. It ends with the ledger.
func (l *Ledger) Database() Database { return l.db }

// Close waits for writes in progress, then closes the database.
func (l *Ledger) Close() error {
	if !l.stop() {
		return nil
	}
	return l.db.Close()
}

func (l *Ledger) stop() bool {
	l.closing.Lock()
	first := !l.closed
	l.closed = true
	if first {
		close(l.ops)
		close(l.bulk)
		close(l.looks)
	}
	l.closing.Unlock()
	l.workers.Wait()
	if first {
		l.noteCommits(0, true)
	}
	return first
}

// NewAttempt implements [router.AttemptRecorder].
func (l *Ledger) NewAttempt() string { return newID("att_", time.Now()) }

// checkRef refuses what a database cannot hold as it is.
func checkRef(ref string) error {
	if !storable(ref) {
		return provider.NewError(provider.InvalidMessage, "the ref is not valid UTF-8, or has a NUL in it")
	}
	return nil
}

func storable(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
