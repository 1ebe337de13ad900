package redact_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/redact"
)

func TestSecretsInEveryEncoding(t *testing.T) {
	const secret = "s3cr3t/+key ü&<"
	s := redact.NewSecrets(secret, "abc", "")
	for name, form := range map[string]string{
		"plain": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret),
		"small percent":  "s3cr3t%2f%2bkey+%c3%bc%26%3c",
		"JSON":           `s3cr3t/+key ü\u0026\u003c`,
		"JSON, slash":    `s3cr3t\/+key ü&<`,
		"HTML":           html.EscapeString(secret),
		"hexadecimal":    hex.EncodeToString([]byte(secret)),
		"HEXADECIMAL":    strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64":         base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 of URLs": base64.URLEncoding.EncodeToString([]byte(secret)),
		"base64, bare":   base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		t.Run(name, func(t *testing.T) {
			hidden := s.Hide("key <" + form + "> is bad")
			assert.NotContains(t, hidden, form)
			assert.Contains(t, hidden, "key <[redacted]")
			assert.Contains(t, hidden, "> is bad")
		})
	}
	assert.Equal(t, "abc is too short", s.Hide("abc is too short"))
	assert.Equal(t, "[redacted] is not", redact.NewSecrets("abcd").Hide("abcd is not"))
	assert.Contains(t, redact.NewSecrets("abcdefg").Hide(base64.StdEncoding.EncodeToString([]byte("xabcdefgyz"))), redact.SecretMark)
	assert.Equal(t, "anything", redact.Secrets{}.Hide("anything"))
	assert.Equal(t, "[redacted]!", redact.NewSecrets("longer than", "longer than this").Hide("longer than this!"), "the longest first")
}

// Basic authentication sends "user:secret" in base64, where the secret begins at
// any of three positions.
func TestSecretsInsideBase64(t *testing.T) {
	const secret = "hunter2-and-more"
	s := redact.NewSecrets(secret)
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
		for _, user := range []string{"", "a", "ab", "abc", "abcd:"} {
			for _, end := range []string{"", ":", ":x", "xyz"} {
				whole := encoding.EncodeToString([]byte(user + secret + end))
				hidden := s.Hide(whole)
				require.Contains(t, hidden, redact.SecretMark, "%q %q", user, end)
				rest := strings.Split(hidden, redact.SecretMark)
				assert.LessOrEqual(t, len(rest[0]), (len(user)*8+5)/6, "no more is left than the user takes")
				assert.NotContains(t, hidden, whole[len(whole)/3:len(whole)/3+5])
			}
		}
	}
	assert.Equal(t, "aGVsbG8gd29ybGQ=", redact.NewSecrets("word").Hide("aGVsbG8gd29ybGQ="), "a short secret has too few characters of its own")
}

