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
	for magic, want := range map[string]string{
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old or encrypted office document", "\xfd7zXZ\x00": "xz", "BZh91AY": "bzip2", "%PDF-1.7\n": "PDF",
		"\xff\xfe\x00\x00t\x00\x00\x00": "UTF-32",
	} {
		_, err = source.Open(t.Context(), write(t, []byte(magic)), nil, "")
		require.ErrorContains(t, err, want)
	}
}

func TestCharsetNames(t *testing.T) {
	for name, want := range map[string]string{
		"cp1253": "windows-1253", "Windows1253": "windows-1253", "WIN-1253": "windows-1253", "1253": "", "utf8": "utf-8", "UTF_8": "utf-8",
		"latin1": "iso-8859-1", "ISO_8859-7": "iso-8859-7", "greek": "iso-8859-7", "iso88591": "iso-8859-1", "ibm866": "cp866", "koi8r": "koi8-r", "ansi": "windows-1252",
	} {
		err := source.CheckCharset(name)
		if want == "" {
			assert.ErrorContains(t, err, "unknown character set", name)
			continue
		}
		require.NoError(t, err, name)
		_, f := read(t, write(t, []byte("to,text\n1,a\n")), name)
		assert.Equal(t, want, f.Charset)
	}
	assert.ErrorContains(t, source.CheckCharset("windows-1235"), `did you mean "windows-1253"?`)
}

// A byte order mark says what the file is, whatever the flag says.
func TestMarkAndCharset(t *testing.T) {
	marked := append([]byte("\xff\xfe"), encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "to,text\n")...)
	got, f := read(t, write(t, marked), "utf-16be")
	assert.Equal(t, "to,text\n", got)
	assert.Equal(t, "utf-16le", f.Charset)
	_, err := source.Open(t.Context(), write(t, marked), nil, "cp1253")
	assert.ErrorContains(t, err, "starts with the byte order mark of utf-16le; it is not windows-1253")
}

// What a character set does not define is not sent as a replacement character.
func TestUndefinedBytes(t *testing.T) {
	text := strings.Repeat("Καλημέρα ", 2000)
	content := append(encoded(t, charmap.Windows1253, "to,text\n1,"+text), 0xd2, 0xff, '\n') // both are undefined
	got, _ := read(t, write(t, content), "windows-1253")
	assert.Equal(t, "to,text\n1,"+text+"\xff\xff\n", got)
	lone := append(encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "to,text\n1,"), 0x00, 0xd8, '\n', 0)
	got, _ = read(t, write(t, lone), "utf-16le")
	assert.Equal(t, "to,text\n1,\xff\n", got)
}

// A few stray NUL bytes do not make UTF-16 of a file.
func TestStrayNUL(t *testing.T) {
	content := "to,text\n1,a\x00b\n\x00\n" + strings.Repeat("1,Hello\n", 100)
	got, f := read(t, write(t, []byte(content)), "")
	assert.Equal(t, "utf-8", f.Charset)
	assert.Equal(t, content, got)
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
