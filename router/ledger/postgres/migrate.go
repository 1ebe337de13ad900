package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/anysms/anysms/router/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date, one process at a time.
func migrate(ctx context.Context, config *pgx.ConnConfig) (err error) {
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkProgram(ctx, db); err != nil {
		return err
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, dir,
		goose.WithTableName("anysms_schema"), goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true), goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// migrateRiver brings River's tables up to date, which package riverqueue works with.
func migrateRiver(ctx context.Context, pool *pgxpool.Pool) error {
	return pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) (err error) {
		const key = `hashtextextended('anysms river ' || current_schema(), 0)`
		if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(`+key+`)`); err != nil {
			return err
		}
		defer func() {
			_, failed := conn.Exec(ctx, `SELECT pg_advisory_unlock(`+key+`)`)
			err = errors.Join(err, failed)
		}()
		m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
}

// checkProgram refuses a schema that this program is too old for.
func checkProgram(ctx context.Context, db *sql.DB) error {
	var there bool
	err := db.QueryRowContext(ctx, `SELECT to_regclass('anysms_meta') IS NOT NULL`).Scan(&there)
	if err != nil || !there {
		return err
	}
	var oldest string
	if err := db.QueryRowContext(ctx, `SELECT value FROM anysms_meta WHERE name = 'oldest_program'`).Scan(&oldest); err != nil {
		return err
	}
	return ledger.CheckProgram(oldest)
}