func TestEcho(t *testing.T) {
	const (
		number = "14155552671"
		text   = "Your login code is 4711"
	)
	greek := "Ο κωδικός σας είναι ΑΒ-1234· μην τον δώσετε"
	for _, tt := range []struct{ name, words, text, want string }{
		{"the review's", "Text 'Your login code is 4711' to +1 (415) 555-2671 was blocked", text, "Text '[text]' to +[number] was blocked"},
		{"as it is", "14155552671: Your login code is 4711", text, "[number]: [text]"},
		{"other case", "YOUR LOGIN CODE IS 4711", text, "[text]"},
		{"other punctuation", "«Your_login.code—is: 47-11»!", text, "«[text]»!"},
		{"query", "text=Your+login+code+is+4711&to=%2B14155552671", text, "text=[text]&to=%2B[number]"},
		{"percent", "Your%20login%20code%20is%204711.", text, "[text]."},
		{"HTML", "&quot;Your&nbsp;login code&#32;is 4711&quot; is bad", text, "&quot;[text]&quot; is bad"},
		{"JSON", `{"t":"Your login\ncode\u0020is 4711"}`, text, `{"t":"[text]"}`},
		{"the beginning", "Your login cod… is spam", text, "[text]… is spam"},
		{"the end", "…in code is 4711", text, "…[text]"},
		{"the code alone", "4711 looks like a code", text, "[text] looks like a code"},
		{"the code in pieces", "47 11 and 4-7-1-1", text, "[text] and [text]"},
		{"single words", "your code was not a login", text, "your code was not a login"},
		{"nothing", "insufficient credit (error 21408)", text, "insufficient credit (error 21408)"},
		{"empty", "", text, ""},
		{"national number", "0 (415) 555 2671 is a landline", text, "0 ([number] is a landline"},
		{"number begun", "+1 415 555 2... is bad", text, "+[number]... is bad"},
		{"area only", "area +1 415 is barred", text, "area +1 415 is barred"},
		{"other number", "call 14155512671", text, "call 14155512671"},
		{"Greek", "Μήνυμα: ο κωδικός σας είναι", greek, "Μήνυμα: [text]"},
		{"Greek, capitals", "ΚΩΔΙΚΌΣ ΣΑΣ ΕΊΝΑΙ", greek, "[text]"},
		{"Greek, percent", "t=" + url.QueryEscape(greek), greek, "t=[text]"},
		{"Greek, JSON", `\u03ba\u03c9\u03b4\u03b9\u03ba\u03cc\u03c2 \u03c3\u03b1\u03c2 \u03b5\u03af\u03bd\u03b1\u03b9`, greek, "[text]"},
		{"voucher", "word AB12CD is not allowed, AB12 is", "Use AB12CD now", "word [text] is not allowed, AB12 is"},
		{"spaced code", "code 482913 found", "Your code: 482 913", "code [text] found"},
		{"short text", "not OK: the text is ok.", "OK", "not [text]: the text is [text]."},
		{"short text in words", "token book", "OK", "token book"},
		{"short number as text", "code 482913!", "482913", "code [text]!"},
		{"no letters", "text 🎉 !!!", "🎉 !!!", "text 🎉 !!!"},
		{"long word", "verification texts need a template", "verification: 8", "verification texts need a template"},
		{"long word alone", "antidisestablishmentarianism is long", "Antidisestablishmentarianism!", "[text] is long"},
		{"escapes that are none", `50% off & more \ and %zz &nothing; \u00`, text, `50% off & more \ and %zz &nothing; \u00`},
		{"broken UTF-8", "Your login\xff code is 4711 \xff", text, "[text] \xff"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, redact.NewEcho(number, tt.text, tt.text).Hide(tt.words))
		})
	}
	const call = "call 14155552671 now please"
	assert.Equal(t, "[text] [number] [text]", redact.NewEcho(call, "+14155552671").Hide(call), "a number in a text is a number")
	assert.Equal(t, "it is [text].", redact.NewEcho("OK").Hide("it is OK."), "nothing longer is private")
	assert.Equal(t, "[text], [number]", redact.NewEcho("", "…", "OK", "OK", "Your login code", "+306900000009").Hide("your login code, 30 69 0000 0009"))
	for _, tt := range []struct{ private, words, want string }{ // the shortest that is hidden, and one shorter
		{"abcdef ghijkl", "xxabcdefghijklxx", "xx[text]xx"},
		{"abcdef ghijk", "xxabcdefghijkxx", "xxabcdefghijkxx"},
		{"abcdef ghijkl or more", "abcdefghijkl", "[text]"},
		{"abcdef ghijk or more", "abcdefghijkx", "abcdefghijkx"},
		{"+14155552671", "1415555 9", "[number] 9"},
		{"+14155552671", "141555 9", "141555 9"},
		{"a 4711 b", "x4711y", "x[text]y"},
		{"a 47 11 b", "x4711y", "x[text]y"},
		{"αβγδ εζηθ ικλμν", "αβγδ εζηθ ικλμξ", "[text]ξ"}, // ν and ξ differ in their second bytes
		{"abcdefghijkl", "xxabcdefghijklxx", "xx[text]xx"},
		{"abcdefghijk", "xxabcdefghijkxx", "xxabcdefghijkxx"},
		{"a 471 b", "x471y", "x471y"},
		{"use AB1C now", "AB1C", "[text]"},
		{"use AB1 now", "AB1", "AB1"},
	} {
		assert.Equal(t, tt.want, redact.NewEcho(tt.private).Hide(tt.words), tt.private)
	}
	assert.Equal(t, "at [number]", redact.NewEcho("1234567").Hide("at 123-4567"), "a number has seven digits")
	assert.Equal(t, "at [text]", redact.NewEcho("123456").Hide("at 123-456"), "fewer are a text")
	assert.Equal(t, "a [text] b", redact.NewEcho("the other one", "First of the two").Hide("a first of the two b"))
	assert.Equal(t, "shown", redact.NewEcho().Hide("shown"))
	assert.Equal(t, "shown", redact.NewEcho("", "…").Hide("shown"))
	same := strings.Repeat("a", 1_000_000)
	assert.Equal(t, "[text]…", redact.NewEcho(same).Hide(same), "it does not take for ever")
	assert.Equal(t, "[text]b", redact.NewEcho(same).Hide(same[:3000]+"b"))
	long := strings.Repeat("x ", 3000) + text
	assert.NotContains(t, redact.NewEcho(text).Hide(long), "4711")
	assert.Less(t, len(redact.NewEcho(text).Hide(long)), 4010)
}

