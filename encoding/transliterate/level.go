package transliterate

import "fmt"

// Level is how far a rewrite may go.
type Level uint8

const (
	// Off changes nothing.
	Off Level = iota
	// Lossless keeps the meaning: typographic quotes, dashes, spaces and
	// ellipses become their typewriter forms, compatibility characters (ligatures,
	// full width letters) their plain ones, invisible characters go, and a letter
	// with a combining mark becomes the one letter it stands for.
	Lossless
	// GreekCapitals is Lossless, and Greek becomes capitals without accents,
	// written with the Greek letters of GSM-7 and the Latin ones of the same shape.
	GreekCapitals
	// Full is Lossless, and what still does not fit becomes what is nearest in
	// ASCII: Latin letters lose their marks, Greek (ELOT 743) and Cyrillic are
	// romanised, signs and currencies are written out.
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

// ParseLevel reads what String writes.
func ParseLevel(s string) (Level, error) {
	for l, name := range levelNames {
		if s == name {
			return Level(l), nil
		}
	}
	return Off, fmt.Errorf("transliterate: %q is no level: want off, lossless, greek_capitals or full", s)
}

// MarshalText writes the level as String does.
func (l Level) MarshalText() ([]byte, error) {
	if l >= levelCount {
		return nil, fmt.Errorf("transliterate: no %s", l)
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads the level as ParseLevel does.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}
