package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/anysms/anysms/router/internal/filelock"
	"github.com/anysms/anysms/router/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date, one process at a time.
func migrate(ctx context.Context, path string, db *sql.DB) (err error) {
	unlock, err := lockSchema(ctx, path+".migrate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithTableName("anysms_schema"), goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))
	if err != nil {
		return err
	}
	if err := checkProgram(ctx, db); err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// checkProgram refuses a schema that this program is too old for.
func checkProgram(ctx context.Context, db *sql.DB) error {
	var tables int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'anysms_meta'`).Scan(&tables)
	if err != nil || tables == 0 {
		return err
	}
	var oldest string
	if err := db.QueryRowContext(ctx, `SELECT value FROM anysms_meta WHERE name = 'oldest_program'`).Scan(&oldest); err != nil {
		return err
	}
	return ledger.CheckProgram(oldest)
}

// lockSchema waits for the lock under which tables are changed. The file is left
// behind: removing it would let two processes have two locks.
func lockSchema(ctx context.Context, path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if err = filelock.TryLock(f); err == nil {
			return f.Close, nil
		}
		if errors.Is(err, errors.ErrUnsupported) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("another process is changing the tables: %w", context.Cause(ctx)), f.Close())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
