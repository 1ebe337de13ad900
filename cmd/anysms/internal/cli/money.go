package cli

import (
	"fmt"
	"strings"

	"github.com/anysms/anysms/provider"
)

// Money is an amount with its thousands grouped: "12,345.5 EUR".
func Money(m provider.Money) string { return fixed(m, 0) + " " + m.Currency }

// Amount is a cell in a column of amounts.
type Amount struct {
	Money *provider.Money // nil = none
	Words string          // after the amount, or in its place
}

// Amounts formats a column of amounts, aligned at the decimal point and with equally
// many decimals; credits are counted, so that whole ones have none.
func Amounts(column []Amount) []string {
	decimals, width := 0, 0
	for _, a := range column {
		if a.Money != nil {
			_, fraction, _ := strings.Cut(a.Money.Amount(), ".")
			decimals = max(decimals, len(fraction))
		}
	}
	for _, a := range column {
		if a.Money != nil {
			width = max(width, len(aligned(*a.Money, decimals)))
		}
	}
	cells := make([]string, len(column))
	for i, a := range column {
		if a.Money != nil {
			cells[i] = fmt.Sprintf("%*s %s ", width, aligned(*a.Money, decimals), a.Money.Currency)
		}
		cells[i] = strings.TrimRight(cells[i]+a.Words, " ")
	}
	return cells
}

// aligned is an amount with the width of so many decimals.
func aligned(m provider.Money, decimals int) string {
	counted := fixed(m, 0)
	if m.Currency != provider.Credits || decimals == 0 || strings.Contains(counted, ".") {
		return fixed(m, decimals)
	}
	return counted + strings.Repeat(" ", 1+decimals)
}

// fixed is an amount with at least so many decimals.
func fixed(m provider.Money, decimals int) string {
	whole, fraction, _ := strings.Cut(m.Amount(), ".")
	if missing := decimals - len(fraction); missing > 0 {
		fraction += strings.Repeat("0", missing)
	}
	if fraction == "" {
		return grouped(whole)
	}
	return grouped(whole) + "." + fraction
}
