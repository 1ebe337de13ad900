package xlsx_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// both is what this package and excelize show of a value in a format.
type both struct {
	code        any // built-in number or code
	value       float64
	shown, peer string
}

// showBoth shows each value in each format.
func showBoth(t *testing.T, date1904 bool, codes []any, values []float64) (list []both) {
	t.Helper()
	peer := excelize.NewFile()
	require.NoError(t, peer.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &date1904}))
	for row, code := range codes {
		style := &excelize.Style{}
		switch c := code.(type) {
		case int:
			style.NumFmt = c
		case string:
			style.CustomNumFmt = &c
		}
		id, err := peer.NewStyle(style)
		require.NoError(t, err)
		for column, value := range values {
			name, err := excelize.CoordinatesToCellName(column+1, row+1)
			require.NoError(t, err)
			require.NoError(t, peer.SetCellFloat("Sheet1", name, value, -1, 64))
			require.NoError(t, peer.SetCellStyle("Sheet1", name, name, id))
		}
	}
	var file bytes.Buffer
	require.NoError(t, peer.Write(&file))
	book, err := open(file.Bytes())
	require.NoError(t, err)
	s, err := book.Sheet("")
	require.NoError(t, err)
	defer s.Close()
	for at, code := range codes {
		row, err := s.Next()
		require.NoError(t, err)
		require.Len(t, row.Cells, len(values))
		for column, value := range values {
			name, err := excelize.CoordinatesToCellName(column+1, at+1)
			require.NoError(t, err)
			want, err := peer.GetCellValue("Sheet1", name)
			require.NoError(t, err)
			list = append(list, both{code, value, row.Cells[column].Shown(), strings.TrimSpace(want)})
		}
	}
	_, err = s.Next()
	require.ErrorIs(t, err, io.EOF)
	return list
}

// Formats of numbers are shown as excelize shows them. Where Excel shows something
// else, TestNotAsExcelize has the format.
func TestNumbersAsExcelize(t *testing.T) {
	values := []float64{
		0, 1, 5, 12, 123, 1234, 12345, 1234567, 123456789, 6971234567, 306971234567, 30697123456789, 0.5, 0.15, 0.155, 0.004, 0.996, 1.26, 12.6, 99.995,
		1234.5, 1234567.891, 0.0000012, -1, -5, -12.6, -0.15, -1234567.891, -6971234567,
	}
	checkBoth(t, false, []any{
		1, 2, 3, 4, 9, 10, 11, 37, 38, 39, 40,
		"0", "00", "0000000000", "0.0", "0.00", "0.000", "#,##0", "#,##0.00", "0%", "0.00%", "0.00E+00", "###0", `"a";-0`,
		"000-000-0000", "+00 000 0000000", "(000) 000-0000", "000 000 0000", "+00 0000000000", `"+"0`, `\+0`, "+0", "00-00-00",
		`"No. "0`, `0" pcs"`, `0.00\ "kg"`, "$0.00", "$#,##0.00", "£#,##0.00", `"€"#,##0.00`, `#,##0.00\ "€"`, "[$€-408]#,##0.00", "[$-409]#,##0", "[$USD] 0.00",
		"0;-0", "0.00;[Red]-0.00", "0;(0)", "#,##0.00_);(#,##0.00)", "[Red]0.0", "[Blue]0;[Red](0)", `"yes";"no"`, "0,", "#,##0,", "0.0,,", `#,##0,"k"`,
		"_-* #,##0.00 €_-;-* #,##0.00 €_-", `_-[$€-2]\ * #,##0.00_-`, `0_ ;-0\ `, "0.00%;-0.00%",
	}, values)
	checkBoth(t, false, []any{41, 42, 43, 44, "###-###-####", "(###) ###-####", "#", "#,###"}, slices.DeleteFunc(values, func(v float64) bool { return math.Abs(v) < 1 }))
}

