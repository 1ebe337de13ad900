// Package redisstore lets several machines act as one: a router.Store that
// remembers results by Ref, a router.Limiter that they share, and hints about
// providers that fail.
//
// Circuit breakers stay local to each process: a breaker that asked the network
// before each call would fail with it. What travels is a hint that a provider
// failed elsewhere; see [Hints].
package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// DefaultLease is how long a claim stands without a result if Options does not
// say.
const DefaultLease = 5 * time.Minute

// Options is how a Store works. The zero value of every field is its default.
type Options struct {
	// Prefix is put before every key; default "anysms:".
	Prefix string
	// Lease is how long a claim stands without a result. After that its owner
	// is taken for dead and the message for unknown. It should be longer than a
	// send may take; if it is shorter, a message that is still being sent may be
	// called unknown, but it is not sent twice unless its delivery mode allows.
	Lease time.Duration
}

// Store is a router.Store in Redis. It is safe for concurrent use. The results
// it keeps hold the recipient's number, never the text.
type Store struct {
	client redis.UniversalClient
	prefix string
	lease  time.Duration
}

var _ router.Store = (*Store)(nil)

// New makes a Store. A nil Options means the defaults. The client stays the
// caller's to close.
func New(client redis.UniversalClient, opts *Options) *Store {
	s := &Store{client: client, prefix: "anysms:", lease: DefaultLease}
	if opts != nil && opts.Prefix != "" {
		s.prefix = opts.Prefix
	}
	if opts != nil && opts.Lease > 0 {
		s.lease = opts.Lease
	}
	return s
}

// keys of a ref: the claim with its result, and the owner's sign of life. Both
// are in one slot of a cluster.
func (s *Store) keys(ref string) []string {
	claim := s.prefix + "ref:{" + ref + "}"
	return []string{claim, claim + ":lease"}
}

// begin claims a ref at once, or says what stands in the way.
var begin = redis.NewScript(`
local fp, status, result = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'status', 'result'))
if fp and fp ~= ARGV[1] then return {'reused'} end
if status == 'sending' and redis.call('EXISTS', KEYS[2]) == 1 then return {'inflight'} end
if status == 'accepted' then return {'accepted', result} end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'status', 'sending')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
if status == 'sending' or status == 'unknown' then return {'unknown', result or ''} end
redis.call('HDEL', KEYS[1], 'result')
return {'new'}
`)

// Begin is as router.Store has it.
func (s *Store) Begin(ctx context.Context, ref, fingerprint string, keep time.Duration) (*router.Result, error) {
	answer, err := begin.Run(ctx, s.client, s.keys(ref), fingerprint, keep.Milliseconds(), s.lease.Milliseconds()).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	switch answer[0] {
	case "reused":
		return nil, router.ErrRefReused
	case "inflight":
		return nil, router.ErrInFlight
	case "new":
		return nil, nil
	}
	if answer[1] == "" { // the first owner died
		return &router.Result{Ref: ref, Status: provider.OutcomeUnknown, Code: provider.Indeterminate, Message: "an earlier send ended without a result"}, nil
	}
	prior := new(router.Result)
	if err := json.Unmarshal([]byte(answer[1]), prior); err != nil {
		return nil, fmt.Errorf("redisstore: the stored result cannot be read: %w", err)
	}
	prior.Status = provider.Outcome(answer[0])
	return prior, nil
}

// finish records a result, but never over an acceptance.
var finish = redis.NewScript(`
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return 0 end
if status ~= 'accepted' then redis.call('HSET', KEYS[1], 'status', ARGV[1], 'result', ARGV[2]) end
redis.call('DEL', KEYS[2])
return 1
`)

// Finish is as router.Store has it.
func (s *Store) Finish(ctx context.Context, ref string, r *router.Result) error {
	result, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	done, err := finish.Run(ctx, s.client, s.keys(ref), string(r.Status), result).Int()
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	if done == 0 {
		return errors.New("redisstore: there is no claim on this ref; it was kept for too short a time")
	}
	return nil
}
