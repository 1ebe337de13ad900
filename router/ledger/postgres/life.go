package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// life is the session lock that shows others that this run lives. If the session is
// lost, it is taken again: until then others take what this run sends to be in doubt.
type life struct {
	config *pgx.ConnConfig
	run    int64
	cancel context.CancelFunc
	ended  chan struct{}

	mu   sync.Mutex
	conn *pgx.Conn // nil = lost
}

// pulse is how often the session is checked.
const pulse = 5 * time.Second

func live(ctx context.Context, config *pgx.ConnConfig, run int64) (*life, error) {
	background, cancel := context.WithCancel(context.Background())
	l := &life{config: config, run: run, cancel: cancel, ended: make(chan struct{})}
	if err := l.connect(ctx); err != nil {
		cancel()
		return nil, err
	}
	go l.keep(background)
	return l, nil
}

func (l *life) connect(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, l.run); err != nil {
		_ = conn.Close(ctx) // the first error says more
		return err
	}
	l.mu.Lock()
	l.conn = conn
	l.mu.Unlock()
	return nil
}

func (l *life) keep(ctx context.Context) {
	defer close(l.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pulse):
		}
		l.check(ctx)
	}
}

func (l *life) check(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*pulse)
	defer cancel()
	if l.conn != nil {
		if err := l.conn.Ping(ctx); err == nil {
			return
		}
		_ = l.conn.Close(ctx) // it is broken
		l.mu.Lock()
		l.conn = nil
		l.mu.Unlock()
	}
	_ = l.connect(ctx) // the next pulse tries again
}

func (l *life) end() error {
	l.cancel()
	<-l.ended
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), pulse)
	defer cancel()
	// A server that is gone is no error: the lock is gone too. Closing the session ends the
	// lock as well, but some time later.
	_, _ = l.conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, l.run)
	_ = l.conn.Close(ctx)
	return nil
}
