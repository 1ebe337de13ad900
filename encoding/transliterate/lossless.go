package transliterate

// lossless maps characters to their equivalents in GSM-7.
var lossless = build(losslessGroups, fullWidth)

// group is a replacement and the characters that it replaces.
type group struct{ to, from string }

var losslessGroups = []group{
	// Quotation marks, apostrophes and primes.
	{"'", "`´‘’‚‛′‵‹›ʹʻʼʽˈˊˋ՚׳＇｀\u1FBD\u1FBF\u1FEF\u1FFD\u1FFE\u0374\u0384"},
	{"\"", "“”„‟″‶«»〝〞ʺ״＂"},
	// Hyphens, dashes, minus and list marks.
	{"-", "‐‑‒–—―−⁃⁻˗﹘﹣－•‣▪◦∙●"},
	// Spaces, and line and paragraph ends.
	{" ", "\t\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000"},
	{"\n", "\v\u0085\u2028\u2029"},
	// Invisible: soft hyphen, zero width space, word joiner, byte order mark,
	// variation selectors, and direction marks, which a text in left-to-right
	// letters does not need.
	{"", "\u00AD\u200B\u2060\uFEFF\uFE0E\uFE0F\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069"},
	// Dots and doubled marks.
	{"...", "…"}, {"..", "‥"}, {".", "․"},
	{"!!", "‼"}, {"??", "⁇"}, {"?!", "⁈"}, {"!?", "⁉"},
	// The same sign under another code point.
	{";", "\u037E"}, {"|", "¦∣"}, {"/", "⁄∕"}, {"*", "∗"}, {":", "∶"}, {"~", "∼˜"}, {"^", "ˆ"}, {"\\", "∖"},
	{"K", "\u212A"}, {"Å", "\u212B"}, {"Ω", "\u2126"}, {"Δ", "\u2206"}, {"Σ", "\u2211"}, {"Π", "\u220F"},
	{"¥", "\uFFE5"}, {"£", "\uFFE1"},
	// Ligatures and other compatibility forms.
	{"ff", "ﬀ"}, {"fi", "ﬁ"}, {"fl", "ﬂ"}, {"ffi", "ﬃ"}, {"ffl", "ﬄ"}, {"st", "ﬅﬆ"},
	{"IJ", "Ĳ"}, {"ij", "ĳ"}, {"LJ", "Ǉ"}, {"Lj", "ǈ"}, {"lj", "ǉ"}, {"NJ", "Ǌ"}, {"Nj", "ǋ"}, {"nj", "ǌ"},
	{"DZ", "Ǳ"}, {"Dz", "ǲ"}, {"dz", "ǳ"}, {"s", "ſ"}, {"No", "№"}, {"TM", "™"}, {"SM", "℠"},
	{"I", "Ⅰ"}, {"II", "Ⅱ"}, {"III", "Ⅲ"}, {"IV", "Ⅳ"}, {"V", "Ⅴ"}, {"VI", "Ⅵ"}, {"VII", "Ⅶ"}, {"VIII", "Ⅷ"},
	{"IX", "Ⅸ"}, {"X", "Ⅹ"}, {"XI", "Ⅺ"}, {"XII", "Ⅻ"}, {"L", "Ⅼ"}, {"C", "Ⅽ"}, {"D", "Ⅾ"}, {"M", "Ⅿ"},
	{"i", "ⅰ"}, {"ii", "ⅱ"}, {"iii", "ⅲ"}, {"iv", "ⅳ"}, {"v", "ⅴ"}, {"vi", "ⅵ"}, {"vii", "ⅶ"}, {"viii", "ⅷ"},
	{"ix", "ⅸ"}, {"x", "ⅹ"}, {"xi", "ⅺ"}, {"xii", "ⅻ"}, {"l", "ⅼ"}, {"c", "ⅽ"}, {"d", "ⅾ"}, {"m", "ⅿ"},
}

// fullWidth adds the full width forms of ASCII that GSM-7 has.
func fullWidth(add func(rune, string)) {
	for r := '!'; r <= '~'; r++ {
		if fitsRune(r) {
			add(r-'!'+'！', string(r))
		}
	}
}

// build makes a table of groups and of what more adds. The first entry of a character
// wins.
func build(groups []group, more ...func(add func(rune, string))) map[rune]string {
	table := make(map[rune]string)
	add := func(r rune, to string) {
		if _, ok := table[r]; !ok {
			table[r] = to
		}
	}
	for _, g := range groups {
		for _, r := range g.from {
			add(r, g.to)
		}
	}
	for _, m := range more {
		m(add)
	}
	return table
}
