package sqlite

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/anysms/anysms/router/internal/filelock"
	"github.com/anysms/anysms/router/ledger"
)

// LockWorker makes this process the only one that works on the queue in the file. The
// lock is a file of its own, because on some systems nobody else can read a locked file.
func (db *database) LockWorker(w ledger.Worker) (unlock func() error, err error) {
	f, err := os.OpenFile(db.path+".worker.lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := filelock.TryLock(f); err != nil {
		if errors.Is(err, errors.ErrUnsupported) {
			return nil, errors.Join(err, f.Close())
		}
		return nil, errors.Join(db.otherWorker(), f.Close())
	}
	note, _ := json.Marshal(w) // plain fields cannot fail
	if err := os.WriteFile(db.path+".worker", note, 0o600); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { // the lock's file stays: removing it would let two processes have two locks
		return errors.Join(os.Remove(db.path+".worker"), f.Close())
	}, nil
}

// otherWorker says who has the lock.
func (db *database) otherWorker() error {
	var e ledger.WorkerError
	note, err := os.ReadFile(db.path + ".worker")
	if err == nil {
		err = json.Unmarshal(note, &e.Worker)
	}
	if err != nil {
		return fmt.Errorf("another process works on this queue, and has not said which: %w", err)
	}
	return &e
}
