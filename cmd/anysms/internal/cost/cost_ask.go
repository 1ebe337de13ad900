package cost

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

// limitPrices sets the longest message of each price to that of the configured
// provider of the same name.
func limitPrices(prices []analysis.Price, conf *config.Config) {
	for i := range prices {
		if p, err := conf.Provider(prices[i].Provider); err == nil {
			c := p.Capabilities()
			prices[i].MaxSegments, prices[i].MaxCharacters = c.MaxSegments, c.MaxCharacters
		}
	}
}

// ask asks every provider that offers quotes.
func ask(ctx context.Context, conf *config.Config, messages []analysis.Message) (quotes []analysis.Quoted, err error) {
	err = errNoQuotes
	for _, p := range conf.Providers {
		if !p.Capabilities().Has(provider.HasQuote) {
			continue
		}
		err = nil
		for _, m := range messages {
			own := analysis.Quoted{Line: m.Line, Provider: p.Name, Ours: m.Segments}
			quote, failed := provider.RequestQuote(ctx, p.Upstream.Provider, &provider.Message{To: m.To, Text: m.Text})
			if failed != nil {
				own.Error = failed.Error()
			} else {
				own.Theirs, own.Encoding, own.Cost = quote.Segments, quote.Encoding, quote.Cost
				own.Differs = quote.Segments != 0 && quote.Segments != m.Segments
			}
			quotes = append(quotes, own)
		}
	}
	return quotes, err
}

var errNoQuotes = errors.New("no configured provider offers quotes (see anysms providers)")

func (a *app) printQuotes(f *findings, _ *analysis.Options) error {
	if len(f.Asked) == 0 {
		return nil
	}
	rows := [][]string{{"line", "provider", "segments", "vendor's count", "cost", ""}}
	var costs []cli.Amount
	for _, q := range f.Asked {
		none := ""
		if q.Cost == nil {
			none = "–"
		}
		costs = append(costs, cli.Amount{Money: q.Cost, Words: none})
	}
	amounts := cli.Amounts(costs)
	for i, q := range f.Asked {
		note := q.Error
		if q.Differs {
			note = "differs"
		}
		rows = append(rows, []string{strconv.Itoa(q.Line), q.Provider, cli.Grouped(q.Ours), cli.OrDash(theirs(q.Theirs)), amounts[i], note})
	}
	fmt.Fprintln(a.Out, "\nQuotes of the vendors:")
	return a.Table(rows)
}

func theirs(segments int) string {
	if segments == 0 {
		return ""
	}
	return cli.Grouped(segments)
}
