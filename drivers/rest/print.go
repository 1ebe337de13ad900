package rest

import (
	"fmt"
	"log/slog"
)

// Format prints the recipe's name for every verb: a provider holds credentials.
func (p *Provider) Format(f fmt.State, _ rune) { fmt.Fprint(f, "rest.Provider{"+p.recipe.Name+"}") }

// LogValue redacts like Format.
func (p *Provider) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }
