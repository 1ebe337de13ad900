package otp

import (
	"cmp"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// Limits of a code.
const (
	MinLength = 4
	MaxLength = 10
	MinTTL    = time.Minute
	MaxTTL    = time.Hour
)

// KeySize is the least size of a key, in bytes.
const KeySize = 32

// Config configures a [Service]. The zero value of every field is its default. A wrong
// value is a [*provider.ConfigError] from [New].
type Config struct {
	// Key is the secret that codes are derived from, at least 32 bytes, the same in
	// every process that shares the store. It may be left out with a memory store.
	Key []byte
	// Store holds the verifications; nil = a new [MemoryStore].
	Store Store

	Length  int           // digits of a code, 4 to 10; default 6
	TTL     time.Duration // how long a code is valid, 1m to 60m; default 5m
	Tries   int           // wrong codes that end a verification, at most 100; default 5
	Resends int           // messages with the same code after the first, at most 100; default 3, negative = none

	// Text is what is sent, with {code} in it; default "{code} is your code.".
	Text string
	// Domain adds a last line such as "@example.com #123456", which binds the code to a
	// web site: browsers offer it there and nowhere else. "" = no such line.
	Domain string
	// MaxSegments is how many segments the whole text may take, at most 10; default 1.
	MaxSegments int

	NumberSends  int           // messages to a number in a window; default 5, negative = no limit
	NumberTries  int           // wrong codes for a number in a window; default 10, negative = no limit
	NumberWindow time.Duration // default 1h, at most 24h

	// OnConversion is called when a verification has ended: see [Conversion]. It must be
	// quick, and may be called by several goroutines at once. It may be nil.
	OnConversion func(Conversion)
}

// DefaultText is Config.Text where it is not given.
const DefaultText = "{code} is your code."

// Check returns what is wrong with a configuration; nil = nothing.
func (c Config) Check() error {
	c = c.withDefaults()
	if len(c.Key) > 0 && len(c.Key) < KeySize {
		return provider.ConfigErrorf("key", "has %d bytes; want at least %d", len(c.Key), KeySize)
	}
	for _, n := range []struct {
		path             string
		value, low, high int
	}{
		{"length", c.Length, MinLength, MaxLength},
		{"tries", c.Tries, 1, 100},
		{"resends", c.Resends, -1, 100},
		{"max_segments", c.MaxSegments, 1, 10},
		{"number.sends", c.NumberSends, -1, 1_000_000},
		{"number.tries", c.NumberTries, -1, 1_000_000},
	} {
		if n.value < n.low || n.value > n.high {
			return provider.ConfigErrorf(n.path, "%d; want %d to %d", n.value, max(0, n.low), n.high)
		}
	}
	if c.TTL < MinTTL || c.TTL > MaxTTL {
		return provider.ConfigErrorf("ttl", "%s; want %s to %s", c.TTL, MinTTL, MaxTTL)
	}
	if c.NumberWindow < time.Minute || c.NumberWindow > 24*time.Hour {
		return provider.ConfigErrorf("number.window", "%s; want 1m to 24h", c.NumberWindow)
	}
	if err := checkDomain(c.Domain); err != nil {
		return provider.ConfigErrorf("domain", "%v", err)
	}
	if err := c.fits(c.Text, c.Length); err != nil {
		return provider.ConfigErrorf("text", "%v", err)
	}
	return nil
}

func (c Config) withDefaults() Config {
	c.Length = cmp.Or(c.Length, 6)
	c.TTL = cmp.Or(c.TTL, 5*time.Minute)
	c.Tries = cmp.Or(c.Tries, 5)
	c.Resends = negative(cmp.Or(c.Resends, 3))
	c.Text = cmp.Or(c.Text, DefaultText)
	c.MaxSegments = cmp.Or(c.MaxSegments, 1)
	c.NumberSends = negative(cmp.Or(c.NumberSends, 5))
	c.NumberTries = negative(cmp.Or(c.NumberTries, 10))
	c.NumberWindow = cmp.Or(c.NumberWindow, time.Hour)
	return c
}

// negative makes all negative numbers one: off.
func negative(n int) int { return max(n, -1) }

// domain is compiled when it is first needed: its counts make it large.
var domain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
})

func checkDomain(s string) error {
	if s == "" || len(s) <= 253 && domain().MatchString(s) {
		return nil
	}
	return fmt.Errorf("%q; want a host name in lower case, without https:// and port, such as example.com", s)
}
