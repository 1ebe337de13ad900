package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/router"
)

// Limiter is a router.Limiter that several machines share. It spaces units evenly
// by the clock of Redis (the generic cell rate algorithm), and is safe for
// concurrent use.
type Limiter struct {
	client redis.UniversalClient
	key    string
	every  time.Duration // between two units
	burst  float64
}

var _ router.Limiter = (*Limiter)(nil)

// NewLimiter returns a limiter of units per second, under a name that all machines
// use. Like local limiters, it lets through the units of a tenth of a second at
// once.
func NewLimiter(client redis.UniversalClient, name string, perSecond float64) (*Limiter, error) {
	if perSecond <= 0 || name == "" {
		return nil, errors.New("redisstore: a limiter needs a name and a rate above 0")
	}
	return &Limiter{
		client: client, key: "anysms:rate:{" + name + "}",
		every: time.Duration(float64(time.Second) / perSecond), burst: max(1, math.Floor(perSecond/10)),
	}, nil
}

// The scripts keep the time until which the units last that were taken, in
// microseconds, and under a second key the times that were given back, with their
// units. Those are used first, as others may queue behind them.
var reserve = redis.NewScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 100000)
for i, member in ipairs(redis.call('ZRANGE', KEYS[2], 0, 99)) do
  if tonumber(string.match(member, '^%d+')) >= tonumber(ARGV[4]) then
    local wait = math.max(0, redis.call('ZSCORE', KEYS[2], member) - now)
    if wait > tonumber(ARGV[3]) then return {0, wait} end
    redis.call('ZREM', KEYS[2], member)
    return {1, wait}
  end
end
local empty = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + ARGV[1]
local wait = math.max(0, empty - ARGV[2] - now)
if wait > tonumber(ARGV[3]) then return {0, wait} end
redis.call('SET', KEYS[1], string.format('%.0f', empty), 'PX', math.ceil((empty - now) / 1000) + 1000)
return {1, wait}
`)

var giveBack = redis.NewScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1] .. ' ' .. ARGV[3])
local last = tonumber(redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
redis.call('PEXPIRE', KEYS[1], math.ceil((last - now) / 1000) + 1000)
return 1
`)

// Return implements [router.Limiter].
func (l *Limiter) Return(ctx context.Context, n int, wait time.Duration) error {
	err := giveBack.Run(ctx, l.client, l.keys()[1:], n, max(0, wait).Microseconds(), rand.Text()).Err()
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	return nil
}

// keys are those of the scripts, in one slot of a cluster.
func (l *Limiter) keys() []string { return []string{l.key, l.key + ":back"} }

// Reserve implements [router.Limiter].
func (l *Limiter) Reserve(ctx context.Context, n int, patience time.Duration) (wait time.Duration, ok bool, err error) {
	cost := time.Duration(n) * l.every
	room := time.Duration(max(l.burst, float64(n)) * float64(l.every))
	reply, err := reserve.Run(ctx, l.client, l.keys(), cost.Microseconds(), room.Microseconds(), patience.Microseconds(), n).Int64Slice()
	if err != nil {
		return 0, false, fmt.Errorf("redisstore: %w", err)
	}
	return time.Duration(reply[1]) * time.Microsecond, reply[0] == 1, nil
}