func TestTimesAsExcelize(t *testing.T) {
	dates := []any{
		15, 16, 17, 18, 19, 45,
		"yyyy-mm-dd", "dd/mm/yyyy", "d/m/yy", "mm/dd/yy;@", "d.m.yyyy", "dd.mm.yyyy hh:mm", "yyyy-mm-dd hh:mm:ss", `dd\/mm\/yyyy`, `yyyy"-"mm"-"dd"T"hh:mm:ss`,
		"m/d/yyyy h:mm", "dddd, mmmm dd, yyyy", "ddd d mmm", "dddd", "ddd", "mmmm yyyy", "mmm", "mmmmm", "yy", "yyyy", "d", "dd", "[$-409]d-mmm-yy;@",
		`[$-409]mmmm\ d\,\ yyyy;@`, `[$-F800]dddd\,\ mmmm\ dd\,\ yyyy`, "[$-809]dd mmmm yyyy", "[$-408]dd/mm/yyyy", "[$-407]d/m/yyyy h:mm",
		"h:mm", "hh:mm", "h:mm:ss", "hh:mm:ss", "mm:ss", "h:mm AM/PM", "hh:mm AM/PM", "h:mm:ss AM/PM", "[$-409]h:mm AM/PM;@", "h AM/PM", "h",
		`[$-F400]h:mm:ss\ AM/PM`, `h"h" mm"m"`,
	}
	elapsed := []any{46, "[h]:mm", "[h]:mm:ss", "[m]:ss", "[s]"}
	early := []float64{0, 0.25, 0.3958333333333333, 0.5, 0.75, 0.999, 1, 1.5, 31, 59, 60, 61, 61.5, -1, -0.5}
	late := []float64{62, 366, 36526, 43890.25, 44562.39583333334, 46024.39583333334, 46024.5, 46053.999, 46082.0001, 73051}
	checkBoth(t, false, append(dates, elapsed...), append(early, late...))
	checkBoth(t, false, dates, []float64{2958465})
	checkBoth(t, true, dates, late) // before 4 March 1904, and of elapsed times, excelize follows the other calendar
}

// Formats made at random of the parts that people use are shown as excelize shows them.
func TestRandomFormatsAsExcelize(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	number := func(sign string) string {
		prefix := sign + pick("", "", "+", "$", "€", `"No. "`, "[$€-408]", "[$-409]", "(", `\#`)
		digits := pick("0", "00000", "#,##0", "#,##0.00", "0.0", "0.000", "000-000-0000", "00 000 000", "0.00E+00", "### ### ###0", "#,##0,", "0.0,,")
		if digits == "0" || digits == "0.0" {
			digits += pick("", "%")
		}
		return pick("", "", "[Red]", "_-* ") + prefix + digits + pick("", "", " €", `" kg"`, `\ x`, ")", "_-")
	}
	date := func() string {
		part := func() string { return pick("d", "dd", "ddd", "dddd", "mmm", "mmmm", "yy", "yyyy", "d/m", "mm.yyyy") }
		clock := pick("", " h:mm", " hh:mm:ss", " h:mm AM/PM", `"T"hh:mm`)
		return pick("", "", "[$-409]", "[Blue]") + part() + pick("/", "-", ".", " ", ", ", `\ `, `" of "`) + part() + clock + pick("", "", ";@")
	}
	var numbers, dates []any
	for range 100 {
		code := number("")
		if random.IntN(3) == 0 {
			code += ";" + number(pick("-", "("))
		}
		numbers, dates = append(numbers, code), append(dates, date())
	}
	values, serials := []float64{0}, []float64{}
	for range 25 {
		whole := random.Int64N(int64(math.Pow10(1+random.IntN(12))))*10 + 1 + random.Int64N(4) // never half of a digit, which excelize rounds as it is in binary
		values = append(values, float64(whole)/math.Pow10(random.IntN(4)), -float64(whole)/math.Pow10(random.IntN(4)))
		serials = append(serials, float64(62+random.IntN(90000))+float64(random.IntN(86400))/86400)
	}
	checkBoth(t, false, numbers, values)
	checkBoth(t, false, dates, serials)
	checkBoth(t, true, dates, serials)
}

