// Package transliterate rewrites a text to fit the GSM 7 bit default alphabet, as
// freely as a [Level] permits, and returns every change.
//
//	text, changes := transliterate.Apply("It’s 5 € – now", transliterate.Lossless)
//	// It's 5 € - now
//
// A text is rewritten only if all of it then fits the default alphabet, as a single
// remaining character would force UCS-2 nevertheless, and only if the result does not
// need more segments. So a rewritten text is always GSM-7, applying a level again
// changes nothing, and no level makes a message more expensive. Characters that
// already fit are never changed: é, Ñ and € stay.
package transliterate
