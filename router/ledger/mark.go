package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// markEvery is how often the mark is written.
const markEvery = time.Second

// mark is a file beside the key that says how much was committed to the database. A
// database that knows of less was restored from a backup, and has forgotten messages that
// were sent.
type mark struct {
	path string // "" = there is none

	mu      sync.Mutex
	commits int64     // known to be committed
	written int64     // of these, what the file says
	at      time.Time // when it was written
}

var errRestored = errors.New("the database has forgotten commits: it was restored from a backup while it was in use")

// countCommit counts a commit in its own transaction, and reads how many there are.
func (w *work) countCommit(ctx context.Context, tx Tx, count bool) error {
	if !count {
		return nil
	}
	return tx.Query(ctx, func(scan scanner) error { return scan(&w.commits) }, `UPDATE anysms_commits SET n = n + 1 WHERE name = 'commits' RETURNING n`)
}

// checkMark compares the mark with the database, and returns how many commits are missing.
func (l *Ledger) checkMark(ctx context.Context) (missing int64, err error) {
	if l.mark.path == "" {
		return 0, nil
	}
	marked, err := l.mark.read() // before the database: another process may commit more meanwhile
	if err != nil {
		return 0, err
	}
	err = l.db.Read(ctx, func(tx Tx) error {
		return tx.Query(ctx, func(scan scanner) error { return scan(&l.mark.commits) }, `SELECT n FROM anysms_commits WHERE name = 'commits'`)
	})
	if err != nil {
		return 0, err
	}
	if marked > 0 {
		l.mark.written = l.mark.commits
	}
	return max(0, marked-l.mark.commits), nil
}

// read returns what the file says; 0 = there is none, or another process is just making it.
func (m *mark) read() (int64, error) {
	file, err := os.ReadFile(m.path)
	text := strings.TrimSpace(string(file))
	if errors.Is(err, fs.ErrNotExist) || err == nil && text == "" {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %q; want a number, or no file", m.path, text)
	}
	return n, nil
}

// note notes that so many commits are durable, and writes that down now and then, or at
// once.
func (m *mark) note(commits int64, now bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if commits != 0 && commits <= m.commits {
		m.commits = commits
		return errRestored
	}
	m.commits = max(m.commits, commits)
	if m.path == "" || m.commits == m.written || !now && time.Since(m.at) < markEvery {
		return nil
	}
	// It has the same length each time, so that what is there is overwritten as a whole.
	f, err := os.OpenFile(m.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%20d\n", m.commits)
	if err = errors.Join(err, f.Close()); err == nil {
		m.written, m.at = m.commits, time.Now()
	}
	return err
}

// Restored returns how many commits the database was behind when it was opened: it was
// restored from an older backup, and messages that were sent after that may be sent again.
// 0 = it was not, or Options.Mark is not set. Once something is committed, it is forgotten.
func (l *Ledger) Restored() int64 { return l.restored }
