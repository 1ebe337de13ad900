package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/anysms/anysms/conformance/golden"
)

const awkwardDir = "testdata/awkward"

// TestAwkwardFilesAreMade writes the files of awkwardDir with -update. Without it, it
// checks that none is missing: the files are the truth, as other versions of the
// packages that write them may write other bytes.
func TestAwkwardFilesAreMade(t *testing.T) {
	for name, content := range awkwardFiles(t) {
		path := filepath.Join(awkwardDir, name)
		if golden.Update() {
			require.NoError(t, os.MkdirAll(awkwardDir, 0o755))
			require.NoError(t, os.WriteFile(path, content, 0o644))
		}
		require.FileExists(t, path)
	}
}

func awkwardFiles(t *testing.T) map[string][]byte {
	files := make(map[string][]byte)
	for name, content := range awkwardTexts() {
		files[name] = []byte(content)
	}
	maps.Copy(files, awkwardEncoded(t))
	maps.Copy(files, awkwardCompressed(t))
	maps.Copy(files, awkwardBooks(t))
	return files
}

const ann, bob = "+306971234567", "+306971234568"

// awkwardTexts are the text files.
func awkwardTexts() map[string]string {
	two := "to,text\n" + ann + ",Hello\n" + bob + ",Bye\n"
	return map[string]string{
		"bom.csv":               "\ufeff" + two,
		"semicolon.csv":         strings.ReplaceAll(two, ",", ";"),
		"sep.csv":               "sep=;\n" + strings.ReplaceAll(two, ",", ";"),
		"sep-crlf.csv":          "sep=|\r\nto|text\r\n" + ann + "|Hello, you\r\n",
		"pipes.csv":             strings.ReplaceAll(two, ",", "|"),
		"quotes.tsv":            "to\ttext\n" + ann + "\tSay \"yes\"\n" + bob + "\t\"quoted\"\n",
		"newline-in-cell.csv":   "to,text\n" + ann + ",\"two\nlines\"\n" + bob + ",Bye\n",
		"doubled-quotes.csv":    "to,text\n" + ann + ",\"Say \"\"yes\"\", please\"\n",
		"quote-inside.csv":      "to,text\n" + ann + ",5\" nails\n",
		"unclosed-quote.csv":    "to,text\n" + ann + ",\"no end\n" + bob + ",Bye\n",
		"after-quote.csv":       "to,text\n" + ann + ",\"a\"b\n" + bob + ",Bye\n",
		"crlf.csv":              strings.ReplaceAll(two, "\n", "\r\n"),
		"crcrlf.csv":            strings.ReplaceAll(two, "\n", "\r\r\n"),
		"crcrlf-quoted.csv":     "to,text\r\r\n" + ann + ",\"Hello\"\r\r\n",
		"cr.csv":                strings.ReplaceAll(two, "\n", "\r"),
		"no-last-newline.csv":   strings.TrimSuffix(two, "\n"),
		"blank-lines.csv":       "to,text\n\n" + ann + ",Hello\n\n\n" + bob + ",Bye\n\n",
		"comma-in-text.csv":     "to,text\n" + ann + ",Hello, Ann\n" + bob + ",Bye\n",
		"short-row.csv":         "to,text\n" + ann + "\n" + bob + ",Bye\n",
		"empty.csv":             "",
		"only-header.csv":       "to,text\n",
		"only-bom.csv":          "\ufeff",
		"spaces-in-header.csv":  "to, text\n" + ann + ",Hello\n",
		"header-case.csv":       "To,Text\n" + ann + ",Hello\n",
		"header-case-twice.csv": "to,Text,TEXT\n" + ann + ",Hello,Bye\n",
		"header-case-exact.csv": "to,Text,text\n" + ann + ",Bye,Hello\n",
		"other-names.csv":       "Mobile,Body\n" + ann + ",Hello\n",
		"column-twice.csv":      "to,text,text\n" + ann + ",Hello,Bye\n",
		"no-header.csv":         ann + ",Hello\n" + bob + ",Bye\n",
		"more-columns.csv":      "id,to,name,text,\n1," + ann + ",Ann,Hello,\n",
		"empty-cells.csv":       "to,text\n" + ann + ",\n,Hello\n" + bob + ",Bye\n",
		"template.csv":          "to,name,code\n" + ann + ",Ann,{x}\n" + bob + ",,7\n",
		"nul-early.csv":         "to,text\n" + ann + ",a\x00b\n" + bob + ",Bye\n",
		"nul-header.csv":        "to,te\x00xt\n" + ann + ",Hello\n",
		"invalid-utf8.csv":      "to,text\n" + ann + ",a\xffb\n" + bob + ",Bye\n",
		"controls.csv":          "to,text\n" + ann + ",\"tab\there\"\n",
		"image.csv":             "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00",
		"plain.txt":             "text\nHello\nBye, Ann\n",
		"numbers.txt":           ann + "\n\n697 1234568\nnobody\n",
		"repeats.csv":           two + ann + ",Hello\n" + ann + ",Bye\n",
		"past.csv":              "to,text,send_at\n" + ann + ",Hello,2020-01-02T15:04:05Z\n" + bob + ",Bye,\n",
		"bad-fields.csv":        "to,text,class,validity,send_at\n" + ann + ",a,urgent,,\n" + ann + ",b,,soon,\n" + ann + ",c,,,tomorrow\n" + bob + ",Bye,otp,2m,\n",
		"decimals.csv":          "to,text\n306971234567.0,a\n+491711234567.0,b\n6971234567.00,c\n\"6971234567,0\",d\n6971234568,Bye\n",
		"scientific.csv":        "to,text\n3.06971234567E+11,a\n3.06971E+11,b\n" + bob + ",Bye\n",
		"letters.csv":           "to,text\n6971234567x,a\nABCDE +306971234567,b\n+30697123456O,c\nnan,d\n#N/A,e\nNULL,f\n" + bob + ",Bye\n",
		"written.csv":           "to,text\n697 123 4567,a\n(+30) 697-123.4567,b\n\u202a+30\u00a0697\u00a01234567\u202c,c\n'6971234567,d\n＋３０６９７１２３４５６７,e\n00306971234567,f\ntel:+30-697-1234567,g\n",
		"two-numbers.csv":       "to,text\n" + ann + " / " + bob + ",a\n\"" + ann + ", " + bob + "\",b\n\"" + ann + "\n" + bob + "\",c\n" + bob + ",Bye\n",
		"extensions.csv":        "to,text\n+306971234567 ext 5,a\n+306971234567x5,b\n+306971234567#5,c\n" + bob + ",Bye\n",
		"formulas.csv":          "to,text\n\"=\"\"306971234567\"\"\",a\n" + bob + ",=1+1\n",
		"lines.jsonl":           `{"to":"` + ann + `","text":"Hello"}` + "\n\n" + `{"text":"Bye","id":7,"to":"` + bob + `"}`,
		"lines-bom.jsonl":       "\ufeff" + `{"to":"` + ann + `","text":"Hello"}` + "\n",
		"lines.csv":             `{"to":"` + ann + `","text":"Hello"}` + "\n",
		"escapes.jsonl":         `{"to":"` + ann + `","text":"It\u2019s \ud83d\udc4b\nnow \"yes\""}` + "\n",
		"lone-surrogate.jsonl":  `{"to":"` + ann + `","text":"a\ud83d"}` + "\n" + `{"to":"` + bob + `","text":"Bye"}` + "\n",
		"broken.jsonl":          `{"to":"` + ann + `","text":"a"` + "\n" + `{"to":"` + ann + `",'text':"a"}` + "\n" + `{"to":"` + ann + `","text":"a"} x` + "\n" + `{"to":"` + bob + `","text":"Bye"}` + "\n",
		"numbers.jsonl":         `{"to":306971234567,"text":"a"}` + "\n" + `{"to":306971234567.0,"text":"b"}` + "\n" + `{"to":3.06971234567e11,"text":"c"}` + "\n",
		"types.jsonl":           `{"to":"` + ann + `","text":["a"]}` + "\n" + `{"to":"` + ann + `","text":null}` + "\n" + `{"to":"` + ann + `"}` + "\n" + `{"to":"` + bob + `","text":true}` + "\n",
		"key-twice.jsonl":       `{"to":"` + ann + `","text":"a","text":"b"}` + "\n" + `{"to":"` + bob + `","text":"Bye"}` + "\n",
		"nul-escape.jsonl":      `{"to":"` + ann + `","text":"a\u0000b"}` + "\n" + `{"to":"` + bob + `","text":"Bye"}` + "\n",
		"array.json":            `[{"to":"` + ann + `","text":"Hello"}]`,
		"array.jsonl":           "[\n" + `{"to":"` + ann + `","text":"Hello"}` + "\n]\n",
		"pretty.json":           "{\n  \"to\": \"" + ann + "\",\n  \"text\": \"Hello\"\n}\n",
		"document.pdf":          "%PDF-1.7\n",
		"old.xls":               "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 100),
		"packed.csv.xz":         "\xfd7zXZ\x00\x00\x04",
		"packed.csv.bz2":        "BZh91AY&SY",
	}
}

