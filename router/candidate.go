package router

import (
	"fmt"
	"time"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
)

// candidate is a provider of the chosen route, seen from one message.
type candidate struct {
	line   *line
	target *Target
	place  int // in the route
	credit int // in the balance

	message  *provider.Message // what this provider would be given, but for the validity left
	owned    bool              // message is this candidate's own copy
	analysis segment.Analysis
	ignored  []string
	cost     *Cost // by the rate card, under LeastCost

	transliterated bool // its text is not the message's

	unfit  string // why it cannot carry the message; "" = it can
	passed string // why it was passed over, in the end
	state  candidateState
	ready  time.Time // of waiting: when it may be tried
	forced bool      // as a last resort, whatever its breaker says
	doubt  bool      // an attempt here has an unknown outcome

	tries    int
	first    time.Time // when the first try began
	pauses   pauses
	validity time.Duration // that the provider is given at the start; 0 = none
}

type candidateState uint8

const (
	fresh   candidateState = iota // not looked at yet
	waiting                       // may be tried from ready on
	done
)

func (c *candidate) weight() int { return max(1, c.target.Weight) }

// fit sets what the provider would be given, or why it cannot carry it.
func (c *candidate) fit(m *provider.Message, a segment.Analysis, s *setup) {
	c.message, c.analysis = m, a
	if c.target.Rewrite != nil && !c.rewrite() {
		return
	}
	if s.Transliterate != transliterate.Off && c.analysis.Encoding == segment.UCS2 {
		c.transliterate(s.Transliterate)
	}
	caps := &c.line.caps
	switch {
	case c.target.Rewrite != nil && c.analysis.Segments > s.MaxSegments:
		c.unfit = fmt.Sprintf("the text, rewritten for it, has %d segments; the limit is %d", c.analysis.Segments, s.MaxSegments)
	case !c.message.SendAt.IsZero() && !caps.Has(provider.CanSchedule):
		c.unfit = "it cannot schedule"
	case caps.MaxSegments > 0 && c.analysis.Segments > caps.MaxSegments:
		c.unfit = fmt.Sprintf("the text has %d segments; it takes %d", c.analysis.Segments, caps.MaxSegments)
	case caps.MaxCharacters > 0 && c.analysis.Characters > caps.MaxCharacters:
		c.unfit = fmt.Sprintf("the text has %d characters; it takes %d", c.analysis.Characters, caps.MaxCharacters)
	default:
		c.fitSender()
		c.fitValidity()
		c.validity = c.message.Validity
	}
}

// rewrite lets the route change the message for this provider.
func (c *candidate) rewrite() bool {
	own := c.message.Clone()
	c.target.Rewrite(own)
	own.To, own.Ref, own.Delivery = c.message.To, c.message.Ref, c.message.Delivery
	a, err := segment.Analyze(own.Text, nil)
	if err == nil {
		err = own.Validate()
	}
	if err != nil {
		c.unfit = "its text: " + err.Error()
		return false
	}
	c.message, c.analysis, c.owned = own, a, true
	return true
}

func (c *candidate) transliterate(level transliterate.Level) {
	said, changes := transliterate.Apply(c.message.Text, level)
	if len(changes) == 0 {
		return
	}
	a, err := segment.Analyze(said, nil)
	if err != nil {
		return // not reached: what comes back is valid UTF-8, as the text was
	}
	c.own().Text, c.analysis, c.transliterated = said, a, true
}

func (c *candidate) fitSender() {
	asked := c.message.From
	from := asked
	switch {
	case c.target.Sender != "":
		from = c.target.Sender
	case c.line.Sender == VendorSender || asked == "":
		from = c.line.Sender
	}
	if !c.line.caps.Has(provider.CanChooseSender) && from != VendorSender {
		if asked != "" {
			c.unfit = "it cannot choose the sender; sender: vendor lets it use its own"
			return
		}
		from = VendorSender
	}
	if from == VendorSender {
		from = ""
		if asked != "" {
			c.ignored = append(c.ignored, "from")
		}
	}
	if from != asked {
		c.own().From = from
	}
}

func (c *candidate) fitValidity() {
	if c.unfit != "" || c.message.Validity == 0 || c.line.caps.Has(provider.CanSetValidity) {
		return
	}
	if c.message.Class == provider.OTP && !c.line.IgnoreValidity {
		c.unfit = "it cannot bound the validity of a one-time code; validity: ignore lets it try"
		return
	}
	c.ignored = append(c.ignored, "validity")
	c.own().Validity = 0
}

// own is the message for this provider alone, copied before its first change.
func (c *candidate) own() *provider.Message {
	if !c.owned {
		copied := *c.message
		c.message, c.owned = &copied, true
	}
	return c.message
}
