package xlsx_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/xlsx"
)

// The parts of a workbook with one sheet, as programs write them.
const (
	rels     = `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookRels = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="/xl/styles.xml"/></Relationships>`
	book     = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><workbookPr/><sheets><sheet name="May" sheetId="1" r:id="rId1"/></sheets></workbook>`
	texts    = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>to</t></si><si><r><t>te</t></r><r><rPr><b/></rPr><t xml:space="preserve">xt </t></r><rPh sb="0" eb="1"><t>hint</t></rPh></si><si><t>a_x000D_&#10;b_x005F_x0041_</t></si></sst>`
	styles   = `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy\ hh:mm"/></numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="9"/></cellXfs></styleSheet>`
)

func parts(sheet string) map[string]string {
	return map[string]string{
		"_rels/.rels": rels, "xl/_rels/workbook.xml.rels": bookRels, "xl/workbook.xml": book, "xl/sharedStrings.xml": texts,
		"xl/styles.xml": styles, "xl/worksheets/sheet1.xml": `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` + sheet + `</worksheet>`,
	}
}

func archive(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range parts {
		part, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(part, content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func open(content []byte) (*xlsx.Workbook, error) {
	return xlsx.Open(bytes.NewReader(content), int64(len(content)))
}

// shown lists the rows as "number: column=shown/digits …".
func shown(s *xlsx.Sheet) (rows []string, err error) {
	for {
		row, err := s.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		line := fmt.Sprintf("%d:", row.Number)
		if row.Hidden {
			line += " hidden"
		}
		for i := range row.Cells {
			c := &row.Cells[i]
			line += fmt.Sprintf(" %d=%q", c.Column, c.Shown())
			if c.Digits() != c.Shown() {
				line += "/" + c.Digits()
			}
		}
		rows = append(rows, line)
	}
}

func TestSheet(t *testing.T) {
	b, err := open(archive(t, parts(`<cols><col min="1" max="1" hidden="1"/></cols><sheetData>
		<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
		<row r="3" hidden="1"><c r="A3"><v>3.06971234567E+11</v></c><c r="B3" s="1"><v>46024.39583333334</v></c><c r="AB3" t="inlineStr"><is><t>in line</t></is></c></row>
		<row><c><v>306971234567</v></c><c t="b"><v>1</v></c><c s="2"><v>0.15</v></c></row>
		<row r="5"/>
		<row r="6"><c r="A6" s="1"/><c r="B6" t="str"><f>""</f><v></v></c></row>
		<row r="7"><c r="B7"><f>A1&amp;"x"</f></c><c r="C7" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="D7" t="str"><f>"y"</f><v>y</v></c><c r="E7" t="s"><v>2</v></c></row>
		</sheetData><mergeCells count="1"><mergeCell ref="A7:A9"/></mergeCells>`)))
	require.NoError(t, err)
	s, err := b.Sheet("")
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, "May", s.Name)
	got, err := shown(s)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`1: 0="to" 1="text "`,
		`3: hidden 0="306971234567" 1="02/01/2026 09:30"/46024.3958333333 27="in line"`,
		`4: 0="306971234567" 1="TRUE" 2="15%"/0.15`,
		`7: 1="" 2="#DIV/0!" 3="y" 4="a\nb_x0041_"`,
	}, got)
}

func TestKinds(t *testing.T) {
	b, err := open(archive(t, parts(`<sheetData><row r="2">
		<c r="A2"><f>1+1</f></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2" s="1"><v>46024.5</v></c><c r="D2"><v>7.5</v></c><c r="E2" t="str"><v>x</v></c><c r="F2"><v>7.0</v></c>
		</row><row r="3"><c r="A3"><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="E1:G2"/><mergeCell ref="A3:B4"/></mergeCells>`)))
	require.NoError(t, err)
	s, err := b.Sheet("May")
	require.NoError(t, err)
	defer s.Close()
	row, err := s.Next()
	require.NoError(t, err)
	var kinds []xlsx.Kind
	var whole []bool
	for i := range row.Cells {
		kinds, whole = append(kinds, row.Cells[i].Kind), append(whole, row.Cells[i].Whole())
	}
	assert.Equal(t, []xlsx.Kind{xlsx.Uncalculated, xlsx.Error, xlsx.Number, xlsx.Number, xlsx.Text, xlsx.Number}, kinds)
	assert.Equal(t, []bool{true, true, false, false, true, true}, whole)
	zone := time.FixedZone("x", 3*3600)
	at, ok := row.Cells[2].Time(zone)
	require.True(t, ok)
	assert.Equal(t, "2026-01-02T12:00:00+03:00", at.Format(time.RFC3339))
	_, ok = row.Cells[3].Time(zone)
	assert.False(t, ok, "a number that is not shown as a time")
	merged, ok := s.Merged(5)
	require.True(t, ok)
	assert.Equal(t, "E1:G2", merged.String())
	_, ok = s.Merged(3)
	assert.False(t, ok)
	_, err = s.Next()
	require.NoError(t, err)
	_, ok = s.Merged(5)
	assert.False(t, ok, "it ended in the row above")
	_, ok = s.Merged(0)
	assert.False(t, ok, "the first cell has the value")
	_, ok = s.Merged(1)
	assert.True(t, ok)
}

