package guard

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Pumping stops codes to ranges of numbers of which hardly any code is verified. In an
// attack, a program requests codes for thousands of numbers whose owner is paid for each
// message, and never enters one.
//
// Each range has a score. A code that is sent adds MinRatio, one that is verified takes
// away 1, never below 0; a score of MinRatio × Unverified stops the range until its
// window ends. So Unverified codes in a row are enough, and a range where more than
// MinRatio of the codes are verified is never stopped for long. Unverified must be more
// than the codes that are on their way to one range at the same time and will be
// verified in a moment.
type Pumping struct {
	MinRatio   float64       // of verified to sent codes; default 0.2
	Unverified int           // codes; default 50
	Digits     int           // last digits in which the numbers of a range differ, at least 3; default 5, which is 100,000 numbers
	Window     time.Duration // default 1h
	AlarmOnly  bool          // announces the attack, and lets the messages pass

	prefix string
	heard  heard
}

// minRangeDigits and maxRangeDigits bound Digits.
const (
	minRangeDigits = 3 // what is verified is told by the digits without the last three
	maxRangeDigits = 9
)

func (g *Pumping) setUp(path string) error {
	g.MinRatio = cmp.Or(g.MinRatio, 0.2)
	g.Unverified = cmp.Or(g.Unverified, 50)
	g.Digits = cmp.Or(g.Digits, 5)
	g.Window = cmp.Or(g.Window, time.Hour)
	if !(g.MinRatio >= 0.001 && g.MinRatio < 1) {
		return provider.ConfigErrorf(path+".min_ratio", "%v; want a share from 0.001 to less than 1, such as 0.2", g.MinRatio)
	}
	if g.Unverified < 1 {
		return provider.ConfigErrorf(path+".unverified", "%d; want at least 1", g.Unverified)
	}
	if g.Digits < minRangeDigits || g.Digits > maxRangeDigits {
		return provider.ConfigErrorf(path+".digits", "%d; want from %d to %d", g.Digits, minRangeDigits, maxRangeDigits)
	}
	g.prefix = fmt.Sprintf("p %d %s", g.Digits, g.Window)
	return checkWindow(path+".window", g.Window)
}

func (g *Pumping) name() string { return "pumping" }

func (g *Pumping) counter() string { return g.prefix }

// The score counts in thousandths.
const whole = 1000

func (g *Pumping) each() int64 { return int64(g.MinRatio * whole) }

func (g *Pumping) stop() int64 { return g.each() * int64(g.Unverified) }

// rangeOf returns the first digits of a number, which its range has in common. At least
// the calling code and two more are left.
func (g *Pumping) rangeOf(n e164.Number, digits string) string {
	_, national := n.Split()
	return digits[:max(len(digits)-len(national)+2, len(digits)-g.Digits)]
}

func (g *Pumping) charge(p *passage) error {
	if p.traits.class != provider.OTP {
		return nil
	}
	c := Charge{Amount: g.each(), Limit: g.stop(), Ends: p.now.Add(g.Window)}
	if g.AlarmOnly {
		c.Limit = int64(1) << 60
	}
	p.charge(g, c, g.prefix, g.rangeOf(p.Message.To, p.digits))
	return nil
}

// verified is what a code that was verified adds to its range.
func (g *Pumping) verified(to e164.Number, now time.Time) Charge {
	digits := to.Digits()
	return Charge{
		Key: g.prefix + "\x00" + g.rangeOf(to, digits) + "\x00", Amount: -whole, Ends: now.Add(g.Window),
	}
}

func (g *Pumping) exceeded(*Charge) error {
	return provider.NewError(provider.Rejected, "pumping: too few of the codes to this range of numbers were verified")
}

// reserved announces a range that looks like an attack: at half of what stops it, and
// when it is stopped.
func (g *Pumping) reserved(p *passage, c *Charge) {
	for _, line := range [2]int64{(g.stop() + 1) / 2, g.stop()} {
		if c.Level >= line && c.Level-c.Amount < line {
			g.announce(p, c, line == g.stop())
		}
	}
}

func (g *Pumping) announce(p *passage, c *Charge, stopped bool) {
	prefix := g.rangeOf(p.Message.To, p.digits)
	if !g.heard.first(prefix, stopped, p.now) {
		return
	}
	s := fmt.Sprintf("of the codes to numbers that begin with +%s (%s) fewer than %d %% are verified", prefix, p.Country, int64(g.MinRatio*100))
	switch {
	case stopped && g.AlarmOnly:
		s += "; they are still sent"
	case stopped:
		s += "; no more are sent until " + c.Resets.UTC().Format(time.RFC3339)
	}
	p.Announce(g.name(), s, nil)
}

// String describes the rule.
func (g *Pumping) String() string {
	s := fmt.Sprintf("%d codes to numbers that differ in the last %d digits, with fewer than %d %% verified, in %s",
		g.Unverified, g.Digits, int64(g.MinRatio*100), spell(g.Window))
	if g.AlarmOnly {
		s += "; only announced"
	}
	return s
}

// heard remembers what was announced, so that an attack does not flood the log.
type heard struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// sayAgain is how often the same is announced; maxHeard bounds what is remembered.
const (
	sayAgain = 10 * time.Minute
	maxHeard = 1000
)

func (h *heard) first(what string, stopped bool, now time.Time) bool {
	if stopped {
		what += "!"
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if at, ok := h.last[what]; ok && now.Sub(at) < sayAgain && now.Sub(at) >= 0 {
		return false
	}
	if h.last == nil || len(h.last) >= maxHeard {
		h.last = make(map[string]time.Time)
	}
	h.last[what] = now
	return true
}
