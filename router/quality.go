package router

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// tally counts results, of which older ones weigh less.
type tally struct{ good, all float64 }

func (t *tally) add(good bool) {
	t.all++
	if good {
		t.good++
	}
}

// fade multiplies the weight of what was counted.
func (t *tally) fade(by float64) { t.good, t.all = t.good*by, t.all*by }

// rate is the share of good results; 1 if there is none.
func (t tally) rate() float64 {
	if t.all == 0 {
		return 1
	}
	return t.good / t.all
}

// bounds are the limits between which the true share lies, each with the confidence
// that z stands for (Wilson's score interval).
func (t tally) bounds(z float64) (low, high float64) {
	if t.all == 0 {
		return 0, 1
	}
	p, n := t.rate(), t.all
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	reach := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, middle-reach), min(1, middle+reach)
}

// zOf is the number of standard deviations below which a share of all values lies.
func zOf(confidence float64) float64 { return math.Sqrt2 * math.Erfinv(2*confidence-1) }

// measured is what a route knows of a provider in one country.
type measured struct {
	accepted  tally   // attempts
	delivered tally   // final reports
	verified  tally   // one-time codes
	seconds   float64 // mean duration of the attempts that were accepted
	at        time.Time

	// round grows when the measuring begins anew. What was sent in an earlier round
	// does not count any more.
	round uint32

	resting bool
	since   time.Time // when it began to rest, or to be used again
	reason  string    // why
	strikes int       // how often it had to rest lately
	reports bool      // of a resting one: its vendor used to report
}

// passTime lets what was measured fade with time, so that it does not speak for a day
// long past.
func (m *measured) passTime(now time.Time, halfLife time.Duration) {
	passed := max(0, now.Sub(m.at))
	m.fade(math.Exp2(-float64(passed) / float64(halfLife)))
	m.at = now
}

func (m *measured) fade(by float64) {
	m.accepted.fade(by)
	m.delivered.fade(by)
	m.verified.fade(by)
}

// addAttempt counts an attempt. window is how many count at most.
func (m *measured) addAttempt(good bool, took time.Duration, window float64) {
	m.accepted.fade(1 - 1/window)
	m.accepted.add(good)
	if good {
		m.seconds += (took.Seconds() - m.seconds) / m.accepted.good
	}
}

func (m *measured) addReport(good bool, window float64) {
	m.delivered.fade(1 - 1/window)
	m.delivered.add(good)
}

func (m *measured) addCode(good bool, window float64) {
	m.verified.fade(1 - 1/window)
	m.verified.add(good)
}

// anew forgets what was measured.
func (m *measured) anew() {
	m.accepted, m.delivered, m.verified, m.seconds = tally{}, tally{}, tally{}, 0
	m.round++
}

// yield is the share of messages that arrive, as far as two providers can be compared,
// with its bounds: vendors that do not report are compared by what they accept.
type yield struct {
	rate, low, high float64

	accepted float64
	beside   *tally // what else was measured; nil = nothing
	what     string // the word for it
}

// yieldOf measures a provider by a kind of result beside the attempts; nil = by none.
func (m *measured) yieldOf(beside *tally, what string, z float64) yield {
	y := yield{rate: m.accepted.rate(), accepted: m.accepted.rate(), beside: beside, what: what}
	y.low, y.high = m.accepted.bounds(z)
	if beside != nil {
		low, high := beside.bounds(z)
		y.rate, y.low, y.high = y.rate*beside.rate(), y.low*low, y.high*high
	}
	return y
}

// String says what was measured.
func (y yield) String() string {
	s := share100(y.accepted) + " accepted"
	if y.beside != nil && y.beside.all > 0 {
		s += ", " + share100(y.beside.rate()) + " " + y.what
	}
	return s
}

// compared returns the yields of two providers by the best that is known of both.
func compared(x, y *measured, least, z float64) (yield, yield) {
	switch {
	case x.verified.all >= least && y.verified.all >= least:
		return x.yieldOf(&x.verified, "verified", z), y.yieldOf(&y.verified, "verified", z)
	case x.delivered.all >= least && y.delivered.all >= least:
		return x.yieldOf(&x.delivered, "delivered", z), y.yieldOf(&y.delivered, "delivered", z)
	}
	return x.yieldOf(nil, "", z), y.yieldOf(nil, "", z)
}

