package send

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// printResult prints the result of a message.
func (a *app) printResult(r *router.Result, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(r)
	}
	s := style.For(a.Out)
	fmt.Fprintln(a.Out, resultLine(r, s))
	if r.DuplicatePossible {
		fmt.Fprintln(a.Out, "  "+s.Doubt("duplicate possible: an earlier attempt may have been accepted too"))
	}
	if r.Replayed {
		fmt.Fprintln(a.Out, "  earlier result of the same message; nothing was sent now")
	}
	if r.Encoding != "" {
		fmt.Fprintf(a.Out, "  %s, %s\n", r.Encoding, cli.Plural(r.Segments, "segment"))
	}
	if r.Cost != nil {
		fmt.Fprintf(a.Out, "  %s\n", cost(r.Cost)+besideCard(r))
	}
	if len(r.Ignored) > 0 {
		fmt.Fprintf(a.Out, "  sent without %s, which %s does not support\n", strings.Join(r.Ignored, ", "), r.Provider)
	}
	for _, skip := range r.Skipped {
		fmt.Fprintf(a.Out, "  %s skipped: %s\n", skip.Provider, skip.Reason)
	}
	return a.printAttempts(r.Attempts)
}

func resultLine(r *router.Result, s style.Style) string {
	line := cli.PaintOutcome(r.Status, s)
	if r.Provider != "" {
		line += preposition(r.Status) + r.Provider
	}
	if r.ID != "" {
		line += ", id " + cli.Harmless(r.ID)
	}
	if r.Code != "" {
		line += ": " + string(r.Code)
	}
	if r.Message != "" {
		line += ": " + cli.Harmless(r.Message)
	}
	return line
}

// rowAt returns the row of the message with an index, once.
func (r *reader) rowAt(index int) row {
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.inFlight[index]
	delete(r.inFlight, index)
	return own
}

// rowOf completes a result with its row.
func (r *reader) rowOf(result *router.Result) *rowResult {
	own := r.rowAt(result.Index)
	if own.bad != nil {
		result.Status, result.Code, result.Message = provider.OutcomeRefused, own.bad.Code, cli.Reason(own.bad)
	}
	return &rowResult{own.line, own.repeat, result}
}

// rowResult is the result of a row.
type rowResult struct {
	line   int  // physical line where the row starts; the header is line 1
	repeat bool // the row repeats an earlier one
	*router.Result
}

// MarshalJSON writes the result with its line.
func (r *rowResult) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(r.Result)
	if err != nil {
		return nil, err
	}
	withLine := strconv.AppendInt([]byte(`{"line":`), int64(r.line), 10)
	return append(append(withLine, ','), b[1:]...), nil
}

func (r *rowResult) text(s style.Style) string {
	text := fmt.Sprintf("line %d: %s", r.line, resultLine(r.Result, s))
	if r.Replayed {
		text += " (earlier result)"
	}
	if r.Status == provider.OutcomeUnknown && r.Key != "" {
		text += ", key " + cli.Harmless(r.Key)
	}
	return text
}

func preposition(o provider.Outcome) string {
	if o == provider.OutcomeAccepted || o == provider.OutcomeRefused {
		return " by "
	}
	return " at "
}

func cost(c *router.Cost) string {
	if c.Estimated {
		return c.Money.String() + " (estimated)"
	}
	return c.Money.String()
}

// besideCard is the price by the rate card, beside one that the vendor names.
func besideCard(r *router.Result) string {
	if r.Cost.Estimated || r.CardPrice == nil {
		return ""
	}
	return " charged, " + r.CardPrice.String() + " by the rate card"
}

func (a *app) printAttempts(attempts []router.Attempt) error {
	var rows [][]string
	for i, t := range attempts {
		rows = append(rows, []string{
			fmt.Sprintf("  attempt %d", i+1), t.Provider, string(t.Outcome), t.Duration.Round(time.Millisecond).String(), attemptNote(t),
		})
	}
	return a.Table(rows)
}

func attemptNote(t router.Attempt) string {
	note := string(t.Code)
	if t.VendorCode != "" {
		note += " (vendor code " + t.VendorCode + ")"
	}
	if t.Message != "" {
		note += ": " + t.Message
	}
	if t.Reconciled {
		note += " (outcome found by asking the vendor)"
	}
	return note
}
