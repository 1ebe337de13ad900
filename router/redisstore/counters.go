package redisstore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/router/guard"
)

// Counters are guard.Counters that several machines share. Each call is one script, so
// that a message is charged to all its counters or to none. All keys are in one slot of a
// cluster. Redis writes down hashes of what is counted, keyed with Options.Key.
//
// Redis that loses its data begins to count anew: budgets that must hold in spite of that
// belong into a database.
type Counters struct {
	client redis.UniversalClient
	prefix string
	key    []byte
}

var _ guard.Counters = (*Counters)(nil)

// NewCounters returns counters. A nil Options means the defaults; Lease has no meaning
// here. The caller closes the client.
func NewCounters(client redis.UniversalClient, opts *Options) *Counters {
	c := &Counters{client: client, prefix: "anysms:"}
	if opts != nil {
		if opts.Prefix != "" {
			c.prefix = opts.Prefix
		}
		c.key = opts.Key
	}
	return c
}

func (c *Counters) hash(purpose, value string) string {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte(purpose + "\x00" + value))
	return c.prefix + "{guard}:" + purpose[:1] + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}

func (c *Counters) keys(id string, charges []guard.Charge) []string {
	keys := make([]string, 0, len(charges)+1)
	if id != "" {
		keys = append(keys, c.hash("reservation", id))
	} else {
		keys = append(keys, c.prefix+"{guard}:none")
	}
	for i := range charges {
		keys = append(keys, c.hash("counter", charges[i].Key))
	}
	return keys
}

// A counter is a hash of l, its level, and e, when its window ends in microseconds. A
// reservation is a list: until when it is kept, then key, amount and end of the window
// for each counter. Times are those of the caller; Redis only removes what is over.

// common finds a counter: its level, its end, and whether the end was set back.
const common = `
local function num(n) return string.format('%.0f', n) end
local function find(key, now, ends)
  local l, e = unpack(redis.call('HMGET', key, 'l', 'e'))
  l, e = tonumber(l or '0'), tonumber(e or '0')
  if e <= now then return 0, ends, false end
  if e > ends then return l, ends, true end
  return l, e, false
end
local function put(key, now, level, ends)
  if level <= 0 then redis.call('DEL', key) return end
  redis.call('HSET', key, 'l', num(level), 'e', num(ends))
  redis.call('PEXPIRE', key, math.max(1, math.ceil((ends - now) / 1000)))
end
`

// reserveAll: KEYS are the reservation and the counters, ARGV now, keep, whether there is
// an id, then amount, limit and end of each counter.
var reserveAll = redis.NewScript(common + `
local now, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
if ARGV[3] == '1' then
  local until_ = redis.call('LINDEX', KEYS[1], 0)
  if until_ and tonumber(until_) > now then return {'held'} end
end
local found, over, reply = {}, -1, {''}
for i = 2, #KEYS do
  local at = 3 + (i - 2) * 3
  local amount, limit, ends = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local level, last, clamped = find(KEYS[i], now, ends)
  if over < 0 and level + amount > limit then over = i - 2 end
  found[i] = {level, last, amount, clamped}
end
if over >= 0 then
  reply[1] = num(over)
  for i = 2, #KEYS do
    local f = found[i]
    if f[4] then put(KEYS[i], now, f[1], f[2]) end
    table.insert(reply, num(f[1])) table.insert(reply, num(f[2]))
  end
  return reply
end
reply[1] = '-1'
local shares = {num(keep)}
for i = 2, #KEYS do
  local f = found[i]
  put(KEYS[i], now, f[1] + f[3], f[2])
  table.insert(reply, num(math.max(0, f[1] + f[3]))) table.insert(reply, num(f[2]))
  table.insert(shares, KEYS[i]) table.insert(shares, num(f[3])) table.insert(shares, num(f[2]))
end
if ARGV[3] == '1' then
  redis.call('DEL', KEYS[1])
  redis.call('RPUSH', KEYS[1], unpack(shares))
  redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((keep - now) / 1000)))
end
return reply
`)

