package rest

import (
	"context"
	"errors"

	"github.com/anysms/anysms/provider"
)

var errNoBalance = errors.New("the answer has no balance that can be read")

// Cancel withdraws a scheduled message.
func (p *Provider) Cancel(ctx context.Context, id string) error {
	c := p.recipe.Cancel
	if c == nil {
		return notInRecipe("cancel")
	}
	values, err := p.recipe.splitID(id)
	if err != nil {
		return err
	}
	_, err = p.ask(ctx, c, scope{settings: p.settings, values: values})
	return err
}

// Balance reads what the account holds.
func (p *Provider) Balance(ctx context.Context) (*provider.Balance, error) {
	c := p.recipe.Balance
	if c == nil {
		return nil, notInRecipe("balance")
	}
	a, err := p.ask(ctx, &c.call, scope{settings: p.settings})
	if err != nil {
		return nil, err
	}
	available := c.Available.money(a.tree, scope{settings: p.settings})
	if available == nil {
		return nil, a.Doubt(errNoBalance)
	}
	return &provider.Balance{Available: *available}, nil
}

// Check asks for something that costs nothing, to see that the credentials are
// taken: the recipe's check, or its balance.
func (p *Provider) Check(ctx context.Context) error {
	if c := p.recipe.Check; c != nil {
		_, err := p.ask(ctx, c, scope{settings: p.settings})
		return err
	}
	_, err := p.Balance(ctx)
	return err
}

// Quote asks the vendor what a message would cost.
func (p *Provider) Quote(ctx context.Context, m *provider.Message) (*provider.Quote, error) {
	c := p.recipe.Quote
	if c == nil {
		return nil, notInRecipe("quote")
	}
	s, err := p.scopeOf(m)
	if err != nil {
		return nil, err
	}
	a, err := p.ask(ctx, &c.call, s)
	if err != nil {
		return nil, err
	}
	return &provider.Quote{
		Segments: c.Segments.count(a.tree),
		Encoding: c.Encoding.text(a.tree),
		Cost:     c.Cost.money(a.tree, scope{settings: p.settings}),
	}, nil
}
