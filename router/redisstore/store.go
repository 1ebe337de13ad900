// Package redisstore lets several machines share what they know, in Redis: a
// router.Store that remembers results by Ref, a router.Limiter, and hints about
// providers that fail.
//
// Circuit breakers stay local to each process: one that asked the network before
// each call would fail with the network. Machines only share hints that a provider
// fails; see [Hints].
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

// DefaultLease is how long a claim is held without a result by default.
const DefaultLease = 5 * time.Minute

// Options configure a [Store]. The zero value of every field is its default.
type Options struct {
	// Prefix is put before every key; default "anysms:".
	Prefix string
	// Lease is how long a claim is held without a result. After that its owner
	// counts as dead and the message as unknown. Lease should be longer than a
	// send takes: if it is shorter, a message in flight may be reported as
	// unknown, but is sent again only if its delivery mode allows it.
	Lease time.Duration
}

// Store is a router.Store in Redis. It is safe for concurrent use. The results
// it keeps hold the recipient's number, never the text.
type Store struct {
	client redis.UniversalClient
	prefix string
	lease  time.Duration
	owners sync.Map // ref → owner of the claim that this process holds
}

var _ router.Store = (*Store)(nil)

// New returns a Store. A nil Options means the defaults. The caller closes the
// client.
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

// keys returns the keys of a ref: the claim with its result, and the owner's lease.
// Both are in one slot of a cluster.
func (s *Store) keys(ref string) []string {
	claim := s.prefix + "ref:{" + ref + "}"
	return []string{claim, claim + ":lease"}
}

// begin claims a ref in one step, or returns why it cannot. Clients repeat calls
// whose reply was lost: the owner's name tells its own claim from another's. A
// claim is kept while the message is in flight.
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

// Begin implements [router.Store].
func (s *Store) Begin(ctx context.Context, ref, fingerprint string, keep time.Duration) (*router.Result, error) {
	owner := rand.Text()
	reply, err := begin.Run(ctx, s.client, s.keys(ref), fingerprint, keep.Milliseconds(), s.lease.Milliseconds(), owner).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	if reply[0] == "new" || reply[0] == "unknown" {
		s.owners.Store(ref, owner)
	}
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
	prior := new(router.Result)
	if err := json.Unmarshal([]byte(reply[1]), prior); err != nil {
		return nil, fmt.Errorf("redisstore: the stored result cannot be read: %w", err)
	}
	prior.Status = provider.Outcome(reply[0])
	return prior, nil
}

// finish records a result, but never over an acceptance. An owner that has lost its
// claim cannot release it; it can only record that the message was or may have
// been accepted.
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

// Finish implements [router.Store].
func (s *Store) Finish(ctx context.Context, ref string, r *router.Result) error {
	result, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	owner, _ := s.owners.LoadAndDelete(ref)
	name, _ := owner.(string) // "" = it was finished or taken over before
	done, err := finish.Run(ctx, s.client, s.keys(ref), string(r.Status), result, name).Int()
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	if done == 0 {
		return errors.New("redisstore: this ref is not claimed any more; keep is shorter than the send took")
	}
	return nil
}