// giveBackAll: KEYS are the reservation and its counters, ARGV now.
var giveBackAll = redis.NewScript(common + `
local now = tonumber(ARGV[1])
local list = redis.call('LRANGE', KEYS[1], 0, -1)
if #list == 0 or tonumber(list[1]) <= now then return 0 end
redis.call('DEL', KEYS[1])
for i = 2, #list, 3 do
  local l, e = unpack(redis.call('HMGET', list[i], 'l', 'e'))
  if l and tonumber(e) > now and tonumber(e) <= tonumber(list[i + 2]) then
    put(list[i], now, tonumber(l) - tonumber(list[i + 1]), tonumber(e))
  end
end
return 1
`)

// addAll: KEYS are nothing and the counters, ARGV now, then amount and end of each.
var addAll = redis.NewScript(common + `
local now, reply = tonumber(ARGV[1]), {}
for i = 2, #KEYS do
  local at = 1 + (i - 2) * 2
  local level, ends = find(KEYS[i], now, tonumber(ARGV[at + 2]))
  level = math.max(0, level + tonumber(ARGV[at + 1]))
  put(KEYS[i], now, level, ends)
  table.insert(reply, num(level)) table.insert(reply, num(ends))
end
return reply
`)

// levelsOf is addAll that adds nothing.
var levelsOf = redis.NewScript(common + `
local now, reply = tonumber(ARGV[1]), {}
for i = 2, #KEYS do
  local level, ends = find(KEYS[i], now, tonumber(ARGV[1 + (i - 2) * 2 + 2]))
  table.insert(reply, num(level)) table.insert(reply, num(ends))
end
return reply
`)

// Reserve implements guard.Counters.
func (c *Counters) Reserve(ctx context.Context, id string, now, keep time.Time, charges []guard.Charge) (held bool, over int, err error) {
	args := []any{now.UnixMicro(), keep.UnixMicro(), 0}
	if id != "" {
		args[2] = 1
	}
	for i := range charges {
		args = append(args, charges[i].Amount, charges[i].Limit, charges[i].Ends.UnixMicro())
	}
	reply, err := reserveAll.Run(ctx, c.client, c.keys(id, charges), args...).StringSlice()
	switch {
	case err != nil:
		return false, -1, fmt.Errorf("redisstore: %w", err)
	case len(reply) == 1 && reply[0] == "held":
		return true, -1, nil
	case len(reply) == 0:
		return false, -1, errors.New("redisstore: an empty reply")
	}
	if over, err = strconv.Atoi(reply[0]); err != nil {
		return false, -1, fmt.Errorf("redisstore: %w", err)
	}
	return false, over, levels(reply[1:], charges)
}

// levels reads level and end of each charge.
func levels(reply []string, charges []guard.Charge) error {
	if len(reply) != 2*len(charges) {
		return fmt.Errorf("redisstore: %d values for %d counters", len(reply), len(charges))
	}
	for i := range charges {
		level, err := strconv.ParseInt(reply[2*i], 10, 64)
		ends, err2 := strconv.ParseInt(reply[2*i+1], 10, 64)
		if err = errors.Join(err, err2); err != nil {
			return fmt.Errorf("redisstore: %w", err)
		}
		charges[i].Level, charges[i].Resets = level, time.UnixMicro(ends)
	}
	return nil
}

// Return implements guard.Counters.
func (c *Counters) Return(ctx context.Context, id string, now time.Time) error {
	if id == "" {
		return nil
	}
	if err := giveBackAll.Run(ctx, c.client, c.keys(id, nil), now.UnixMicro()).Err(); err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	return nil
}

// Add implements guard.Counters.
func (c *Counters) Add(ctx context.Context, now time.Time, charges []guard.Charge) error {
	return c.run(ctx, addAll, now, charges)
}

// Levels implements guard.Counters.
func (c *Counters) Levels(ctx context.Context, now time.Time, charges []guard.Charge) error {
	return c.run(ctx, levelsOf, now, charges)
}

func (c *Counters) run(ctx context.Context, script *redis.Script, now time.Time, charges []guard.Charge) error {
	args := []any{now.UnixMicro()}
	for i := range charges {
		args = append(args, charges[i].Amount, charges[i].Ends.UnixMicro())
	}
	reply, err := script.Run(ctx, c.client, c.keys("", charges), args...).StringSlice()
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	return levels(reply, charges)
}