// awkwardEncoded are text files in other character sets.
func awkwardEncoded(t *testing.T) map[string][]byte {
	encoded := func(e encoding.Encoding, text string) []byte {
		b, err := e.NewEncoder().Bytes([]byte(text))
		require.NoError(t, err)
		return b
	}
	greek := "to,text\n" + ann + ",\"Καλημέρα, το δέμα σας έφτασε\"\n" + bob + ",Γεια\n"
	little := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	return map[string][]byte{
		"cp1253.csv":           encoded(charmap.Windows1253, greek),
		"cp1252.csv":           encoded(charmap.Windows1252, "to,text\n"+ann+",\"Prêt à être livré, Größe 5 €\"\n"),
		"latin1.csv":           encoded(charmap.ISO8859_1, "to,text\n"+ann+",¡Olé!\n"),
		"cp1253-undefined.csv": append(encoded(charmap.Windows1253, "to,text\n"+ann+",Γεια"), "\xd2\n"+bob+",Bye\n"...),
		"utf16le.csv":          encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), greek),
		"utf16be.csv":          encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), greek),
		"utf16le-no-bom.csv":   encoded(little, greek),
		"utf16-odd.csv":        append(encoded(little, "\ufeff"+greek), 'x'),
		"utf32.csv":            encoded(utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), greek),
		"nul-late.csv.gz":      zipped(t, "to,text\n"+strings.Repeat("\n", 100_000)+ann+",a\x00b\n"+bob+",Bye\n"),
		"long-row.csv.gz":      zipped(t, "to,text\n"+ann+","+strings.Repeat("x", 1<<20)+"\n"+bob+",Bye\n"),
		"long-quoted.csv.gz":   zipped(t, "to,text\n"+ann+",\""+strings.Repeat("x\n", 1<<20)+"\"\n"+bob+",Bye\n"),
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// awkwardCompressed are compressed files, whole and damaged.
func awkwardCompressed(t *testing.T) map[string][]byte {
	two := "to,text\n" + ann + ",Hello\n" + bob + ",Bye\n"
	var packed bytes.Buffer
	w, err := zstd.NewWriter(&packed)
	require.NoError(t, err)
	_, err = io.WriteString(w, two)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	gz, zst := zipped(t, two), packed.Bytes()
	wrong := bytes.Clone(gz)
	wrong[len(wrong)-6] ^= 1 // in the checksum
	return map[string][]byte{
		"whole.csv.gz":         gz,
		"whole.csv.zst":        zst,
		"gzip-by-content.csv":  gz,
		"members.csv.gz":       append(bytes.Clone(gz), zipped(t, "+306971234569,Third\n")...),
		"cut.csv.gz":           gz[:len(gz)-8],   // all of the data, but not its end
		"cut-in-row.csv.gz":    cutInRow(t, two), // a part of the last row
		"cut-in-member.csv.gz": append(bytes.Clone(gz), zipped(t, "+306971234569,Third\n")[:12]...),
		"cut.csv.zst":          zst[:len(zst)-5],
		"checksum.csv.gz":      wrong,
		"header-only.csv.gz":   gz[:6],
		"nothing.csv.gz":       zipped(t, ""),
		"archive.zip":          archived(t, map[string]string{"campaign.csv": two}),
		"sheet.ods":            archived(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
	}
}

// cutInRow compresses a text in two blocks and cuts off the second.
func cutInRow(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text[:len(text)-2]) // without the last letter
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	return b.Bytes()
}

