package router

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/anysms/anysms/provider"
)

// content is a digest of what the recipient would get: To, From, Text and SendAt.
// It is equal for messages of equal content.
type content [sha256.Size]byte

func contentOf(m *provider.Message) content {
	h := sha256.New()
	var size [8]byte
	for _, field := range [...]string{m.To.Digits(), m.From, m.Text} {
		h.Write(binary.BigEndian.AppendUint64(size[:0], uint64(len(field))))
		h.Write([]byte(field))
	}
	if !m.SendAt.IsZero() {
		h.Write(binary.BigEndian.AppendUint64(size[:0], uint64(m.SendAt.UnixNano())))
	}
	return content(h.Sum(nil))
}

// String returns the fingerprint of [Claim] and [JournalEntry].
func (c content) String() string { return hex.EncodeToString(c[:]) }

// short is a part that can be compared where space matters.
func (c content) short() uint64 { return binary.BigEndian.Uint64(c[:8]) }

// ordinals counts how often each content came up.
type ordinals struct {
	once  map[uint64]struct{}
	often map[uint64]int // those that came up more than once
}

// next returns how often it has come up, this time included.
func (o *ordinals) next(c content) int {
	if o.once == nil {
		o.once, o.often = make(map[uint64]struct{}), make(map[uint64]int)
	}
	k := c.short()
	if _, again := o.once[k]; !again {
		o.once[k] = struct{}{}
		return 1
	}
	n := max(1, o.often[k]) + 1
	o.often[k] = n
	return n
}

// Keys gives messages the keys that [Router.SendAll] gives them in a [Journal], so
// that an entry can be traced to its message: a new Keys must be given all messages
// of the sequence in their order. The zero value is ready; it is not safe for
// concurrent use.
type Keys struct{ met ordinals }

// Key returns the message's Ref, or without one its fingerprint, to which an ordinal
// is added from the second of equal messages on.
func (k *Keys) Key(m *provider.Message) string {
	if m.Ref != "" {
		return m.Ref
	}
	c := contentOf(m)
	if n := k.met.next(c); n > 1 {
		return fmt.Sprintf("%s#%d", c, n)
	}
	return c.String()
}

// Fingerprint returns the fingerprint of a message's content, as in [Claim]: To, From,
// Text and SendAt.
func Fingerprint(m *provider.Message) string { return contentOf(m).String() }
