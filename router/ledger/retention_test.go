package ledger

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// atOnce is a database that runs what is to be written.
type atOnce struct{ Database }

func (atOnce) Write(_ context.Context, f func(Tx) error) error { return f(nil) }

// TestInParts: one transaction changes more or fewer rows than the one before, as that took
// less or more than the time in which nobody notices it; after it, others may write.
func TestInParts(t *testing.T) {
	for name, tt := range map[string]struct {
		takes  time.Duration
		limits []int
		pause  time.Duration
	}{
		"at once":             {0, []int{40, 80, 160, 320, 500, 500}, 0},
		"as long as it may":   {10 * time.Millisecond, []int{40, 80, 160, 320, 500, 500}, 10 * time.Millisecond},
		"longer than it may":  {11 * time.Millisecond, []int{40, 20, 20, 20, 20, 20}, 11 * time.Millisecond},
		"much longer than so": {time.Second, []int{40, 20, 20, 20, 20, 20}, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &Ledger{db: atOnce{}}
				var limits []int
				var total Pruned
				began := time.Now()
				require.NoError(t, l.inParts(t.Context(), &total, func(_ context.Context, _ Tx, limit int) (Pruned, bool, error) {
					time.Sleep(tt.takes)
					limits = append(limits, limit)
					return Pruned{1, 2, 3}, len(limits) < 6, nil
				}))
				assert.Equal(t, tt.limits, limits)
				assert.Equal(t, Pruned{6, 12, 18}, total)
				assert.Equal(t, 6*tt.takes+5*tt.pause, time.Since(began))
			})
		})
	}
}

// TestInPartsEnds: an error or the end of the context ends it.
func TestInPartsEnds(t *testing.T) {
	l := &Ledger{db: atOnce{}}
	failed := errors.New("disk full")
	var total Pruned
	require.ErrorIs(t, l.inParts(t.Context(), &total, func(context.Context, Tx, int) (Pruned, bool, error) { return Pruned{1, 1, 1}, true, failed }), failed)
	assert.Zero(t, total, "what was rolled back does not count")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		require.ErrorIs(t, l.inParts(ctx, &total, func(context.Context, Tx, int) (Pruned, bool, error) {
			time.Sleep(time.Millisecond)
			cancel()
			return Pruned{1, 1, 1}, true, nil
		}), context.Canceled)
	})
	assert.Equal(t, Pruned{1, 1, 1}, total)
}

// full is a database that takes nothing.
type full struct {
	Database
	writes int
}

func (f *full) Write(context.Context, func(Tx) error) error {
	f.writes++
	return errors.New("disk full")
}

// TestMaintainOften: what is old is looked for every five to fifteen minutes, even if it
// could not be deleted the last time.
func TestMaintainOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := new(full)
		l := &Ledger{db: db, options: Options{Log: slog.New(slog.DiscardHandler)}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
		defer cancel()
		l.Maintain(ctx)
		assert.GreaterOrEqual(t, db.writes, 10*4)
		assert.LessOrEqual(t, db.writes, 10*12+1)
	})
}
