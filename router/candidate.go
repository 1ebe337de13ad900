package router

import (
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
)

// candidate is a provider of the message's route: what it would be given, or why
// it cannot carry the message.
type candidate struct {
	upstream *upstream
	target   *Target
	place    int    // on the route
	unfit    string // why it cannot carry the message; "" = it can

	message        *provider.Message // what it would be given, with the validity of the start
	copied         bool              // message is this candidate's own copy
	analysis       segment.Analysis
	transliterated bool     // the text is not the caller's
	ignored        []string // fields that it cannot honour

	cost   *Cost // for LeastCost
	credit int   // for Weighted
	out    bool  // for Weighted: the provider is out for now; for AdaptiveOrder: it rests
}

// newCandidate fits the message to a provider.
func newCandidate(m *provider.Message, a segment.Analysis, u *upstream, t *Target, place int, o *Options) candidate {
	c := candidate{upstream: u, target: t, place: place, message: m, analysis: a}
	if t.Rewrite != nil && !c.rewrite() {
		return c
	}
	if o.Transliterate != transliterate.Off && c.analysis.Encoding == segment.UCS2 {
		c.transliterate(o.Transliterate)
	}
	if c.unfit = c.tooMuch(o.MaxSegments); c.unfit == "" {
		c.fitSender()
	}
	if c.unfit == "" {
		c.fitValidity()
	}
	if c.unfit == "" && o.Guard != nil {
		c.unfit = o.Guard.Unfit(c.message)
	}
	return c
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
	if err == nil && own.Validity < 0 {
		err = errors.New("the validity must not be negative")
	}
	if err != nil {
		c.unfit = "the rewritten message: " + err.Error()
		return false
	}
	c.message, c.analysis, c.copied = own, a, true
	return true
}

func (c *candidate) transliterate(level transliterate.Level) {
	text, changes := transliterate.Apply(c.message.Text, level)
	if len(changes) == 0 {
		return
	}
	a, err := segment.Analyze(text, nil)
	if err != nil {
		return // not reached: valid UTF-8 stays valid
	}
	c.own().Text, c.analysis, c.transliterated = text, a, true
}

// tooMuch says what the message asks for that the provider cannot do at all.
func (c *candidate) tooMuch(maxSegments int) string {
	caps := &c.upstream.caps
	switch {
	case c.target.Rewrite != nil && c.analysis.Segments > maxSegments:
		return fmt.Sprintf("the rewritten text has %d segments; the limit is %d", c.analysis.Segments, maxSegments)
	case !c.message.SendAt.IsZero() && !caps.Has(provider.CanSchedule):
		return "it cannot schedule messages"
	case caps.MaxSegments > 0 && c.analysis.Segments > caps.MaxSegments:
		return fmt.Sprintf("the text has %d segments; the limit is %d", c.analysis.Segments, caps.MaxSegments)
	case caps.MaxCharacters > 0 && c.analysis.Characters > caps.MaxCharacters:
		return fmt.Sprintf("the text has %d characters; the limit is %d", c.analysis.Characters, caps.MaxCharacters)
	}
	return ""
}

func (c *candidate) fitSender() {
	asked := c.message.From
	from := asked
	switch {
	case c.target.Sender != "":
		from = c.target.Sender
	case c.upstream.settings.Sender == VendorSender || asked == "":
		from = c.upstream.settings.Sender
	}
	if !c.upstream.caps.Has(provider.CanChooseSender) && from != VendorSender {
		if asked != "" {
			c.unfit = "it cannot set the sender; sender: vendor lets it use its own"
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
	if c.message.Validity == 0 || c.upstream.caps.Has(provider.CanSetValidity) {
		return
	}
	if c.message.Class == provider.OTP && !c.upstream.settings.IgnoreValidity {
		c.unfit = "it cannot limit the validity of a one-time code; validity: ignore lets it try"
		return
	}
	c.ignored = append(c.ignored, "validity")
	c.own().Validity = 0
}

// own is the message for this provider alone, copied before its first change.
func (c *candidate) own() *provider.Message {
	if !c.copied {
		copied := *c.message
		c.message, c.copied = &copied, true
	}
	return c.message
}

// at is the message for an attempt that starts now: its validity is what is left
// of it, counted from the given time. It loses whole seconds, as vendors count
// no finer: a minute less a moment would be a unit less there, or too short.
func (c *candidate) at(now, validFrom time.Time) *provider.Message {
	m := c.message
	if m.Validity == 0 || m.SendAt.After(now) {
		return m
	}
	passed := now.Sub(validFrom).Truncate(time.Second)
	if passed == 0 || passed >= m.Validity {
		return m
	}
	copied := *m
	copied.Validity -= passed
	return &copied
}

// estimate is what the message would cost by the rate card; nil = not known.
func (c *candidate) estimate(o *Options) *Cost {
	price := c.price(o)
	if price == nil {
		return nil
	}
	return &Cost{Money: *price, Estimated: true}
}

// price is the price by the rate card; nil = it has none.
func (c *candidate) price(o *Options) *provider.Money {
	if o.Price == nil {
		return nil
	}
	money, ok := o.Price(c.upstream.name, c.message.To, c.analysis.Segments)
	if !ok {
		return nil
	}
	return &money
}