// TestNotAsExcelize has values that Excel shows in another way than excelize.
func TestNotAsExcelize(t *testing.T) {
	for _, tt := range []struct {
		code        any
		value       float64
		shown, peer string
		why         string
	}{
		{"0.0E+00", 1.25, "1.3E+00", "1.2E+00", "halves of the decimal number are rounded up, and not those of its binary form"},
		{"0.00", 1.005, "1.01", "1.00", "the same"},
		{48, 12345, "12.3E+3", "12345", "exponents of one digit, in steps of as many as there are placeholders"},
		{"#", 0, "", "0", "# does not show a zero"},
		{"#,###", 0.004, "", "0", "the same"},
		{"#.00", 0.5, ".50", "0.50", "the same"},
		{"0.0#", 0.996, "1.0", "1.00", "the same behind the point"},
		{"#,##0,%", 9548.694, "955%", "9,55%", "both the comma and the percent sign move the point"},
		{"#,##0%", 87007, "8,700,700%", "87,007,00%", "the digits of the percentage are grouped, and not those of the number"},
		{"00 000%", 0, "00 000%", "000 00%", "the same"},
		{"_-€0_-", -5, "-€5", "- €5", "the padding at the start is left out, with or without a sign"},
		{`0_-"kg"`, 5, "5 kg", "5kg", "_ is a space within the text too"},
		{"0.##", 5, "5.", "5", "the point is always shown"},
		{"0.##", 0.004, "0.", "0.00", "the same"},
		{43, 0, "-", "0.00", "there is a section for zero"},
		{"0;;", 0, "", "0", "the same, and it is empty"},
		{"0;-0;;@", 0, "", "0", "the same, and it is empty"},
		{"[<=9999999]###-####;(###) ###-####", 6971234567, "(697) 123-4567", "697123-4567", "conditions choose the section"},
		{`General" pcs"`, 306971234567, "306971234567 pcs", "3.069712346E+11", "literals beside General are shown, and all digits"},
		{"# ?/?", 0.75, "0.75", "0 3/4", "fractions are written with their digits"},
		{"h:mm:ss.0", 46053.999, "23:58:33.6", "23:58:34.0", "decimals of seconds are not rounded to whole ones"},
		{"[ss]", 0, "00", "0", "two letters are two digits"},
		{"[h]:mm", 2958465, "71003160:00", "2562047:00", "excelize counts at most 292 years"},
		{"[$-408]d mmmm yyyy", 46024, "2026-01-02", "2 Ιανουάριος 2026", "names of other languages than English are not known"},
		{"[$-411]ggge", 46024, "46024", "令和8", "an era without a date"},
		{`[$-411]ggge"年"m"月"d"日"`, 46024, "2026-01-02", `令和8年1月2日`, "other calendars are not known"},
	} {
		t.Run(fmt.Sprint(tt.value, " ", tt.code), func(t *testing.T) {
			got := showBoth(t, false, []any{tt.code}, []float64{tt.value})
			assert.Equal(t, both{tt.code, tt.value, tt.shown, tt.peer}, got[0], tt.why)
		})
	}
	for code, shown := range map[string]string{"yyyy-mm-dd": "1904-01-02", "d": "2", "[h]:mm": "24:00"} {
		got := showBoth(t, true, []any{code}, []float64{1})
		assert.Equal(t, shown, got[0].shown, "of the calendar from 1904")
		assert.NotEqual(t, shown, got[0].peer)
	}
}

func checkBoth(t *testing.T, date1904 bool, codes []any, values []float64) {
	t.Helper()
	for _, b := range showBoth(t, date1904, codes, values) {
		assert.Equal(t, b.peer, b.shown, "%v in %v", b.value, b.code)
	}
}