// The promise in the plainest words, for texts without escapes: what is left has no
// twelve letters and digits in sequence of the text that are more than one word,
// no four digits in sequence of it, and no seven of the number.
func FuzzEcho(f *testing.F) {
	f.Add("Text 'Your login code is 4711' to +1 (415) 555-2671 was blocked", "Your login code is 4711", uint64(14155552671))
	f.Add("%41%zz&amp;&#x41;\\u0041\\n", "AAAA", uint64(306900000001))
	f.Add("ΣΑΣ ς\xff\u0301", "σας", uint64(1234567))
	f.Add("a b c d e f g 1234 567 8 h i j k l m", "d-e-f-g-1-2-3-4-5-6-7-8-h-i-j-k", uint64(12345678))
	f.Fuzz(func(t *testing.T, words, text string, number uint64) {
		digits := fmt.Sprint(number)
		hidden := redact.NewEcho(digits, text).Hide(words)
		if len(words) > 3000 || !plain(words) || !plain(text) {
			return // no panic is enough
		}
		left := reduced(strings.NewReplacer(redact.TextMark, "|", redact.NumberMark, "|").Replace(hidden))
		forbid := func(part string) {
			if strings.Contains(left, part) {
				t.Errorf("%q of %q or %s is left in %q, which was %q", part, text, digits, hidden, words)
			}
		}
		for i := 0; i+7 <= len(digits); i++ {
			forbid(digits[i : i+7])
		}
		whole := reduced(text)
		if strings.Trim(whole, "0123456789") == "" && len(whole) >= 7 {
			return // like a phone number
		}
		for i := range whole {
			if i+4 <= len(whole) && strings.Trim(whole[i:i+4], "0123456789") == "" {
				forbid(whole[i : i+4])
			}
			if i+12 <= len(whole) && !strings.Contains(strings.ToLower(text), whole[i:i+12]) {
				forbid(whole[i : i+12])
			}
		}
	})
}

// plain reports whether a text is ASCII without escapes and marks.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 || strings.ContainsRune("%&\\[|", r) })
}

