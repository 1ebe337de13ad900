package source_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/anysms/anysms/cmd/anysms/internal/source"
)

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func read(t *testing.T, path, charset string) (string, *source.File) {
	t.Helper()
	f, err := source.Open(t.Context(), path, nil, charset)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	return string(b), f
}

func encoded(t *testing.T, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	require.NoError(t, err)
	return b
}

// texts are sample texts by character set.
var texts = map[string]string{
	"windows-1252": "to,text\n1,Votre colis arrive à Orléans, prêt à être livré. Größe: über 20 €.\n",
	"windows-1253": "to,text\n1,Καλημέρα, το δέμα σας έφτασε στην Αθήνα και θα παραδοθεί αύριο.\n",
	"windows-1251": "to,text\n1,Здравствуйте, ваша посылка прибыла и будет доставлена завтра.\n",
	"windows-1250": "to,text\n1,Dzień dobry, twoja paczka dotarła, odbiór możliwy już dziś. Żółta łódź.\n",
	"windows-1254": "to,text\n1,Günaydın, kargonuz İstanbul'a ulaştı, yarın dağıtıma çıkacak. Işık şehri.\n",
	"windows-1255": "to,text\n1,שלום, החבילה שלך הגיעה ותימסר מחר בבוקר.\n",
	"windows-1256": "to,text\n1,مرحبا، لقد وصلت الطرود الخاصة بك وسيتم تسليمها غدا.\n",
}

func TestCodePagesAreTold(t *testing.T) {
	pages := map[string]encoding.Encoding{
		"windows-1252": charmap.Windows1252, "windows-1253": charmap.Windows1253, "windows-1251": charmap.Windows1251,
		"windows-1250": charmap.Windows1250, "windows-1254": charmap.Windows1254, "windows-1255": charmap.Windows1255, "windows-1256": charmap.Windows1256,
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			path := write(t, encoded(t, pages[name], text))
			got, f := read(t, path, "")
			assert.Equal(t, name, f.Charset)
			assert.True(t, f.Guessed)
			assert.Equal(t, text, got)
			got, f = read(t, path, strings.ToUpper(name))
			assert.False(t, f.Guessed, "a given character set is not guessed")
			assert.Equal(t, text, got)
		})
	}
}

func TestUnicode(t *testing.T) {
	text := texts["windows-1253"]
	le, be := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	tests := []struct {
		name    string
		content []byte
		charset string
		guessed bool
	}{
		{"utf-8", []byte(text), "utf-8", false},
		{"utf-8 with mark", []byte("\xef\xbb\xbf" + text), "utf-8", false},
		{"utf-16le with mark", append([]byte("\xff\xfe"), encoded(t, le, text)...), "utf-16le", false},
		{"utf-16be with mark", append([]byte("\xfe\xff"), encoded(t, be, text)...), "utf-16be", false},
		{"utf-16le without mark", encoded(t, le, text), "utf-16le", true},
		{"utf-16be without mark", encoded(t, be, text), "utf-16be", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, f := read(t, write(t, tt.content), "")
			assert.Equal(t, tt.charset, f.Charset)
			assert.Equal(t, tt.guessed, f.Guessed)
			assert.Equal(t, text, got)
		})
	}
	t.Run("a character across the end of the sample", func(t *testing.T) {
		long := "a" + strings.Repeat("€", 50_000)
		got, f := read(t, write(t, []byte(long)), "")
		assert.Equal(t, "utf-8", f.Charset)
		assert.Equal(t, long, got)
	})
	t.Run("empty", func(t *testing.T) {
		got, f := read(t, write(t, nil), "")
		assert.Equal(t, "utf-8", f.Charset)
		assert.Empty(t, got)
	})
}

// A UTF-8 file with a damaged byte is still detected as UTF-8.
func TestDamagedUTF8StaysUTF8(t *testing.T) {
	for name, content := range map[string]string{
		"one stray byte": "to,text\n1,a\xff\n2,b\n",
		"among Greek":    "text\nΚαλημέρα \xff\xfe\xfd\xfc σας\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, f := read(t, write(t, []byte(content)), "")
			assert.Equal(t, "utf-8", f.Charset)
			assert.False(t, f.Guessed)
			assert.Equal(t, content, got)
		})
	}
}

