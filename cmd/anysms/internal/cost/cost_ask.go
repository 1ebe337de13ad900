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

// asked is what a vendor says of one message, beside what we say.
type asked struct {
	Line     int             `json:"line"`
	Provider string          `json:"provider"`
	Ours     int             `json:"segments"`        // by our count
	Theirs   int             `json:"vendor_segments"` // 0 = the vendor did not say
	Encoding string          `json:"vendor_encoding,omitempty"`
	Cost     *provider.Money `json:"vendor_cost"`
	Differs  bool            `json:"differs"`
	Error    string          `json:"error,omitempty"`
}

// limitPrices tells the prices how long a message the configured providers of
// the same names carry.
func limitPrices(prices []analysis.Price, conf *config.Config) {
	for i := range prices {
		if p, err := conf.Provider(prices[i].Provider); err == nil {
			c := p.Capabilities()
			prices[i].MaxSegments, prices[i].MaxCharacters = c.MaxSegments, c.MaxCharacters
		}
	}
}

// ask asks every provider that can tell a price.
func ask(ctx context.Context, conf *config.Config, messages []analysis.Message) (answers []asked, err error) {
	err = errNobodyQuotes
	for _, p := range conf.Providers {
		if !p.Capabilities().Has(provider.HasQuote) {
			continue
		}
		err = nil
		for _, m := range messages {
			answer := asked{Line: m.Line, Provider: p.Name, Ours: m.Segments}
			quote, failed := provider.AskQuote(ctx, p.Upstream.Provider, &provider.Message{To: m.To, Text: m.Text})
			if failed != nil {
				answer.Error = failed.Error()
			} else {
				answer.Theirs, answer.Encoding, answer.Cost = quote.Segments, quote.Encoding, quote.Cost
				answer.Differs = quote.Segments != 0 && quote.Segments != m.Segments
			}
			answers = append(answers, answer)
		}
	}
	return answers, err
}

var errNobodyQuotes = errors.New("no provider of the configuration can be asked for a price (see anysms providers)")

func (a *app) printAsked(answers []asked) error {
	if len(answers) == 0 {
		return nil
	}
	rows := [][]string{{"line", "provider", "segments", "the vendor says", "cost", ""}}
	for _, q := range answers {
		row := []string{strconv.Itoa(q.Line), q.Provider, cli.Grouped(q.Ours), cli.OrDash(theirs(q.Theirs)), "–", q.Error}
		if q.Cost != nil {
			row[4] = q.Cost.String()
		}
		if q.Differs {
			row[5] = "differs"
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(a.Out, "\nThe vendors say:")
	return a.Table(rows)
}

func theirs(segments int) string {
	if segments == 0 {
		return ""
	}
	return cli.Grouped(segments)
}