func archived(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(f, content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// book is a workbook that is being made.
type book struct {
	t *testing.T
	*excelize.File
}

func newBook(t *testing.T, rows ...[]any) *book {
	t.Helper()
	b := &book{t, excelize.NewFile()}
	b.rows("Sheet1", rows...)
	return b
}

func (b *book) rows(sheet string, rows ...[]any) {
	b.t.Helper()
	for i, row := range rows {
		require.NoError(b.t, b.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row))
	}
}

// format gives a cell a number format: a built-in one, or a code.
func (b *book) format(cell string, value any, format any) {
	b.t.Helper()
	style := &excelize.Style{}
	switch f := format.(type) {
	case int:
		style.NumFmt = f
	case string:
		style.CustomNumFmt = &f
	}
	id, err := b.NewStyle(style)
	require.NoError(b.t, err)
	require.NoError(b.t, b.SetCellValue("Sheet1", cell, value))
	require.NoError(b.t, b.SetCellStyle("Sheet1", cell, cell, id))
}

func (b *book) bytes() []byte {
	b.t.Helper()
	var out bytes.Buffer
	require.NoError(b.t, b.Write(&out))
	require.NoError(b.t, b.Close())
	return out.Bytes()
}

// awkwardBooks are workbooks.
func awkwardBooks(t *testing.T) map[string][]byte {
	files := make(map[string][]byte)
	header := []any{"to", "text"}
	must := func(err error) { t.Helper(); require.NoError(t, err) }

	b := newBook(t, []any{"to", "day", "time", "off", "member", "price", "count"}, []any{ann})
	const day = 46024.39583333334 // 2 January 2026, 9:30
	b.format("B2", day, "dd/mm/yyyy hh:mm")
	b.format("C2", 0.3958333333333333, 20)
	b.format("D2", 0.15, 9)
	must(b.SetCellValue("Sheet1", "E2", true))
	b.format("F2", 1234.5, `#,##0.00 "€"`)
	b.format("G2", int64(306971234567), 0)
	files["shown.xlsx"] = b.bytes()

	b = newBook(t, header, []any{int64(306971234567), "a"}, []any{int64(6971234567), "b"}, []any{ann, "c"}, []any{306971234567.5, "d"}, []any{nil, "e"}, []any{nil, "f"})
	b.format("A6", 46024, "dd/mm/yyyy")
	b.format("A7", int64(6971234567), "0000000000000")
	files["numbers.xlsx"] = b.bytes()

	b = newBook(t, []any{"to", "text", "send_at"}, []any{ann, "a"}, []any{ann, "b", "2099-01-02T09:30:00+02:00"}, []any{ann, "c", 5})
	b.format("C2", 72687.39583333333, "dd/mm/yyyy hh:mm") // 2 January 2099, 9:30
	files["send-at.xlsx"] = b.bytes()

	b = newBook(t, header, []any{ann, "May"})
	_, err := b.NewSheet("June")
	must(err)
	b.rows("June", header, []any{bob, "June"})
	files["two-sheets.xlsx"] = b.bytes()

	b = newBook(t, header, []any{ann, "Hello"})
	_, err = b.NewSheet("Sheet2")
	must(err)
	files["empty-sheet.xlsx"] = b.bytes()

	b = newBook(t, header, []any{ann, "Hello"})
	_, err = b.NewSheet("Lists")
	must(err)
	b.rows("Lists", []any{"x"})
	must(b.SetSheetVisible("Lists", false))
	files["hidden-sheet.xlsx"] = b.bytes()

	b = newBook(t, []any{"to", "text", ""}, []any{ann, "Hello"})
	must(b.MergeCell("Sheet1", "B1", "C1"))
	files["merged-header.xlsx"] = b.bytes()

	b = newBook(t, header, []any{ann, "Hello"}, []any{bob, ""}, []any{bob, "Bye"})
	must(b.MergeCell("Sheet1", "B2", "B3"))
	files["merged-rows.xlsx"] = b.bytes()

	b = newBook(t, header, []any{ann, "Hello"}, []any{"+306971234569", "hidden"}, []any{bob, "Bye"})
	must(b.SetRowVisible("Sheet1", 3, false))
	files["hidden-rows.xlsx"] = b.bytes()

	files["formula-cached.xlsx"] = raw(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>to</t></is></c><c r="B1" t="inlineStr"><is><t>text</t></is></c></row>
		<row r="2"><c r="A2"><f>306971234566+1</f><v>306971234567</v></c><c r="B2" t="str"><f>"Hello "&amp;A2</f><v>Hello you</v></c><c r="C2"><f>NOW()</f></c></row>
		<row r="3"><c r="A3" t="inlineStr"><is><t>`+bob+`</t></is></c><c r="B3" t="str"><f>""</f><v></v></c></row>`)

	b = newBook(t, header, []any{ann}, []any{bob, "Bye"})
	must(b.SetCellFormula("Sheet1", "B2", `"Hello "&A2`))
	files["formula-uncached.xlsx"] = b.bytes()

	files["errors.xlsx"] = raw(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>to</t></is></c><c r="B1" t="inlineStr"><is><t>text</t></is></c></row>
		<row r="2"><c r="A2"><v>306971234567</v></c><c r="B2" t="e"><f>VLOOKUP(A2,C:D,2)</f><v>#N/A</v></c></row>
		<row r="3"><c r="A3"><v>3.06971234568E+11</v></c><c r="B3" t="str"><f>"Bye"</f><v>Bye</v></c><c r="C3" t="e"><v>#REF!</v></c></row>`)
	files["rich-text.xlsx"] = raw(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>to</t></is></c><c r="B1" t="inlineStr"><is><t>text</t></is></c></row>
		<row r="2"><c r="A2" t="inlineStr"><is><t>`+ann+`</t></is></c><c r="B2" t="inlineStr"><is><r><rPr><b/></rPr><t xml:space="preserve">Hello </t></r><r><t>Ann_x000D_&#10;&amp; Bob</t></r><rPh><t>hint</t></rPh></is></c></row>`)
	files["cut-in-sheet.xlsx"] = raw(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>to</t></is></c><c r="B1" t="inlineStr"><is><t>text</t></is></c></row>
		<row r="2"><c r="A2" t="inlineStr"><is><t>`+ann+`</t></is></c><c r="B2" t="inlineStr"><is><t>Hello</t></is></c></row><row r="3"><c r="A3"><v>30697`)

	b = newBook(t, []any{"Campaign of May"}, nil, header, []any{ann, "Hello"})
	files["title-row.xlsx"] = b.bytes()

	b = newBook(t, nil, nil, header, nil, []any{ann, "Hello"})
	files["blank-rows.xlsx"] = b.bytes()

	b = newBook(t, header, []any{ann, "Hello"})
	whole := b.bytes()
	files["cut.xlsx"] = whole[:len(whole)-200]
	files["whole-by-content.csv"] = whole
	return files
}

// raw is a workbook with one sheet of these rows.
func raw(t *testing.T, rows string) []byte {
	t.Helper()
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	return archived(t, map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="rId1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="` + office + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns:r="` + office + `"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/worksheets/sheet1.xml":   `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`,
	})
}