// TestShown has values as Excel shows them with the formats that people use.
func TestShown(t *testing.T) {
	const (
		day   = 46024.39583333334 // Friday, 2 January 2026, 9:30
		phone = int64(6971234567)
	)
	for _, tt := range []struct {
		value  any
		format any // built-in number or code
		want   string
	}{
		{day, 14, "2026-01-02"}, {day, 15, "2-Jan-26"}, {day, 17, "Jan-26"}, {day, 18, "9:30 AM"}, {day, 20, "9:30"}, {day, 21, "9:30:00"},
		{day, 22, "2026-01-02 9:30"}, {day, 27, "2026-01-02"}, {day, "dd/mm/yyyy hh:mm", "02/01/2026 09:30"}, {day, "yyyy-mm-dd", "2026-01-02"},
		{day, "dddd, mmmm dd, yyyy", "Friday, January 02, 2026"}, {day, "d.m.yyyy", "2.1.2026"}, {day, "ddd d mmm", "Fri 2 Jan"},
		{day, `dd\/mm\/yyyy`, "02/01/2026"}, {day, "[$-409]h:mm am/pm;@", "9:30 AM"}, {day, "mm/dd/yy;@", "01/02/26"},
		{0.3958333333333333, 20, "9:30"}, {0.3958333333333333, "hh:mm", "09:30"}, {0.5, 18, "12:00 PM"}, {1.5, "[h]:mm", "36:00"}, {1.5, 46, "36:00:00"},
		{0.15, 9, "15%"}, {0.155, 10, "15.50%"}, {0.155, "0.0%", "15.5%"}, {1, 9, "100%"},
		{1234567.891, 3, "1,234,568"}, {1234567.891, 4, "1,234,567.89"}, {1234567.891, `#,##0.00 "€"`, "1,234,567.89 €"}, {-5, 2, "-5.00"},
		{5, `_-* #,##0.00 €_-;-* #,##0.00 €_-;_-* "-"?? €_-;_-@_-`, "5.00 €"}, {46024, "0000000000", "0000046024"}, {12, `"No. "0`, "No. 12"},
		{0, `0;-0;;@`, ""}, {0, `"yes";"no";"none"`, "none"}, {3, `"yes";"no";"none"`, "yes"},
		{0.1 + 0.2, 0, "0.3"}, {int64(306971234567), 0, "306971234567"}, {12.5, "General", "12.5"}, {7, 49, "7"}, {7, "@", "7"}, {1e-7, 0, "0.0000001"},
		{0, 14, "1900-01-00"}, {59, 14, "1900-02-28"}, {60, "dddd d mmmm yyyy", "Wednesday 29 February 1900"}, {61, 14, "1900-03-01"},
		{day, 47, "30:00.0"}, {0.5000041, "h:mm:ss.000", "12:00:00.354"}, {1.99999999, "[h]:mm:ss", "48:00:00"}, {0.99999999, "d h:mm", "1 0:00"}, {0.75, "h a/p", "6 p"},
		{day, "[$-408]dddd d mmmm yyyy h:mm", "2026-01-02 9:30:00"}, {0.75, "[$-408]h:mm AM/PM", "18:00:00"}, {day, "[$-2010401]dd/mm/yyyy", "2026-01-02"},
		{-1.5, 14, "-1.5"}, {2958466, 14, "2958466"}, {day, "yyyy 0", "46024.3958333333"}, {phone, "0 gr", "6971234567"}, {phone, "#,##0 [unknown]", "6971234567"},
		{phone, "0;0;0;@;0", "6971234567"}, {phone, "# ??/??", "6971234567"}, {phone, `0"open`, "6971234567"}, {phone, "0[", "6971234567"},
		{phone, `0\`, "6971234567"}, {phone, "[Red]", "6971234567"}, {phone, 5, "6971234567"}, {phone, 99, "6971234567"}, {-5, "0;", "-5"}, {-5, "0;;", ""},
		{phone, "[DBNum1]0", "6971234567"}, {phone, "0.0.0", "6971234567"}, {5, `[>9]0;[<3]"few";"some"`, "some"}, {-5, "[<9]0;0.0", "-5"},
		{int64(12345678901234567), "0", "12345678901234567"}, {int64(306971234567890123), "+00 0", "+30697123456789012 3"}, {int64(-12345678901234567), "0", "-12345678901234567"},
		{5, "0##", "005"}, {0.5, "?.??", ".5"}, {1234567, "0.0,", "1234.6"}, {1234567, "0,.0", "1234.6"}, {0.00012345, "##0.0E+0", "123.5E-6"},
		{999.96, "0.0E+00", "1.0E+03"}, {1e300, "0.0E-0", "1.0E300"}, {0, "0.0E+00", "0.0E+00"}, {0.1234, "0.0%%", "1234.0%%"},
	} {
		t.Run(fmt.Sprint(tt.value, " ", tt.format), func(t *testing.T) {
			style := fmt.Sprintf(`<xf numFmtId="%v"/>`, tt.format)
			formats := ""
			if code, ok := tt.format.(string); ok {
				style, formats = `<xf numFmtId="200"/>`, `<numFmts><numFmt numFmtId="200" formatCode="`+strings.NewReplacer(`"`, "&quot;", "<", "&lt;").Replace(code)+`"/></numFmts>`
			}
			p := parts(fmt.Sprintf(`<sheetData><row r="1"><c r="A1" s="0"><v>%v</v></c></row></sheetData>`, tt.value))
			p["xl/styles.xml"] = `<styleSheet>` + formats + `<cellXfs>` + style + `</cellXfs></styleSheet>`
			b, err := open(archive(t, p))
			require.NoError(t, err)
			s, err := b.Sheet("")
			require.NoError(t, err)
			defer s.Close()
			row, err := s.Next()
			require.NoError(t, err)
			assert.Equal(t, tt.want, row.Cells[0].Shown())
		})
	}
}

