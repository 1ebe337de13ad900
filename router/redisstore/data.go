package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/router"
)

// data recognizes the data set in Redis by a mark in it, which a process that uses the
// store remembers: if the mark is gone or another one, what the store knew is gone.
//
// The mark is an id, and the time of the last loss in Unix milliseconds, 0 = none.
type data struct {
	key string

	mu   sync.Mutex
	mark string    // "" = the store was not used yet
	lost time.Time // zero = never
}

// run runs a script and reads the mark, in one round trip. lost is nil if results that
// are kept so long would be known.
func (d *data) run(ctx context.Context, client redis.UniversalClient, keep time.Duration, s *redis.Script, keys []string, args ...any) (reply []string, lost, err error) {
	reply, mark, err := d.once(ctx, client, s.EvalSha, keys, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		reply, mark, err = d.once(ctx, client, s.Eval, keys, args)
	}
	if err != nil {
		return nil, nil, err
	}
	lost, err = d.check(ctx, client, mark, keep)
	return reply, lost, err
}

type eval func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

func (d *data) once(ctx context.Context, client redis.UniversalClient, run eval, keys []string, args []any) (reply []string, mark string, err error) {
	pipe := client.Pipeline()
	script, found := run(ctx, pipe, keys, args...), pipe.Get(ctx, d.key)
	_, _ = pipe.Exec(ctx) // each command has its own error
	if reply, err = script.StringSlice(); err != nil {
		return nil, "", err
	}
	if mark, err = found.Result(); err != nil && !errors.Is(err, redis.Nil) {
		return nil, "", err
	}
	return reply, mark, nil
}

// check compares the mark with the one that is remembered, and marks data that are not
// marked or that have lost something.
func (d *data) check(ctx context.Context, client redis.UniversalClient, mark string, keep time.Duration) (lost, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mark != "" && mark != d.mark { // perhaps it was read before another call wrote it
		now, err := client.Get(ctx, d.key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
		mark = now
	}
	switch {
	case mark != "" && mark == d.mark:
	case mark != "" && (d.mark == "" || !lossOf(mark).IsZero()): // met for the first time, or another process has noticed the loss
		d.mark, d.lost = mark, lossOf(mark)
	case d.mark == "":
		if err := client.SetNX(ctx, d.key, newMark(time.Time{}), 0).Err(); err != nil {
			return nil, err
		}
	default:
		found := newMark(time.Now())
		if err := client.Set(ctx, d.key, found, 0).Err(); err != nil {
			return nil, err
		}
		d.mark, d.lost = found, lossOf(found)
	}
	if d.lost.IsZero() || time.Since(d.lost) > keep {
		return nil, nil
	}
	return fmt.Errorf("redisstore: %w (noticed at %s)", router.ErrDataLost, d.lost.UTC().Format(time.RFC3339)), nil
}

func newMark(lost time.Time) string {
	ms := int64(0)
	if !lost.IsZero() {
		ms = lost.UnixMilli()
	}
	return rand.Text() + " " + strconv.FormatInt(ms, 10)
}

func lossOf(mark string) time.Time {
	_, at, _ := strings.Cut(mark, " ")
	if ms, err := strconv.ParseInt(at, 10, 64); err == nil && ms != 0 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}
