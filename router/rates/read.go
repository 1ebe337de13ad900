package rates

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/provider"
)

// columns are the header's names; their order is free.
var columns = []string{"provider", "country", "prefix", "mccmnc", "currency", "price", "effective_from"}

// RowError is a line of a rate card that cannot be used.
type RowError struct {
	File   string
	Line   int
	Column string // "" = the whole line
	Reason string
}

// Error returns file, line, column, and what would be right.
func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Column, e.Reason)
}

// ReadFile is [Read] for a file.
func ReadFile(path string) (*Card, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads a rate card. The name is that of the file in errors. A card with a bad
// line is refused as a whole, because prices would be silently wrong; the error
// joins one [*RowError] for each bad line.
func Read(r io.Reader, name string) (*Card, error) {
	reader := csv.NewReader(r)
	reader.FieldsPerRecord = -1
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, &RowError{File: name, Line: 1, Reason: "the file is empty; want the header " + strings.Join(columns, ",")}
	}
	if err != nil {
		return nil, csvError(name, err)
	}
	index, err := readHeader(name, header)
	if err != nil {
		return nil, err
	}
	card := &Card{currencies: make(map[string]string)}
	var bad []error
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(append(bad, csvError(name, err))...)
		}
		line, _ := reader.FieldPos(0)
		row, err := parseRow(name, line, record, index)
		if err == nil {
			err = card.add(name, row)
		}
		if err != nil {
			bad = append(bad, err)
		}
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return card, nil
}

func csvError(name string, err error) error {
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		return &RowError{File: name, Line: wrong.Line, Reason: wrong.Err.Error()}
	}
	return fmt.Errorf("%s: %w", name, err)
}

func readHeader(name string, header []string) (map[string]int, error) {
	index := make(map[string]int, len(columns))
	for i, column := range header {
		if i == 0 {
			column = strings.TrimPrefix(column, "\ufeff")
		}
		column = strings.TrimSpace(column)
		if !slices.Contains(columns, column) {
			return nil, &RowError{File: name, Line: 1, Reason: fmt.Sprintf("unknown column %q; want %s", column, strings.Join(columns, ","))}
		}
		if _, duplicate := index[column]; duplicate {
			return nil, &RowError{File: name, Line: 1, Reason: fmt.Sprintf("duplicate column %q", column)}
		}
		index[column] = i
	}
	for _, needed := range []string{"provider", "currency", "price"} {
		if _, ok := index[needed]; !ok {
			return nil, &RowError{File: name, Line: 1, Reason: fmt.Sprintf("no column %q; want %s", needed, strings.Join(columns, ","))}
		}
	}
	return index, nil
}

func parseRow(name string, line int, record []string, index map[string]int) (Row, error) {
	fail := func(column, format string, args ...any) (Row, error) {
		return Row{}, &RowError{File: name, Line: line, Column: column, Reason: fmt.Sprintf(format, args...)}
	}
	if len(record) > len(index) {
		return fail("", "%d fields; the header has %d", len(record), len(index))
	}
	field := func(column string) string {
		if i, ok := index[column]; ok && i < len(record) {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	row := Row{Line: line, Provider: field("provider"), Country: field("country"), Prefix: field("prefix"), MCCMNC: field("mccmnc")}
	currency := field("currency")
	switch {
	case row.Provider == "":
		return fail("provider", "is empty")
	case row.Country != "" && !isCountry(row.Country):
		return fail("country", "%q is not two capital letters such as GR", row.Country)
	case !isDigits(row.Prefix, 1, 15) && row.Prefix != "":
		return fail("prefix", "%q is not 1 to 15 digits without plus, such as 3069", row.Prefix)
	case row.Prefix != "" && row.Prefix[0] == '0':
		return fail("prefix", "%q begins with 0, as no international number does", row.Prefix)
	case !isDigits(row.MCCMNC, 5, 6) && row.MCCMNC != "":
		return fail("mccmnc", "%q is not 5 or 6 digits such as 20210", row.MCCMNC)
	case !isCurrency(currency):
		return fail("currency", "%q is not three capital letters such as EUR, nor %s", currency, provider.Credits)
	}
	price, err := provider.ParseMoney(field("price"), currency)
	if err != nil {
		return fail("price", "%v", err)
	}
	if price.Micros < 0 {
		return fail("price", "%s is negative", price.Amount())
	}
	row.Price = price
	if row.EffectiveFrom, err = parseDate(field("effective_from")); err != nil {
		return fail("effective_from", "%v", err)
	}
	return row, nil
}

// add keeps the rule of one currency per provider.
func (c *Card) add(name string, row Row) error {
	if had, ok := c.currencies[row.Provider]; ok && had != row.Price.Currency {
		return &RowError{File: name, Line: row.Line, Column: "currency",
			Reason: fmt.Sprintf("%s, but earlier rows of provider %q are in %s; a provider has one currency", row.Price.Currency, row.Provider, had)}
	}
	c.currencies[row.Provider] = row.Price.Currency
	c.rows = append(c.rows, row)
	return nil
}

func parseDate(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date such as 2026-01-31, nor a time such as 2026-01-31T00:00:00Z", s)
}

func isDigits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

func isCountry(s string) bool { return len(s) == 2 && isUpper(s) }

func isCurrency(s string) bool { return s == provider.Credits || len(s) == 3 && isUpper(s) }

func isUpper(s string) bool {
	for _, r := range s {
		if r < 'A' || r > 'Z' || r == utf8.RuneError {
			return false
		}
	}
	return true
}
