package xlsx_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/xlsx"
)

// What is read of whole workbooks is what excelize reads of them.
func TestAsExcelizeReads(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := excelize.NewFile()
		randomSheet(t, b, random)
		var file bytes.Buffer
		require.NoError(t, b.Write(&file))
		peer, err := excelize.OpenReader(bytes.NewReader(file.Bytes()))
		require.NoError(t, err)
		want, err := peer.GetRows("Sheet1")
		require.NoError(t, err)

		book, err := open(file.Bytes())
		require.NoError(t, err)
		assert.Equal(t, trimmed(want), trimmed(allShown(t, book)))
	}
}

// randomSheet fills a worksheet with cells of every kind, with gaps.
func randomSheet(t *testing.T, b *excelize.File, random *rand.Rand) {
	t.Helper()
	words := []string{"Hello", "Γειά σου", "a<b>&\"c\"", "  spaces  ", "two\nlines", "", "👋", "+306971234567"}
	for row := 1; row <= 40; row++ {
		for column := 1; column <= 6; column++ {
			cell, err := excelize.CoordinatesToCellName(column, row)
			require.NoError(t, err)
			switch random.IntN(6) {
			case 0, 1:
				err = b.SetCellStr("Sheet1", cell, words[random.IntN(len(words))])
			case 2:
				err = b.SetCellInt("Sheet1", cell, random.Int64N(1e12))
			case 3:
				err = b.SetCellBool("Sheet1", cell, random.IntN(2) == 0)
			case 4:
				err = b.SetCellRichText("Sheet1", cell, []excelize.RichTextRun{{Text: "rich "}, {Text: "text", Font: &excelize.Font{Bold: true}}})
			}
			require.NoError(t, err)
		}
	}
}

func allShown(t *testing.T, book *xlsx.Workbook) (rows [][]string) {
	t.Helper()
	s, err := book.Sheet("")
	require.NoError(t, err)
	defer s.Close()
	for {
		row, err := s.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		require.NoError(t, err)
		for len(rows) < row.Number {
			rows = append(rows, nil)
		}
		for i := range row.Cells {
			cell := &row.Cells[i]
			last := &rows[row.Number-1]
			for len(*last) <= cell.Column {
				*last = append(*last, "")
			}
			(*last)[cell.Column] = cell.Shown()
		}
	}
}

// trimmed is without empty cells and rows at the end, which are the same as none.
func trimmed(rows [][]string) (list []string) {
	for _, row := range rows {
		list = append(list, strings.TrimRight(strings.Join(row, "\x1f"), "\x1f"))
	}
	for len(list) > 0 && list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}