func reduced(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '|' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

type typed struct{ words string }

func (e *typed) Error() string { return e.words }

func TestError(t *testing.T) {
	m := &provider.Message{To: e164.MustParse("+14155552671"), Text: "Your login code is 21408"}
	const words = "'Your login code is 21408' to +1 (415) 555-2671"
	check := func(t *testing.T, err error) {
		t.Helper()
		for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v %#v %q", err, err, err, err)} {
			assert.NotContains(t, text, "login")
			assert.NotContains(t, text, "2671")
		}
		if e, ok := errors.AsType[*provider.Error](err); ok {
			assert.NotContains(t, e.VendorMessage+e.VendorCode, "login")
		}
	}
	t.Run("of a driver", func(t *testing.T) {
		err := redact.Message(&provider.Error{
			Code: provider.Rejected, VendorCode: "21408", VendorMessage: words, RetryAfter: 5, Err: fmt.Errorf("%s: %w", words, io.ErrUnexpectedEOF),
		}, m)
		check(t, err)
		e, ok := errors.AsType[*provider.Error](err)
		require.True(t, ok)
		assert.Equal(t, provider.Rejected, e.Code)
		assert.Equal(t, "21408", e.VendorCode, "a code is not an echo")
		assert.Equal(t, "'[text]' to +[number]", e.VendorMessage)
		assert.EqualValues(t, 5, e.RetryAfter)
		require.ErrorIs(t, err, provider.Rejected)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
	t.Run("wrapped", func(t *testing.T) {
		err := redact.Message(fmt.Errorf("send: %w", &provider.Error{Code: provider.Rejected, VendorCode: words, VendorMessage: words, Err: io.EOF}), m)
		check(t, err)
		require.ErrorIs(t, err, provider.Rejected)
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, provider.Rejected, provider.CodeOf(err))
	})
	t.Run("of another type", func(t *testing.T) {
		err := redact.Message(fmt.Errorf("send: %w", &typed{words}), m)
		check(t, err)
		_, ok := errors.AsType[*typed](err)
		assert.False(t, ok, "it would give the words away")
		_, ok = errors.AsType[*provider.Error](err)
		assert.False(t, ok)
	})
	t.Run("a code alone", func(t *testing.T) {
		err := redact.Message(fmt.Errorf("%s: %w", words, provider.RateLimited), m)
		check(t, err)
		assert.Equal(t, provider.RateLimited, provider.CodeOf(err))
	})
	t.Run("wrapped in words of its own", func(t *testing.T) {
		err := redact.Message(fmt.Errorf("%s: %w", words, &provider.Error{Code: provider.NoRoute, VendorMessage: "no route"}), m)
		check(t, err)
		assert.Equal(t, provider.NoRoute, provider.CodeOf(err))
		require.EqualError(t, err, "'[text]' to +[number]: no_route: no route")
	})
	t.Run("harmless and wrapped", func(t *testing.T) {
		err := fmt.Errorf("send: %w", &provider.Error{Code: provider.NoRoute, Err: &typed{"no"}})
		assert.Same(t, err, redact.Message(err, m))
	})
	t.Run("a nil pointer", func(t *testing.T) {
		var none *provider.Error
		assert.NotPanics(t, func() { assert.Equal(t, error(none), redact.Message(none, m)) })
	})
	t.Run("harmless", func(t *testing.T) {
		harmless := fmt.Errorf("send: %w", context.Canceled)
		assert.Equal(t, harmless, redact.Message(harmless, m, nil))
		cause := &typed{"HTTP status 400"}
		err := redact.Message(&provider.Error{Code: provider.Rejected, Err: cause}, m)
		found, ok := errors.AsType[*typed](err)
		assert.True(t, ok)
		assert.Same(t, cause, found)
	})
	t.Run("codes", func(t *testing.T) {
		hide := func(string) string { return "hidden" }
		for code, want := range map[string]string{"": "", "1": "1", "482913": "482913", "4829137": "hidden", "48291x": "hidden"} {
			assert.Equal(t, want, redact.Code(code, hide), code)
		}
	})
	t.Run("none", func(t *testing.T) {
		require.NoError(t, redact.Message(nil, m))
		require.NoError(t, redact.Error(nil, strings.ToUpper))
	})
}
