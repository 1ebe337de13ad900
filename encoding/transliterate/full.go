package transliterate

import "slices"

// full has the nearest replacements in GSM-7 for characters without an equivalent.
var full = build(slices.Concat(signGroups, latinGroups), greekRoman, cyrillic)

var signGroups = []group{
	{"(C)", "©"}, {"(R)", "®"}, {"x", "×"}, {"/", "÷"}, {"+/-", "±"}, {"u", "µ"}, {"deg", "°"}, {"c", "¢"},
	{"a", "ª"}, {"o", "º"}, {".", "·\u0387"}, {"<=", "≤"}, {">=", "≥"}, {"!=", "≠"}, {"~", "≈"},
	{"->", "→"}, {"<-", "←"}, {"<->", "↔"}, {"=>", "⇒"},
	{"0", "⁰₀"}, {"1", "¹₁"}, {"2", "²₂"}, {"3", "³₃"}, {"4", "⁴₄"}, {"5", "⁵₅"}, {"6", "⁶₆"}, {"7", "⁷₇"},
	{"8", "⁸₈"}, {"9", "⁹₉"},
	{"RUB", "₽"}, {"TRY", "₺"}, {"UAH", "₴"}, {"INR", "₹"}, {"KZT", "₸"}, {"KRW", "₩"}, {"ILS", "₪"},
	{"VND", "₫"}, {"NGN", "₦"}, {"PHP", "₱"}, {"GEL", "₾"}, {"AZN", "₼"}, {"GHS", "₵"},
}