func TestDates1904(t *testing.T) {
	p := parts(`<sheetData><row r="1"><c r="A1" s="1"><v>44562.39583333334</v></c></row></sheetData>`)
	p["xl/workbook.xml"] = strings.Replace(book, "<workbookPr/>", `<workbookPr date1904="true"/>`, 1)
	b, err := open(archive(t, p))
	require.NoError(t, err)
	s, err := b.Sheet("")
	require.NoError(t, err)
	defer s.Close()
	row, err := s.Next()
	require.NoError(t, err)
	assert.Equal(t, "02/01/2026 09:30", row.Cells[0].Shown())
	at, ok := row.Cells[0].Time(time.UTC)
	assert.True(t, ok)
	assert.Equal(t, "2026-01-02T09:30:00Z", at.Format(time.RFC3339))
}

func TestChoice(t *testing.T) {
	b := excelize.NewFile()
	for _, name := range []string{"May", "June", "Old", "Empty"} {
		_, err := b.NewSheet(name)
		require.NoError(t, err)
		if name != "Empty" {
			require.NoError(t, b.SetCellValue(name, "A1", "to"))
		}
	}
	require.NoError(t, b.SetSheetVisible("Old", false))
	choose := func(name string) (string, error) {
		var file bytes.Buffer
		require.NoError(t, b.Write(&file))
		book, err := open(file.Bytes())
		require.NoError(t, err)
		s, err := book.Sheet(name)
		if err != nil {
			return "", err
		}
		return s.Name, s.Close()
	}
	_, err := choose("")
	assert.EqualError(t, err, `the workbook has several worksheets with data; choose one with --sheet: "May", "June"`)
	_, err = choose("may")
	assert.EqualError(t, err, `no worksheet "may" (did you mean "May"?); want one of "Sheet1", "May", "June", "Old", "Empty"`)
	name, err := choose("Old")
	require.NoError(t, err)
	assert.Equal(t, "Old", name, "a hidden one by its name")
	require.NoError(t, b.DeleteSheet("June"))
	name, err = choose("")
	require.NoError(t, err)
	assert.Equal(t, "May", name, "the only one with data")
	require.NoError(t, b.SetSheetVisible("May", false))
	_, err = choose("")
	assert.EqualError(t, err, "the workbook has no worksheet with data that is not hidden")
}

