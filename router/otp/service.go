package otp

import (
	"crypto/rand"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Service starts verifications and checks codes. It is safe for concurrent use.
type Service struct {
	config Config // with defaults
	key    key
	store  Store
	send   router.SendFunc
	now    func() time.Time
	swept  atomic.Int64 // when, in microseconds
}

// New returns a service that sends with the given function: the Send of a router, or one
// that queues the message, which may return a nil Result with a nil error.
func New(send router.SendFunc, c Config) (*Service, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	s := &Service{config: c, key: key(c.Key), store: c.Store, send: send, now: time.Now}
	_, inMemory := c.Store.(*MemoryStore)
	switch {
	case send == nil:
		return nil, provider.ConfigErrorf("send", "must not be nil")
	case len(c.Key) == 0 && c.Store != nil && !inMemory:
		return nil, provider.ConfigErrorf("key", "must not be empty with a store that outlives the process")
	case len(c.Key) == 0:
		s.key = make(key, KeySize)
		_, _ = rand.Read(s.key) // never fails
	}
	if s.store == nil {
		s.store = NewMemoryStore(0)
	}
	return s, nil
}

// clock is the time in a store's precision.
func (s *Service) clock() time.Time { return s.now().Truncate(time.Microsecond) }

// text is what a verification's message says.
func (s *Service) text(id string, r *Record) string {
	text := r.Text
	if text == "" {
		text = s.config.Text
	}
	return s.config.render(text, s.key.code(id, r.Started, r.Length))
}

// messageRef is the ref of one more message of a verification.
func messageRef(id string) string { return id + "." + strings.ToLower(rand.Text()[:8]) }

// idIn is the verification's id in the ref of one of its messages, or the id itself.
func idIn(ref string) string {
	id, _, _ := strings.Cut(ref, ".")
	return id
}
