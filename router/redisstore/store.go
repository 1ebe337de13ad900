// Package redisstore lets several machines share what they know, in Redis: a
// router.Store that remembers results by Ref, a router.Limiter, and hints about
// providers that fail.
//
// Circuit breakers stay local to each process: one that asked the network before
// each call would fail with the network. Machines only share hints that a provider
// fails; see [Hints].
//
// Redis may lose what it was told, by FLUSHALL or a restart without persistence.
// The store notices this, unless no process that used it before is running, and
// its claims then come with [router.ErrDataLost]: the router announces it, and
// marks the messages that may have been sent before as possible duplicates.
package redisstore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// DefaultLease is how long a claim is held without a result by default.
const DefaultLease = 5 * time.Minute

// Options configure a [Store]. The zero value of every field is its default.
type Options struct {
	// Prefix is put before every key; default "anysms:".
	Prefix string
	// Lease is how long a claim is held without a result or another attempt. After
	// that its owner counts as dead and the message as unknown. Lease should be
	// longer than an attempt takes: if it is shorter, a message in flight may be
	// reported as unknown, but is sent again only if its delivery mode allows it.
	Lease time.Duration
	// Key is a secret of 16 bytes or more that all machines have. With it nobody
	// who reads Redis can guess what a message said from its fingerprint.
	// Without it the fingerprint of a short text, such as a one-time code, can
	// be guessed.
	Key []byte
}

// Store is a router.Store in Redis. It is safe for concurrent use. The results
// it keeps hold the recipient's number, never the text.
type Store struct {
	client redis.UniversalClient
	prefix string
	lease  time.Duration
	key    []byte
	data   data
}

var _ router.Store = (*Store)(nil)

// New returns a Store. A nil Options means the defaults. The caller closes the
// client.
func New(client redis.UniversalClient, opts *Options) *Store {
	s := &Store{client: client, prefix: "anysms:", lease: DefaultLease}
	if opts != nil {
		if opts.Prefix != "" {
			s.prefix = opts.Prefix
		}
		if opts.Lease > 0 {
			s.lease = opts.Lease
		}
		s.key = opts.Key
	}
	s.data.key = s.prefix + "data"
	return s
}

// keys returns the keys of a ref: the claim with its result, and the owner's lease.
// Both are in one slot of a cluster.
func (s *Store) keys(ref string) []string {
	claim := s.prefix + "ref:{" + ref + "}"
	return []string{claim, claim + ":lease"}
}

// keyed returns what is written down of a fingerprint.
func (s *Store) keyed(c router.Claim) string {
	h := hmac.New(sha256.New, s.key)
	fmt.Fprintf(h, "%d:%s%s", len(c.Ref), c.Ref, c.Fingerprint)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// The scripts share the fields of a claim: fingerprint; status, which is that of the
// result or "sending"; result, in JSON; owner, while it is sending; prior, what its
// owner was told when it began; keep.

// look tells what begin would, and changes nothing.
var look = redis.NewScript(`
local fp, status, result, owner, prior = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'status', 'result', 'owner', 'prior'))
if not fp then return {'new', ''} end
if fp ~= ARGV[1] then return {'reused', ''} end
if status == 'sending' and owner == ARGV[2] then return {prior, result or ''} end
if status == 'sending' and redis.call('EXISTS', KEYS[2]) == 1 then return {'inflight', ''} end
if status == 'accepted' then return {'accepted', result} end
if status == 'sending' or status == 'unknown' then return {'unknown', result or ''} end
return {'new', ''}
`)

// begin claims a ref in one step, or returns why it cannot. Clients repeat calls
// whose reply was lost: the owner's name tells its own claim from another's. A
// claim is kept while the message is in flight.
var begin = redis.NewScript(`
local fp, status, result, owner, prior = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'status', 'result', 'owner', 'prior'))
if fp and fp ~= ARGV[1] then return {'reused', ''} end
if status == 'accepted' then return {'accepted', result} end
if status ~= 'sending' or owner ~= ARGV[2] then
  if status == 'sending' and redis.call('EXISTS', KEYS[2]) == 1 then return {'inflight', ''} end
  prior = 'new'
  if status == 'sending' or status == 'unknown' then prior = 'unknown' else redis.call('HDEL', KEYS[1], 'result') end
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'status', 'sending', 'owner', ARGV[2], 'prior', prior, 'keep', ARGV[3])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3] + ARGV[4])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[4])
if prior == 'new' then return {'new', ''} end
return {'unknown', result or ''}
`)

// finish records the owner's result, or the late outcome of somebody else. Nothing is
// written over an acceptance.
var finish = redis.NewScript(`
local fp, status, owner, keep = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'status', 'owner', 'keep'))
local owned = status and owner and owner == ARGV[2]
if fp and fp ~= ARGV[1] then return 'late' end
local take = owned or ARGV[3] == 'accepted' or (ARGV[3] == 'unknown' and status ~= 'sending' and status ~= 'unknown')
if status == 'accepted' then take = false end
if take then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'status', ARGV[3], 'result', ARGV[4])
end
if take or owned then redis.call('PEXPIRE', KEYS[1], keep or ARGV[5]) end
if not owned then return 'late' end
redis.call('HDEL', KEYS[1], 'owner')
redis.call('DEL', KEYS[2])
return 'ok'
`)

// Look implements [router.Store].
func (s *Store) Look(ctx context.Context, c router.Claim) (*router.Result, error) {
	reply, err := look.Run(ctx, s.client, s.keys(c.Ref), s.keyed(c), c.Owner).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	return prior(c.Ref, reply)
}

// Begin implements [router.Store].
func (s *Store) Begin(ctx context.Context, c router.Claim) (*router.Result, error) {
	reply, lost, err := s.data.run(ctx, s.client, c.Keep, begin, s.keys(c.Ref), s.keyed(c), c.Owner, c.Keep.Milliseconds(), s.lease.Milliseconds())
	if err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	if reply[0] == "new" && lost != nil {
		return nil, lost
	}
	return prior(c.Ref, reply)
}

// prior reads the reply of look and begin.
func prior(ref string, reply []string) (*router.Result, error) {
	switch reply[0] {
	case "reused":
		return nil, router.ErrRefReused
	case "inflight":
		return nil, router.ErrInFlight
	case "new":
		return nil, nil
	}
	if reply[1] == "" { // the first owner died
		return &router.Result{Ref: ref, Status: provider.OutcomeUnknown, Code: provider.Indeterminate, Message: "an earlier send ended without a result"}, nil
	}
	r := new(router.Result)
	if err := json.Unmarshal([]byte(reply[1]), r); err != nil {
		return nil, fmt.Errorf("redisstore: the stored result cannot be read: %w", err)
	}
	r.Status = provider.Outcome(reply[0])
	return r, nil
}

// Finish implements [router.Store].
func (s *Store) Finish(ctx context.Context, c router.Claim, r *router.Result) error {
	late := r.Status == provider.OutcomeRefused || r.Status == provider.OutcomeNotSent
	if late && c.Owner == "" { // there is nothing to do
		return router.ErrNotOwner
	}
	result, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	done, err := finish.Run(ctx, s.client, s.keys(c.Ref), s.keyed(c), c.Owner, string(r.Status), result, c.Keep.Milliseconds()).Text()
	switch {
	case err != nil:
		return fmt.Errorf("redisstore: %w", err)
	case done != "ok":
		return fmt.Errorf("redisstore: %w", router.ErrNotOwner)
	}
	return nil
}
