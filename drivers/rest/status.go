package rest

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// statusCall reads the status of one message.
type statusCall struct {
	call   `yaml:",inline"`
	Report eventSpec `yaml:"report"`
	// Unknown holds if the vendor does not know the id.
	Unknown []unknownID `yaml:"unknown_id"`
}

// unknownID is a response that means "no such message".
type unknownID struct {
	Status []int      `yaml:"status"`
	Codes  []word     `yaml:"code"`
	Where  conditions `yaml:"where"`
}

// findCall looks for a message by its ref.
type findCall struct {
	call `yaml:",inline"`
	// Each leads to the messages that the vendor lists, Ref to the ref of each.
	Each    path        `yaml:"each"`
	Ref     pick        `yaml:"ref"`
	To      *pick       `yaml:"to"`
	At      *moment     `yaml:"at"` // when it was sent; an earlier message is a different one
	Receipt receiptSpec `yaml:"receipt"`
	Settles span        `yaml:"settles"`
	When    string      `yaml:"when"` // a setting that must be "true"
}

// errNoList is no proof that the message is not there.
var errNoList = errors.New("the response has no list of messages")

var errOtherMessage = errors.New("the response is about another message")

// Status reads the status of a message.
func (p *Provider) Status(ctx context.Context, id string) (*provider.Event, error) {
	c := p.recipe.api.Status
	if c == nil {
		return nil, notInRecipe("status")
	}
	values, err := p.recipe.api.splitID(id)
	if err != nil {
		return nil, err
	}
	a, err := p.ask(ctx, &c.call, request.Scope{Settings: p.settings, Values: values})
	if a != nil && a.err == nil && c.unknown(a, p.errorsOf(&c.call)) {
		return nil, a.Failed(provider.Rejected, p.errorsOf(&c.call).Code.word(a.tree), "the vendor does not know this message")
	}
	if err != nil {
		return nil, err
	}
	if said := c.Report.ID.text(a.tree); said != "" && said != values["id"] {
		return nil, a.Indeterminate(errOtherMessage)
	}
	e := p.event(&c.Report, provider.Report, a.tree)
	e.ID, e.Raw = id, a.Raw()
	return &e, nil
}

func (c *statusCall) unknown(a *answer, t *errorTable) bool {
	for _, u := range c.Unknown {
		rule := errorRule{Status: u.Status, Codes: u.Codes, Where: u.Where}
		if rule.holds(a.Status, t.Code.word(a.tree), "", a.tree) {
			return true
		}
	}
	return false
}

// Find searches the messages that the vendor lists for the ref.
func (p *Provider) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	c := p.recipe.api.Find
	switch {
	case c == nil:
		return nil, notInRecipe("find")
	case !p.capabilities.Has(provider.HasFind):
		return nil, refuse("messages can only be found if the setting " + c.When + " is true")
	case m.Ref == "":
		return nil, refuse("a message without a ref cannot be found")
	}
	values := map[string]any{"ref": p.recipe.api.Write.Ref.write(m.Ref), "to": p.recipe.api.Write.To.write(m.To), "since": p.recipe.api.Write.Since.write(since)}
	a, err := p.ask(ctx, &c.call, request.Scope{Settings: p.settings, Values: values})
	if err != nil {
		return nil, err
	}
	listed, known := c.Each.find(a.tree)
	if !known {
		return nil, a.Indeterminate(errNoList)
	}
	for _, one := range listed {
		if p.refIn(&c.Ref, one) != m.Ref {
			continue
		}
		if c.To != nil && address(c.To.word(one), p.recipe.api.Write.To.As) != m.To.String() {
			continue
		}
		if at := c.At.time(one); !at.IsZero() && at.Before(since.Add(-clockSkew)) {
			continue
		}
		receipt, err := p.receipt(&c.Receipt, one, m.To)
		if err != nil {
			return nil, a.Indeterminate(err)
		}
		receipt.Raw = a.RawOf(one)
		return receipt, nil
	}
	return nil, nil
}

// clockSkew is how much the vendor's clock may be slow.
const clockSkew = time.Minute

func notInRecipe(what string) error {
	return provider.NewError(provider.Unsupported, "the recipe has no "+what)
}
