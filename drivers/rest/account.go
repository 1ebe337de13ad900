package rest

import (
	"context"
	"errors"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

var errNoBalance = errors.New("the response has no readable balance")

// Cancel withdraws a scheduled message.
func (p *Provider) Cancel(ctx context.Context, id string) error {
	c := p.recipe.api.Cancel
	if c == nil {
		return notInRecipe("cancel")
	}
	values, err := p.recipe.api.splitID(id)
	if err != nil {
		return err
	}
	_, err = p.ask(ctx, c, request.Scope{Settings: p.settings, Values: values})
	return err
}

// Balance reads the account's balance.
func (p *Provider) Balance(ctx context.Context) (*provider.Balance, error) {
	c := p.recipe.api.Balance
	if c == nil {
		return nil, notInRecipe("balance")
	}
	a, err := p.ask(ctx, &c.call, request.Scope{Settings: p.settings})
	if err != nil {
		return nil, err
	}
	available := c.Available.money(a.tree, request.Scope{Settings: p.settings})
	if available == nil {
		return nil, a.Indeterminate(errNoBalance)
	}
	return &provider.Balance{Available: *available}, nil
}

// Check makes a request that costs nothing, to see whether the credentials are
// valid: the recipe's check, or its balance.
func (p *Provider) Check(ctx context.Context) error {
	if c := p.recipe.api.Check; c != nil {
		_, err := p.ask(ctx, c, request.Scope{Settings: p.settings})
		return err
	}
	_, err := p.Balance(ctx)
	return err
}

// Quote asks the vendor what a message would cost.
func (p *Provider) Quote(ctx context.Context, m *provider.Message) (*provider.Quote, error) {
	c := p.recipe.api.Quote
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
		Encoding: c.Encoding.word(a.tree),
		Cost:     c.Cost.money(a.tree, request.Scope{Settings: p.settings}),
	}, nil
}
