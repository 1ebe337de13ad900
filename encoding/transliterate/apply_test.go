package transliterate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/encoding/transliterate"
)

func TestApply(t *testing.T) {
	const (
		off      = transliterate.Off
		lossless = transliterate.Lossless
		capitals = transliterate.GreekCapitals
		full     = transliterate.Full
	)
	tests := []struct {
		name  string
		level transliterate.Level
		text  string
		want  string
	}{
		{"off", off, "“x”", "“x”"},
		{"fits already", full, "Γειά σου Ñandú"[0:2] + "é Ñ €", "Γé Ñ €"},
		{"quotes and dashes", lossless, "It’s “5 €” – now…", "It's \"5 €\" - now..."},
		{"guillemets", lossless, "«oui»", "\"oui\""},
		{"no-break space is one space", lossless, "5\u00a0€\u202f!", "5 € !"},
		{"tab is one space", lossless, "a\tb", "a b"},
		{"backtick", lossless, "`a`", "'a'"},
		{"invisible", lossless, "so\u00adft\u200b\ufeff", "soft"},
		{"ligature and full width", lossless, "ﬁne ＯＫ！", "fine OK!"},
		{"decomposed accents are composed", lossless, "cafe\u0301 n\u0303 A\u0308", "café ñ Ä"},
		{"decomposed and foreign stays", lossless, "a\u0301", "a\u0301"},
		{"stays where one character is left", lossless, "It’s 😀", "It’s 😀"},
		{"foreign letters stay", lossless, "“garçon”", "“garçon”"},
		{"Greek question mark", lossless, "pou\u037e", "pou;"},
		{"capitals with accents", capitals, "ΚΑΛΗΜΈΡΑ ΣΑΣ", "KAΛHMEPA ΣAΣ"},
		{"small Greek", capitals, "Καλημέρα, τι κάνεις;", "KAΛHMEPA, TI KANEIΣ;"},
		{"dialytika", capitals, "Μάϊος ΐ ΰ ϊ ϋ Ϊ Ϋ", "MAIOΣ I Y I Y I Y"},
		{"decomposed Greek", capitals, "α\u0301 ι\u0308\u0301", "A I"},
		{"polytonic and iota subscript", capitals, "τῷ ἀνθρώπῳ ᾼ", "TΩI ANΘPΩΠΩI AI"},
		{"Greek beside English", capitals, "Ο κωδικός OTP σας: 123 – ok", "O KΩΔIKOΣ OTP ΣAΣ: 123 - ok"},
		{"capitals leave Cyrillic", capitals, "α ж", "α ж"},
		{"Latin", full, "Příliš žluťoučký kůň, garçon, łódź, Ørsted", "Prilis zlutoucky kun, garcon, lodz, Ørsted"},
		{"Vietnamese", full, "Xin chào Việt Nam, đồng", "Xin chào Viet Nam, dong"},
		{"decomposed Latin", full, "e\u0302\u0301 č", "e c"},
		{"Turkish", full, "İstanbul ışık ğ ş", "Istanbul isik g s"},
		{"Cyrillic", full, "Привет, Щука! ЖАР Жар", "Privet, Shchuka! ZHAR Zhar"},
		{"Ukrainian", full, "Їжак є", "Yizhak ye"},
		{"short i keeps its sound decomposed", full, "мои\u0306", "moy"},
		{"Greek diphthongs", full, "Ευχαριστώ, αύριο, ουρά, αϋπνία, ευ", "Efcharisto, avrio, oura, aypnia, ef"},
		{"small letter beside a capital", full, "жА", "zhA"},
		{"capitals of two letters", full, "ЯК ЉА ЏА ЖЬ", "YAK LJA DZA ZH"},
		{"full width, first and last", lossless, "！～", "!~"},
		{"two marks", full, "e\u0301\u0300 e\u0301\u036f", "e e"},
		{"a pair ends a word", full, "Τραμπ", "Trab"},
		{"Greek pairs", full, "άγγελος σφίγξ μπάλα λάμπα ΜΠΑΛΑ", "angelos sfinx bala lampa BALA"},
		{"Greek capitals of two letters", full, "ΘΕΟΣ Θεός ψ", "THEOS Theos ps"},
		{"full takes lossless if enough", full, "“Γ”", "\"Γ\""},
		{"signs", full, "20° ± 1 ₽", "20deg +/- 1 RUB"},
		{"invalid UTF-8", full, "é’\xff", "é’\xff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, changes := transliterate.Apply(tt.text, tt.level)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, got != tt.text, len(changes) > 0)
		})
	}
}

// TestNoMoreSegments applies changes only to texts that certainly do not get longer.
func TestNoMoreSegments(t *testing.T) {
	for _, tt := range []struct {
		name         string
		dots, braces int // "…" becomes three septets, "{" takes two
		applied      bool
	}{
		{name: "160 septets fit a segment", dots: 20, braces: 50, applied: true},
		{name: "161 do not", dots: 21, braces: 49},
		{name: "two segments have room for 302", dots: 71, applied: true},
		{name: "and for 302 exactly", dots: 100, braces: 1, applied: true},
		{name: "not for 303", dots: 101},
		{name: "134 characters take two segments", dots: 34, braces: 100, applied: true},
		{name: "135 take three", dots: 133, braces: 2, applied: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Repeat("…", tt.dots) + strings.Repeat("{", tt.braces)
			got, _ := transliterate.Apply(text, transliterate.Lossless)
			assert.Equal(t, tt.applied, got != text)
		})
	}
}

func TestChanges(t *testing.T) {
	_, changes := transliterate.Apply("é’s e\u0301…", transliterate.Lossless)
	assert.Equal(t, []transliterate.Change{
		{From: "’", To: "'", Offset: 2, Index: 1},
		{From: "e\u0301", To: "é", Offset: 7, Index: 4},
		{From: "…", To: "...", Offset: 10, Index: 6},
	}, changes)
}
