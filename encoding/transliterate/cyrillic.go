package transliterate

import "unicode"

// cyrillicGroups romanises the Cyrillic letters of living languages, similar to
// BGN/PCGN; hard and soft signs are removed.
var cyrillicGroups = []group{
	{"a", "аӑӓәӛ"}, {"ae", "ӕ"}, {"b", "б"}, {"v", "в"}, {"g", "гґғҕ"}, {"d", "д"},
	{"e", "еѐӗэӭ"}, {"yo", "ё"}, {"ye", "є"}, {"zh", "жҗӂӝ"}, {"z", "зҙӟ"},
	{"i", "иѝіӣӥ"}, {"yi", "ї"}, {"y", "йыӹ"}, {"j", "јҷ"},
	{"k", "кқҝҟҡӄ"}, {"l", "л"}, {"m", "м"}, {"n", "нңҥӈ"}, {"o", "оӧөӫҩ"},
	{"p", "пҧ"}, {"r", "р"}, {"s", "сҫ"}, {"t", "тҭ"}, {"u", "уўүұӯӱӳ"}, {"f", "ф"},
	{"kh", "х"}, {"h", "ҳһ"}, {"ts", "цҵ"}, {"ch", "чҹҽҿӌӵ"}, {"sh", "ш"}, {"shch", "щ"},
	{"yu", "ю"}, {"ya", "я"}, {"", "ъьӏ"},
	// Serbian and Macedonian.
	{"dj", "ђ"}, {"gj", "ѓ"}, {"dz", "ѕӡџ"}, {"lj", "љ"}, {"nj", "њ"}, {"c", "ћ"}, {"kj", "ќ"},
}

// cyrillic adds the letters of both cases.
func cyrillic(add func(rune, string)) {
	for _, g := range cyrillicGroups {
		for _, r := range g.from {
			add(r, g.to)
			add(unicode.ToUpper(r), inCase(unicode.ToUpper(r), g.to))
		}
	}
}
