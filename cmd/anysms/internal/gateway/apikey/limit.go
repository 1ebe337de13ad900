package apikey

import (
	"net/netip"
	"sync"
	"time"
)

// bucket is a rate of messages. It may be overdrawn once, so that a batch that is
// larger than what it holds is taken, and paid for afterwards.
type bucket struct {
	rate float64 // per second; it holds as much as comes in a second, and at least one

	mu   sync.Mutex
	have float64
	at   time.Time
}

func newBucket(rate float64) *bucket { return &bucket{rate: rate, have: max(rate, 1), at: time.Now()} }

func (b *bucket) take(n int) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.have = min(max(b.rate, 1), b.have+b.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.have < 1 {
		return time.Duration((1 - b.have) / b.rate * float64(time.Second)), false
	}
	b.have -= float64(n)
	return 0, true
}

// Failures limits how often an address may be wrong. A right key is never limited by it:
// the key is looked at first.
type Failures struct {
	mu   sync.Mutex
	seen map[netip.Addr]*bucket
}

const (
	failuresPerSecond = 5
	maxAddresses      = 10_000
)

// Allow counts a wrong key from an address. false = there were too many; wait is how
// long until another is looked at.
func (f *Failures) Allow(from netip.Addr) (wait time.Duration, ok bool) {
	if from.Is6() && !from.Is4In6() { // who has one address has the whole /64
		from = netip.PrefixFrom(from, 64).Masked().Addr()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.seen[from]
	if b == nil {
		if len(f.seen) >= maxAddresses || f.seen == nil {
			f.seen = make(map[netip.Addr]*bucket)
		}
		b = newBucket(failuresPerSecond)
		f.seen[from] = b
	}
	return b.take(1)
}