// worse says why a provider with at least so many results is worse than another one; "" =
// that is not shown.
func (a *Adaptive) worse(x, y *measured, name string, results int, z float64) string {
	least := float64(results)
	if x.accepted.all < least {
		return ""
	}
	if y.accepted.all >= float64(a.MinSample) {
		p, q := compared(x, y, least, z)
		if p.high < q.low-a.Margin {
			return fmt.Sprintf("%s; %s has %s", p, name, q)
		}
		if a.Slow > 0 && slower(x, y, a.Slow) {
			return fmt.Sprintf("attempts take %s; with %s they take %s", seconds(x.seconds), name, seconds(y.seconds))
		}
	} else if _, high := x.accepted.bounds(z); high < a.Floor {
		return share100(x.accepted.rate()) + " accepted"
	}
	if _, high := x.delivered.bounds(z); x.delivered.all >= least && y.delivered.all < least && high < a.Floor {
		return share100(x.delivered.rate()) + " delivered"
	}
	return ""
}

// stillWorse reports whether a provider that rests would be no better than before.
func (a *Adaptive) stillWorse(x, y *measured, z float64) bool {
	p, q := compared(x, y, float64(a.MinSample), z)
	_, high := x.delivered.bounds(z)
	return p.rate < q.rate-a.Margin/2 || a.Slow > 0 && slower(x, y, a.Slow/2) ||
		x.delivered.all >= float64(a.MinSample) && y.delivered.all < float64(a.MinSample) && high < a.Floor
}

// slower reports whether attempts take longer by a factor, and by a second.
func slower(x, y *measured, factor float64) bool {
	return x.seconds > factor*y.seconds && x.seconds-y.seconds > 1
}

func share100(rate float64) string { return fmt.Sprintf("%.0f%%", 100*rate) }

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond).String()
}

// Quality is what a route with strategy [AdaptiveOrder] has measured of a provider in one
// country. Counts are weighted: results that are long past count less.
type Quality struct {
	Route    string `json:"route"`
	Provider string `json:"provider"`
	Country  string `json:"country"` // ISO 3166 alpha-2; "" = none

	Attempts     float64 `json:"attempts"`
	AcceptedRate float64 `json:"accepted_rate"`
	Reports      float64 `json:"reports"` // final ones
	DeliveryRate float64 `json:"delivery_rate"`
	Codes        float64 `json:"codes"` // one-time codes that were verified or not
	VerifiedRate float64 `json:"verified_rate"`
	Seconds      float64 `json:"seconds"` // mean duration of the attempts that were accepted

	Resting bool       `json:"resting"` // it comes after the others, and is measured by a small share of messages
	Since   *time.Time `json:"since"`   // when it began to rest, or to be used again; nil = it never rested
	Reason  string     `json:"reason"`  // why
}

// String says what was measured, and why the provider rests.
func (q Quality) String() string {
	var words []string
	add := func(count, rate float64, what, of string) {
		if count >= 1 {
			words = append(words, fmt.Sprintf("%s %s of %.0f %s", share100(rate), what, count, of))
		}
	}
	add(q.Attempts, q.AcceptedRate, "accepted", "attempts")
	add(q.Reports, q.DeliveryRate, "delivered", "reports")
	add(q.Codes, q.VerifiedRate, "verified", "codes")
	s := strings.Join(words, ", ")
	if q.Resting {
		s = strings.TrimPrefix(s+"; rests: "+q.Reason, "; ")
	}
	return s
}

func (m *measured) quality(route, name, country string) Quality {
	q := Quality{
		Route: route, Provider: name, Country: country, Attempts: m.accepted.all, AcceptedRate: m.accepted.rate(),
		Reports: m.delivered.all, DeliveryRate: m.delivered.rate(), Codes: m.verified.all, VerifiedRate: m.verified.rate(),
		Seconds: m.seconds, Resting: m.resting, Reason: m.reason,
	}
	if !m.since.IsZero() {
		q.Since = &m.since
	}
	return q
}
