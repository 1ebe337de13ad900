// Package postgres keeps a ledger in a PostgreSQL database, for any number of processes
// and machines.
//
//	key, err := ledger.LoadKey("anysms.key") // the same file on every machine
//	…
//	l, err := postgres.Open(ctx, "postgres://anysms@db/sms?sslmode=verify-full", ledger.Options{Key: key})
//	…
//	r, err := router.New(providers, &router.Options{Store: l, Journal: l})
//
// Changes that come at the same time share one transaction. All transactions that write
// are one after the other, over all machines, by an advisory lock: so a report and the
// receipt that it belongs to cannot miss each other, and nothing deadlocks. A machine
// that stops in the middle of one is cut off by the server after ten seconds. The next one
// begins before the disk has the one before, of which nobody is told until then.
//
// Each process holds a session lock by which the others can tell whether it lives; what
// it was sending is in doubt when the lock is gone. A pooler between this package and
// the server must therefore pool sessions, not transactions.
package postgres

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/anysms/anysms/router/ledger"
)

// Open opens the ledger in a database, whose tables are made if there are none.
// Options.Key must be the same on every machine.
func Open(ctx context.Context, url string, o ledger.Options) (*ledger.Ledger, error) {
	if o.Key == nil {
		return nil, errors.New("ledger: a database for several machines needs Options.Key, the same on each of them")
	}
	db, err := open(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	l, err := ledger.New(ctx, db, o)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

// database is a [ledger.Database].
type database struct {
	pool *pgxpool.Pool
	run  int64
	life *life
}

// defaults are parameters of a session that the URL may set otherwise. The server keeps a
// plan while its statistics of the table stay the same: one that reads the whole table, as
// is right while that is all but empty, would still do so when a campaign has filled it.
// What is read often has an index. Where only the whole table serves, the server thinks
// with this setting that the plan is costly enough to be compiled, which it is not.
var defaults = map[string]string{"application_name": "anysms", "enable_seqscan": "off", "jit": "off"}

func open(ctx context.Context, url string) (*database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	params := config.ConnConfig.RuntimeParams
	params["idle_in_transaction_session_timeout"] = "10s"
	for name, value := range defaults {
		if params[name] == "" {
			params[name] = value
		}
	}
	config.MinConns = 1
	config.MaxConns = max(config.MaxConns, 5) // two of the writer, of which one waits for the disk; a reader, two limits
	config.AfterConnect = durable
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	if err := migrate(ctx, config.ConnConfig); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := migrateRiver(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	db := &database{pool: pool, run: newRun()}
	if db.life, err = live(ctx, config.ConnConfig, db.run); err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

// durable makes sure that a commit is on disk when it is reported, whatever the server's
// default is.
func durable(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}

func newRun() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:])                           // never fails
	return int64(binary.BigEndian.Uint64(b[:]) >> 2) // positive, also when it is shifted
}

func (db *database) Run() string { return strconv.FormatInt(db.run, 10) }

func (db *database) Close() error {
	err := db.life.end()
	db.pool.Close()
	return err
}

// liveRuns selects the runs whose sessions hold their locks.
const liveRuns = `SELECT classid::bigint << 32 | objid::bigint FROM pg_locks
	WHERE locktype = 'advisory' AND objsubid = 1 AND granted
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// Alive implements [ledger.Database]: a run lives while its session holds its lock.
func (db *database) Alive(ctx context.Context, in ledger.Tx, runs []string) (map[string]bool, error) {
	ids := make([]int64, 0, len(runs))
	for _, run := range runs {
		if n, err := strconv.ParseInt(run, 10, 64); err == nil {
			ids = append(ids, n)
		}
	}
	alive := map[string]bool{db.Run(): true}
	err := in.Query(ctx, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		alive[strconv.FormatInt(n, 10)] = true
		return err
	}, liveRuns+` AND (classid::bigint << 32 | objid::bigint) = ANY($1)`, ids)
	return alive, err
}

// lockWriters lets one transaction write at a time in this schema. Once it has the lock, it
// waits no longer than two seconds for a row: a caller of EnqueueTx that does not commit
// must not hold up everybody else.
const lockWriters = `SELECT pg_advisory_xact_lock(hashtextextended('anysms ledger ' || current_schema(), 0)), set_config('lock_timeout', '2s', true)`

// flush waits until the disk has all that was committed before. A message of the log is the
// least that a commit can wait for.
const flush = `SELECT pg_logical_emit_message(true, 'anysms', '')`

// flushTime bounds a flush.
const flushTime = 30 * time.Second

// How transactions begin.
var (
	write  = beginning{TxOptions: pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, lock: lockWriters}
	inTurn = beginning{TxOptions: write.TxOptions, lock: lockWriters + `, set_config('synchronous_commit', 'off', true)`}
	view   = beginning{TxOptions: pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}}
)

// Write implements [ledger.Database].
func (db *database) Write(ctx context.Context, f func(ledger.Tx) error) error {
	return db.withConn(ctx, func(conn *pgxpool.Conn) error { return run(ctx, conn, write, f) })
}

// Read implements [ledger.Database].
func (db *database) Read(ctx context.Context, f func(ledger.Tx) error) error {
	return db.withConn(ctx, func(conn *pgxpool.Conn) error { return run(ctx, conn, view, f) })
}

// Commit implements [ledger.Pipelined]. The session of the transaction is that which waits
// for the disk: it does not outlive the server, and so cannot take for durable what a crash
// of the server has undone.
func (db *database) Commit(ctx context.Context, f func(ledger.Tx) error) (durable func() error, err error) {
	var conn *pgxpool.Conn
	err = db.retry(ctx, func() (err error) {
		if conn, err = db.pool.Acquire(ctx); err != nil {
			return err
		}
		if err = run(ctx, conn, inTurn, f); err != nil {
			conn.Release()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return func() error {
		defer conn.Release()
		ctx, cancel := context.WithTimeout(context.Background(), flushTime)
		defer cancel()
		_, err := conn.Exec(ctx, flush)
		return err
	}, nil
}

// MaxUnsynced implements [ledger.Pipelined]: each that waits has a connection, and a flush of
// its own.
func (db *database) MaxUnsynced() int { return 1 }

// ReadDurable implements [ledger.Pipelined]. The session that has read waits for the disk,
// as in Commit.
func (db *database) ReadDurable(ctx context.Context, f func(ledger.Tx) (found bool, err error)) error {
	return db.withConn(ctx, func(conn *pgxpool.Conn) error {
		found := false
		err := run(ctx, conn, view, func(t ledger.Tx) (err error) {
			found, err = f(t)
			return err
		})
		if err == nil && found {
			_, err = conn.Exec(ctx, flush)
		}
		return err
	})
}

func (db *database) withConn(ctx context.Context, f func(*pgxpool.Conn) error) error {
	return db.retry(ctx, func() error { return db.pool.AcquireFunc(ctx, f) })
}

// retry runs a transaction. When the line to the server was cut, the connections of the pool
// are found dead one by one: what was not committed over one is tried over another.
func (db *database) retry(ctx context.Context, once func() error) error {
	err := once()
	for again := int32(0); isLost(err) && again < db.pool.Stat().MaxConns() && ctx.Err() == nil; again++ {
		err = once()
	}
	return explain(err)
}

func isLost(err error) bool {
	_, lost := errors.AsType[*lostError](err)
	return lost || pgconn.SafeToRetry(err)
}

// explain marks the errors that a value is to blame for: data exceptions, violated
// constraints, limits of the program, and a row that another transaction does not let go.
func explain(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if ok && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23") || strings.HasPrefix(e.Code, "54") || e.Code == "55P03") {
		return fmt.Errorf("%w: %w", ledger.ErrBadValue, err)
	}
	return err
}
