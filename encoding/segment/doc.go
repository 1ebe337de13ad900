// Package segment counts, explains and splits the text of SMS messages as defined
// in 3GPP TS 23.038 and 23.040.
//
//	a, err := segment.Analyze("Ça va? 5 €", nil)
//	// a.Encoding gsm7, a.Units 11, a.Segments 1, a.Remaining 149
//
// [Analyze] returns the numbers and does not allocate. [Explain] adds the characters
// that force UCS-2 or take two units, and where and why each segment ends. [Split]
// returns the segments ready to send, [Joiner] reassembles received ones.
//
// Units are septets for GSM-7, where a character of the extension table takes two,
// and UTF-16 code units for UCS-2, where a character outside the basic plane takes
// two. A single segment has room for 160 septets or 70 UTF-16 units. If there are
// several, each has a header with its number, which leaves room for 153 or 67, with
// 16-bit references 152 or 66. National language tables, which are optional, need
// room in the header too.
//
// A segment never ends inside an escape pair or a surrogate pair, so that the number
// of segments may be larger than the units divided by the room.
package segment
