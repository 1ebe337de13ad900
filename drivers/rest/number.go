package rest

import (
	"context"
	"errors"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider/e164"
)

// numberCall asks the vendor to format a number that a person typed.
type numberCall struct {
	call   `yaml:",inline"`
	Number pick `yaml:"number"`
	// Valid must hold for a number that the vendor considers valid.
	Valid conditions `yaml:"valid"`
	Type  *pick      `yaml:"type"`
}

// FormattedNumber is the vendor's result for a number.
type FormattedNumber struct {
	Number e164.Number // zero = the vendor could not make an international number of it
	Valid  bool
	Type   string // the vendor's own word
}

var errNoNumber = errors.New("the response has no readable number")

// FormatNumber asks the vendor to convert what a person typed in a country (ISO
// 3166, two letters) to an international number. It sends no message. For
// recipes without such a call it returns errors.ErrUnsupported.
func (p *Provider) FormatNumber(ctx context.Context, typed, country string) (*FormattedNumber, error) {
	c := p.recipe.api.FormatNumber
	if c == nil {
		return nil, notInRecipe("format_number")
	}
	a, err := p.ask(ctx, &c.call, request.Scope{Settings: p.settings, Values: map[string]any{"typed": typed, "country": country}})
	if err != nil {
		return nil, err
	}
	f := &FormattedNumber{Valid: c.Valid.hold(a.tree), Type: c.Type.word(a.tree)}
	n, err := e164.Parse(address(c.Number.word(a.tree), ""))
	if err != nil && f.Valid {
		return nil, a.Indeterminate(errNoNumber)
	}
	f.Number = n
	return f, nil
}
