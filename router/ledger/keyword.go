package ledger

import (
	_ "embed" // the keywords
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Keyword is a request made by a reply of a single word.
type Keyword string

// The keywords.
const (
	Stop  Keyword = "stop"  // no more messages
	Start Keyword = "start" // messages again
	Help  Keyword = "help"
)

// keywords.csv lists the words with their sources: keyword,word,language,source.
//
//go:embed keywords.csv
var keywordFile string

var keywords = sync.OnceValue(func() map[string]Keyword {
	words := make(map[string]Keyword)
	for line := range strings.Lines(keywordFile) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.SplitN(line, ",", 4)
		words[fold(fields[1])] = Keyword(fields[0])
	}
	return words
})

// KeywordOf returns the keyword that a reply consists of; "" = none. The reply must be
// the word and nothing else: "STOP", "stop.", not "please stop by at 8". Case, accents,
// spaces and punctuation around the word do not matter.
func KeywordOf(reply string) Keyword {
	if len(reply) > 64 {
		return ""
	}
	return keywords()[fold(reply)]
}

// fold maps what people type for one word to one form.
func fold(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(strings.ToLower(b.String()), "ς", "σ")), " ")
}
