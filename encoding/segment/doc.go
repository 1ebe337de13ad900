// Package segment counts, explains and splits the text of SMS messages as
// 3GPP TS 23.038 and 23.040 have it.
//
//	a, err := segment.Analyze("Ça va? 5 €", nil)
//	// a.Encoding gsm7, a.Units 11, a.Segments 1, a.Remaining 149
//
// [Analyze] gives the numbers without allocating. [Explain] adds which
// characters force UCS-2 or cost two units, and where and why each segment
// ends. [Split] gives the segments ready for the air, [Joiner] puts received
// ones together again.
//
// Units are septets for GSM-7, where a character of the extension table costs
// two, and UTF-16 code units for UCS-2, where a character outside the basic
// plane costs two. A message of one segment has room for 160 septets or 70
// UTF-16 units; each segment of a longer one gives up room for the header that
// names its place: 153 or 67, with 16-bit references 152 or 66. National
// language tables, which must be asked for, cost header room too.
//
// A segment never ends inside an escape pair or a surrogate pair, so the number
// of segments is not always the units divided by the room.
package segment
