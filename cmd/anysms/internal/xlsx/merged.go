package xlsx

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// merged lists the merged cells of a worksheet. They stand after the rows, which are
// skipped without being parsed.
func (b *Workbook) merged(info sheetInfo) ([]Range, error) {
	part, err := b.open(info.part)
	if err != nil {
		return nil, err
	}
	defer part.Close()
	rest := bufio.NewReaderSize(part, 64<<10)
	if err := skipRows(rest); err != nil {
		return nil, fmt.Errorf("worksheet %q: %w", info.name, err)
	}
	var all []Range
	d := xml.NewDecoder(rest)
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			slices.SortStableFunc(all, func(a, b Range) int { return a.FirstRow - b.FirstRow })
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("worksheet %q: %w", info.name, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "mergeCell" {
			continue
		}
		for _, attr := range start.Attr {
			if r, ok := parseRange(attr.Value); ok && attr.Name.Local == "ref" {
				all = append(all, r)
			}
		}
	}
}

// skipRows reads to the end of the rows, or of the part if there is none.
func skipRows(r *bufio.Reader) error {
	for {
		tag, err := r.ReadSlice('>')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue // text, longer than any tag
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if name, found := bytes.CutSuffix(tag, []byte("sheetData>")); found && bytes.Contains(name, []byte("</")) {
			return nil
		}
	}
}

func parseRange(ref string) (Range, bool) {
	first, last, ok := strings.Cut(ref, ":")
	if !ok {
		return Range{}, false
	}
	var r Range
	var err [4]error
	r.FirstColumn, err[0] = columnOf(first)
	r.LastColumn, err[1] = columnOf(last)
	r.FirstRow, err[2] = rowOf(first)
	r.LastRow, err[3] = rowOf(last)
	return r, errors.Join(err[:]...) == nil
}

func rowOf(ref string) (int, error) {
	return strconv.Atoi(strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
}
