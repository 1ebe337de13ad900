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
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
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
	owners sync.Map // ref → owner of the claim that is at work here
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

// begin claims a ref at once, or says what stands in the way. A client repeats
// calls whose answer was lost: the owner tells its own claim from another's. What
// is claimed is kept for as long as it is at work.
var begin = redis.NewScript(`
local fp, status, result, owner, prior = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'status', 'result', 'owner', 'prior'))
if fp and fp ~= ARGV[1] then return {'reused'} end
if status == 'sending' and owner == ARGV[4] then return {prior, result or ''} end
if status == 'sending' and redis.call('EXISTS', KEYS[2]) == 1 then return {'inflight'} end
if status == 'accepted' then return {'accepted', result} end
prior = 'new'
if status == 'sending' or status == 'unknown' then prior = 'unknown' else redis.call('HDEL', KEYS[1], 'result') end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'status', 'sending', 'owner', ARGV[4], 'prior', prior, 'keep', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2] + ARGV[3])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
if prior == 'new' then return {'new'} end
return {'unknown', result or ''}
`)

// Begin is as router.Store has it.
func (s *Store) Begin(ctx context.Context, ref, fingerprint string, keep time.Duration) (*router.Result, error) {
	owner := rand.Text()
	answer, err := begin.Run(ctx, s.client, s.keys(ref), fingerprint, keep.Milliseconds(), s.lease.Milliseconds(), owner).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	if answer[0] == "new" || answer[0] == "unknown" {
		s.owners.Store(ref, owner)
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

// finish records a result, but never over an acceptance; and who no longer has
// the claim cannot free it, only say that the message is or may be out.
var finish = redis.NewScript(`
local status, owner, keep = unpack(redis.call('HMGET', KEYS[1], 'status', 'owner', 'keep'))
if not status then return 0 end
local out = ARGV[1] == 'accepted' or ARGV[1] == 'unknown'
if status == 'accepted' or owner ~= ARGV[3] and not out then return 1 end
redis.call('HSET', KEYS[1], 'status', ARGV[1], 'result', ARGV[2])
redis.call('HDEL', KEYS[1], 'owner')
redis.call('PEXPIRE', KEYS[1], keep)
redis.call('DEL', KEYS[2])
return 1
`)

// Finish is as router.Store has it.
func (s *Store) Finish(ctx context.Context, ref string, r *router.Result) error {
	result, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	owner, _ := s.owners.LoadAndDelete(ref)
	name, _ := owner.(string) // "" = it was finished, or taken over, before
	done, err := finish.Run(ctx, s.client, s.keys(ref), string(r.Status), result, name).Int()
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	if done == 0 {
		return errors.New("redisstore: there is no claim on this ref; it was kept for too short a time")
	}
	return nil
}
