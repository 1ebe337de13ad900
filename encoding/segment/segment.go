package segment

import (
	"fmt"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/ucs2"
)

// MaxSegments is the maximum number of segments of a message, whose total is one
// octet (3GPP TS 23.040 §9.2.3.24.1).
const MaxSegments = 255

// maxOctets is the length of the user data of one segment (§9.2.3.24).
const maxOctets = 140

// Encoding is the alphabet in which a message is sent.
type Encoding uint8

// The alphabets.
const (
	GSM7   Encoding = iota // units are septets
	UCS2                   // units are UTF-16 code units
	Binary                 // units are octets; not for texts
)

var encodingNames = [...]string{"gsm7", "ucs2", "binary"}

// String returns "gsm7", "ucs2" or "binary".
func (e Encoding) String() string {
	if int(e) < len(encodingNames) {
		return encodingNames[e]
	}
	return fmt.Sprintf("encoding %d", uint8(e))
}

// MarshalText writes the encoding as String does.
func (e Encoding) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (e *Encoding) UnmarshalText(text []byte) error {
	for i, name := range encodingNames {
		if string(text) == name {
			*e = Encoding(i)
			return nil
		}
	}
	return fmt.Errorf("segment: unknown encoding %q: want gsm7, ucs2 or binary", text)
}

// Options are options for encoding and splitting a text. The zero value and nil mean
// the default alphabet or UCS-2, 8-bit references, and splits between any two code
// points.
type Options struct {
	// Ref16 uses 16-bit concatenation references, whose header is one octet
	// longer: 152 septets or 66 UTF-16 units instead of 153 or 67.
	Ref16 bool
	// Single and Locking are the national languages whose single shift and locking
	// shift tables may be used. The pair with the fewest segments is chosen,
	// including its header.
	Single, Locking gsm7.Languages
	// KeepGraphemes ends segments between user-perceived characters only, such as
	// an emoji of several code points or a letter with combining marks. One that is
	// longer than a segment is split between code points.
	KeepGraphemes bool
}

// InvalidUTF8Error is a text that is not valid UTF-8.
type InvalidUTF8Error = ucs2.InvalidUTF8Error

// Analysis is the encoding of a text and its size.
type Analysis struct {
	Encoding        Encoding
	Tables          gsm7.Tables // of GSM7; zero for the default alphabet
	Units           int         // of the whole text: septets, or UTF-16 code units
	Characters      int         // code points
	Segments        int         // 1 for an empty text
	UnitsPerSegment int         // 160, 153, 152, 70, 67 or 66; fewer with national tables
	Remaining       int         // room in the last segment, in units
	Forcing         int         // offset in bytes of the first character that forces UCS-2, or -1
}

// Sendable reports whether the message has at most MaxSegments segments.
func (a Analysis) Sendable() bool { return a.Segments <= MaxSegments }

// Analyze returns the encoding of text and the number of its segments. It does not
// allocate. The counts equal those of Split, also where an escape or a surrogate pair
// ends a segment early. The number of segments may exceed MaxSegments. The error is
// an *InvalidUTF8Error.
func Analyze(text string, opts *Options) (Analysis, error) {
	var c cutter
	return c.run(text, opts)
}

// limits returns the units in a single segment, and in each of several segments.
func limits(e Encoding, t gsm7.Tables, ref16 bool) (alone, concatenated int) {
	if !ref16 && t == (gsm7.Tables{}) { // the common case; saves a third of the time for a short text
		if e == UCS2 {
			return 70, 67
		}
		return 160, 153
	}
	h := header{tables: t}
	alone = room(e, h.length())
	h.concat, h.ref16 = true, ref16
	return alone, room(e, h.length())
}

// room returns the units that fit in a segment with a user data header of
// headerOctets octets.
func room(e Encoding, headerOctets int) int {
	if e == UCS2 {
		return (maxOctets - headerOctets) / 2
	}
	return (maxOctets - headerOctets) * 8 / 7
}
