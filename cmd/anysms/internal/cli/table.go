package cli

import (
	"bufio"
	"strings"

	"github.com/rivo/uniseg"
)

// Table writes rows of cells in columns. The first row may be a header. A column of
// numbers is aligned to the right.
func (a *App) Table(rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			row[i] = Harmless(cell)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(row[i]))
		}
	}
	right := make([]bool, len(widths))
	for i := range right {
		right[i] = numeric(rows, i)
	}
	w := bufio.NewWriter(a.Out)
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if widths[i] == 0 {
				continue // a column without content
			}
			if line.Len() > 0 {
				line.WriteString("  ")
			}
			padding := strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell))
			if right[i] {
				line.WriteString(padding + cell)
			} else {
				line.WriteString(cell + padding)
			}
		}
		_, _ = w.WriteString(strings.TrimRight(line.String(), " ") + "\n") // Flush returns the error
	}
	return w.Flush()
}

// numeric reports whether a column has only numbers below the first row.
func numeric(rows [][]string, column int) bool {
	found := false
	for _, row := range rows[min(1, len(rows)):] {
		if column >= len(row) || row[column] == "" {
			continue
		}
		found = true
		if strings.Trim(row[column], " 0123456789,–-") != "" {
			return false
		}
	}
	return found
}
