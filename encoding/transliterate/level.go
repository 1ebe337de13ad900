package transliterate

import "fmt"

// Level is how freely a text may be rewritten.
type Level uint8

const (
	// Off changes nothing.
	Off Level = iota
	// Lossless keeps the meaning: typographic quotes, dashes, spaces and ellipses
	// are replaced by their ASCII forms, compatibility characters (ligatures, full
	// width letters) by plain ones, a letter with a combining mark by the composed
	// letter, and invisible characters are removed.
	Lossless
	// GreekCapitals is Lossless, and writes Greek in capitals without accents, with
	// the Greek letters of GSM-7 and Latin ones of the same shape.
	GreekCapitals
	// Full is Lossless, and replaces what still does not fit by the nearest ASCII:
	// Latin letters lose their marks, Greek (ELOT 743) and Cyrillic are romanised,
	// signs and currencies are spelled out.
	Full

	levelCount
)

var levelNames = [levelCount]string{"off", "lossless", "greek_capitals", "full"}

// String returns "off", "lossless", "greek_capitals" or "full".
func (l Level) String() string {
	if l < levelCount {
		return levelNames[l]
	}
	return fmt.Sprintf("level %d", uint8(l))
}

// ParseLevel parses the name of a level, as String returns it.
func ParseLevel(s string) (Level, error) {
	for l, name := range levelNames {
		if s == name {
			return Level(l), nil
		}
	}
	return Off, fmt.Errorf("transliterate: unknown level %q: want off, lossless, greek_capitals or full", s)
}

// MarshalText writes the level as String does.
func (l Level) MarshalText() ([]byte, error) {
	if l >= levelCount {
		return nil, fmt.Errorf("transliterate: invalid %s", l)
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads the level as ParseLevel does.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}
