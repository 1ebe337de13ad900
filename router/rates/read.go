package rates

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/suggest"
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

// Read reads a rate card. The name is that of the file in errors. Fields may be
// separated by semicolons or tabs, prices may have a decimal comma where it cannot
// be taken for a thousands separator, and names and codes may be in any case. A card
// with a bad line is refused as a whole, because prices would be silently wrong; the
// error joins one [*RowError] for each bad line.
func Read(r io.Reader, name string) (*Card, error) {
	lines, skipped, err := openCSV(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	header, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return nil, &RowError{File: name, Line: 1, Reason: "the file is empty; want the header " + strings.Join(columns, ",")}
	}
	if err != nil {
		return nil, csvError(name, skipped, err)
	}
	index, err := readHeader(name, 1+skipped, header)
	if err != nil {
		return nil, err
	}
	card := &Card{currencies: make(map[string]string)}
	var bad []error
	for {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(append(bad, csvError(name, skipped, err))...)
		}
		if strings.Join(record, "") == "" {
			continue // a row of empty cells, as spreadsheets add them
		}
		line, _ := lines.FieldPos(0)
		row, err := parseRow(name, line+skipped, record, index)
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

// openCSV finds the delimiter in the header, and returns how many lines it skipped
// before it.
func openCSV(r io.Reader) (lines *csv.Reader, skipped int, err error) {
	const longestHeader = 4096
	from := bufio.NewReaderSize(r, longestHeader)
	head, err := from.Peek(longestHeader)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err // any other error follows the data
	}
	if mark := []byte("\ufeff"); bytes.HasPrefix(head, mark) {
		_, _ = from.Discard(len(mark)) // was just peeked
		head = head[len(mark):]
	}
	first, _, _ := strings.Cut(string(head), "\n")
	lines = csv.NewReader(from)
	lines.FieldsPerRecord = -1
	if delimiter, ok := strings.CutPrefix(strings.TrimRight(first, "\r"), "sep="); ok && len(delimiter) == 1 {
		// A line by which spreadsheet programs are told the delimiter.
		_, err := from.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		lines.Comma = rune(delimiter[0])
		return lines, 1, nil
	}
	for _, delimiter := range ";\t" {
		if strings.Count(first, string(delimiter)) > strings.Count(first, string(lines.Comma)) {
			lines.Comma = delimiter
		}
	}
	return lines, 0, nil
}

func csvError(name string, skipped int, err error) error {
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		return &RowError{File: name, Line: wrong.Line + skipped, Reason: wrong.Err.Error()}
	}
	return fmt.Errorf("%s: %w", name, err)
}

func readHeader(name string, line int, header []string) (map[string]int, error) {
	index := make(map[string]int, len(columns))
	fail := func(format string, args ...any) (map[string]int, error) {
		return nil, &RowError{File: name, Line: line, Reason: fmt.Sprintf(format, args...)}
	}
	for i, written := range header {
		column := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(written)), " ", "_")
		if !slices.Contains(columns, column) {
			return fail("unknown column %q%s; want %s", written, suggest.DidYouMean(written, columns), strings.Join(columns, ","))
		}
		if _, duplicate := index[column]; duplicate {
			return fail("duplicate column %q", column)
		}
		index[column] = i
	}
	for _, needed := range []string{"provider", "currency", "price"} {
		if _, ok := index[needed]; !ok {
			return fail("no column %q; want %s", needed, strings.Join(columns, ","))
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
	row := Row{Line: line, Provider: field("provider"), Country: strings.ToUpper(field("country")), Prefix: field("prefix"), MCCMNC: field("mccmnc")}
	currency := parseCurrency(field("currency"))
	switch {
	case row.Provider == "":
		return fail("provider", "is empty")
	case row.Country != "" && !isCountry(row.Country):
		return fail("country", "%s", notACountry(field("country")))
	case !isDigits(row.Prefix, 1, 15) && row.Prefix != "":
		return fail("prefix", "%q is not 1 to 15 digits without plus, such as 3069", row.Prefix)
	case row.Prefix != "" && row.Prefix[0] == '0':
		return fail("prefix", "%q begins with 0, as no international number does", row.Prefix)
	case !isDigits(row.MCCMNC, 5, 6) && row.MCCMNC != "":
		return fail("mccmnc", "%q is not 5 or 6 digits such as 20210", row.MCCMNC)
	case !isCurrency(currency):
		return fail("currency", "%q is not three letters such as EUR, nor %s", field("currency"), provider.Credits)
	}
	amount, err := decimal(field("price"))
	if err != nil {
		return fail("price", "%v", err)
	}
	price, err := provider.ParseMoney(amount, currency)
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

func isCurrency(s string) bool {
	return s == provider.Credits || len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func parseCurrency(s string) string {
	if strings.EqualFold(s, provider.Credits) {
		return provider.Credits
	}
	return strings.ToUpper(s)
}

// decimal returns an amount with a decimal point. A comma is read as one where it
// can be nothing else: 0,05 and 1.234,50, but not 1,234.
func decimal(s string) (string, error) {
	whole, fraction, found := strings.Cut(s, ",")
	switch {
	case !found, strings.Contains(fraction, ","), strings.Contains(fraction, "."):
		return s, nil // ParseMoney says what is wrong
	case strings.Contains(whole, "."):
		groups := strings.Split(whole, ".")
		for _, group := range groups[1:] {
			if len(group) != 3 {
				return s, nil
			}
		}
		whole = strings.Join(groups, "")
	case len(fraction) == 3 && whole != "0":
		return "", fmt.Errorf("%q may be %s.%s or %s%s; write it with a decimal point, and without separators", s, whole, fraction, whole, fraction)
	}
	return whole + "." + fraction, nil
}