func TestCompression(t *testing.T) {
	var zipped, packed bytes.Buffer
	g := gzip.NewWriter(&zipped)
	_, _ = g.Write([]byte("to,text\n1,Γειά\n"))
	require.NoError(t, g.Close())
	z, err := zstd.NewWriter(&packed)
	require.NoError(t, err)
	_, _ = z.Write([]byte("to,text\n1,Γειά\n"))
	require.NoError(t, z.Close())
	for name, content := range map[string][]byte{"gzip": zipped.Bytes(), "zstd": packed.Bytes()} {
		t.Run(name, func(t *testing.T) {
			got, f := read(t, write(t, content), "")
			assert.Equal(t, "to,text\n1,Γειά\n", got)
			assert.Equal(t, name, f.Compression)
			assert.Equal(t, name+", utf-8", f.String())
			assert.EqualValues(t, len(content), f.Size)
			assert.Equal(t, f.Size, f.Consumed())

			f, err := source.Open(t.Context(), write(t, content[:len(content)-4]), nil, "")
			if err == nil {
				_, err = io.ReadAll(f)
				f.Close()
			}
			assert.Error(t, err, "a truncated file is an error")
		})
	}
}

func TestStandardInput(t *testing.T) {
	f, err := source.Open(t.Context(), source.Stdin, strings.NewReader("a"), "")
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, "a", string(b))
	assert.EqualValues(t, -1, f.Size)
	require.NoError(t, f.Close())
}

func TestBadFiles(t *testing.T) {
	_, err := source.Open(t.Context(), filepath.Join(t.TempDir(), "none"), nil, "")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = source.Open(t.Context(), t.TempDir(), nil, "")
	require.ErrorContains(t, err, "is a directory")
	_, err = source.Open(t.Context(), write(t, []byte("a")), nil, "latin")
	require.ErrorContains(t, err, `unknown character set "latin"; want one of cp437, `)
	_, err = source.Open(t.Context(), source.Stdin, strings.NewReader("PK\x03\x04"), "")
	require.ErrorContains(t, err, "must be given as a file")
	f, err := source.Open(t.Context(), write(t, []byte("PK\x03\x04nonsense")), nil, "")
	require.NoError(t, err)
	_, err = f.Sheet("")
	require.ErrorContains(t, err, "not an XLSX workbook")
	require.NoError(t, f.Close())
}

func TestWorkbook(t *testing.T) {
	book := excelize.NewFile()
	rows := [][]any{{"to", "text"}, {"+306900000001", "Γειά\nσου"}, {int64(306900000002), 5}, {}, {"", "last"}}
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		require.NoError(t, err)
		require.NoError(t, book.SetSheetRow("Sheet1", cell, &row))
	}
	path := filepath.Join(t.TempDir(), "book.xlsx")
	require.NoError(t, book.SaveAs(path))
	require.NoError(t, book.Close())

	f, err := source.Open(t.Context(), path, nil, "")
	require.NoError(t, err)
	defer f.Close()
	require.True(t, f.Spreadsheet)
	s, err := f.Sheet("")
	require.NoError(t, err)
	defer s.Close()
	var got [][]string
	lines := []int{}
	for {
		line, fields, ok, err := s.Next()
		require.NoError(t, err)
		if !ok {
			break
		}
		lines = append(lines, line)
		got = append(got, fields)
	}
	assert.Equal(t, []int{1, 2, 3, 4, 5}, lines)
	assert.Equal(t, []string{"+306900000001", "Γειά\nσου"}, got[1])
	assert.Equal(t, []string{"306900000002", "5"}, got[2], "a number is not written as 3.069E+11")
	assert.Equal(t, []string{"", "last"}, got[4])
	_, err = f.Sheet("Prices")
	require.ErrorContains(t, err, `no worksheet "Prices"; want one of Sheet1`)
}

func TestReadErrorIsKept(t *testing.T) {
	f, err := source.Open(t.Context(), source.Stdin, io.MultiReader(strings.NewReader("abc"), broken{}), "")
	if err == nil {
		_, err = io.ReadAll(f)
	}
	assert.ErrorContains(t, err, "disk on fire")
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }
