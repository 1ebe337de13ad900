// Package transliterate rewrites a text so that it fits the GSM 7 bit default
// alphabet, at a chosen [Level] of liberty, and tells every change.
//
//	text, changes := transliterate.Apply("It’s 5 € – now", transliterate.Lossless)
//	// It's 5 € - now
//
// A text is rewritten only if all of it then fits the default alphabet: one
// character that is left would make the message UCS-2 all the same, and the
// changes would be for nothing. And it is rewritten only if the result needs no
// more segments than the text did. So a text that comes back changed is GSM-7,
// applying a level twice changes nothing more, and no level makes a message
// dearer. What fits already is never touched: é, Ñ and € stay.
package transliterate