// A workbook that is damaged anywhere is an error, and never a shorter sheet.
func TestDamage(t *testing.T) {
	rows := strings.Repeat(`<row><c t="s"><v>0</v></c><c><v>1</v></c></row>`, 500)
	whole := archive(t, parts("<sheetData>"+rows+"</sheetData>"))
	read := func(content []byte) (int, error) {
		b, err := open(content)
		if err != nil {
			return 0, err
		}
		s, err := b.Sheet("")
		if err != nil {
			return 0, err
		}
		defer s.Close()
		got, err := shown(s)
		return len(got), err
	}
	n, err := read(whole)
	require.NoError(t, err)
	require.Equal(t, 500, n)
	for cut := 1; cut < len(whole); cut += 97 {
		_, err := read(whole[:len(whole)-cut])
		assert.Error(t, err, "without its last %d bytes", cut)
	}
	for name, sheet := range map[string]string{
		"not closed":      "<sheetData>" + rows,
		"bad reference":   `<sheetData><row><c r="?7"><v>1</v></c></row></sheetData>`,
		"unknown text":    `<sheetData><row><c t="s"><v>99</v></c></row></sheetData>`,
		"rows backwards":  `<sheetData><row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row></sheetData>`,
		"entity unclosed": `<sheetData><row><c t="str"><v>a&b</v></c></row></sheetData>`,
	} {
		_, err := read(archive(t, parts(sheet)))
		assert.Error(t, err, name)
	}
	for name, want := range map[string]string{
		"xl/worksheets/sheet1.xml": "the workbook has no xl/worksheets/sheet1.xml", "xl/workbook.xml": "the workbook has no xl/workbook.xml",
		"_rels/.rels": "not an XLSX workbook", "xl/sharedStrings.xml": "the workbook has no xl/sharedStrings.xml",
	} {
		p := parts("<sheetData>" + rows + "</sheetData>")
		delete(p, name)
		_, err := read(archive(t, p))
		assert.ErrorContains(t, err, want)
	}
	p := parts("")
	p["_rels/.rels"] = strings.Replace(rels, "workbook.xml", "workbook.bin", 1)
	_, err = read(archive(t, p))
	assert.ErrorContains(t, err, "binary workbook (XLSB)")
	_, err = read(archive(t, map[string]string{"campaign.csv": "to,text\n"}))
	assert.ErrorContains(t, err, "not an XLSX workbook")
}

func FuzzSheet(f *testing.F) {
	f.Add(`<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells>`)
	f.Fuzz(func(t *testing.T, sheet string) {
		b, err := open(archive(t, parts(sheet)))
		require.NoError(t, err)
		s, err := b.Sheet("May")
		if err != nil {
			return
		}
		defer s.Close()
		_, _ = shown(s)
	})
}

// No code damages a number: one that is shown with placeholders and literals alone has
// all its digits.
func FuzzFormat(f *testing.F) {
	for _, code := range []string{"+00 000 0000000", "[<=9999999]###-####;(###) ###-####", `_-* #,##0.00\ "€"_-`, "[$-409]d mmm yyyy h:mm:ss.00 AM/PM", "##0.0E+0", "[h]:mm;;", "0_", "[", "?/?"} {
		f.Add(code, int64(306971234567))
	}
	f.Fuzz(func(t *testing.T, code string, value int64) {
		var escaped bytes.Buffer
		require.NoError(t, xml.EscapeText(&escaped, []byte(code)))
		p := parts(fmt.Sprintf(`<sheetData><row r="1"><c r="A1" s="0"><v>%d</v></c></row></sheetData>`, value))
		p["xl/styles.xml"] = `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + escaped.String() + `"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>`
		b, err := open(archive(t, p))
		require.NoError(t, err)
		s, err := b.Sheet("")
		require.NoError(t, err)
		defer s.Close()
		row, err := s.Next()
		require.NoError(t, err)
		shown := row.Cells[0].Shown()
		if strings.Trim(code, "0# +-()") != "" || !strings.ContainsAny(code, "0#") || value == 0 {
			return
		}
		digits := func(text string) string {
			return strings.TrimLeft(strings.Map(func(r rune) rune {
				if r < '0' || r > '9' {
					return -1
				}
				return r
			}, text), "0")
		}
		assert.Equal(t, digits(fmt.Sprint(value)), digits(shown), "%d in %q is shown as %q", value, code, shown)
	})
}

func TestRef(t *testing.T) {
	for want, column := range map[string]int{"A1": 0, "Z1": 25, "AA1": 26, "AZ1": 51, "BA1": 52, "XFD1": 16383} {
		assert.Equal(t, want, xlsx.Ref(column, 1))
	}
}
