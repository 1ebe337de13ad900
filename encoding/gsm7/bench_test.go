package gsm7_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
)

const prose = "Your parcel is on its way and will reach you today between 10:00 and 12:30. " +
	"Please have the code 4711 ready, our driver needs it to hand the parcel over. "

var benchTexts = []struct{ name, text string }{
	{"a", prose[:60]},
	{"c", strings.Repeat("Ihre Bestellung ist für morgen früh geplant, bitte öffnen Sie die Tür. ", 7)[:459]},
	{"f", strings.Repeat(prose, 70)[:10240]},
}

// refPack is the plain loop over eight septets: a table, shifts, seven octets.
// It accepts ASCII characters with their own codes only, and checks nothing.
func refPack(dst []byte, codes *[128]byte, s string) []byte {
	for ; len(s) >= 8; s = s[8:] {
		s0, s1, s2, s3 := codes[s[0]&0x7F], codes[s[1]&0x7F], codes[s[2]&0x7F], codes[s[3]&0x7F]
		s4, s5, s6, s7 := codes[s[4]&0x7F], codes[s[5]&0x7F], codes[s[6]&0x7F], codes[s[7]&0x7F]
		dst = append(dst, s0|s1<<7, s1>>1|s2<<6, s2>>2|s3<<5, s3>>3|s4<<4, s4>>4|s5<<3, s5>>5|s6<<2, s6>>6|s7<<1)
	}
	return dst
}

// refUnpack is the plain loop the other way.
func refUnpack(dst []byte, chars *[128]byte, o []byte) []byte {
	for ; len(o) >= 7; o = o[7:] {
		dst = append(dst,
			chars[o[0]&0x7F], chars[(o[1]<<1|o[0]>>7)&0x7F], chars[(o[2]<<2|o[1]>>6)&0x7F], chars[(o[3]<<3|o[2]>>5)&0x7F],
			chars[(o[4]<<4|o[3]>>4)&0x7F], chars[(o[5]<<5|o[4]>>3)&0x7F], chars[(o[6]<<6|o[5]>>2)&0x7F], chars[o[6]>>1])
	}
	return dst
}

func BenchmarkPacked(b *testing.B) {
	var codes, chars [128]byte
	for i := range byte(128) {
		if s, err := (gsm7.Tables{}).Encode(nil, string(rune(i))); err == nil && len(s) == 1 {
			codes[i], chars[s[0]] = s[0], i
		}
	}
	buf := make([]byte, 0, 16<<10)
	for _, bt := range benchTexts {
		septets, err := gsm7.Tables{}.Encode(nil, bt.text)
		require.NoError(b, err)
		packed := gsm7.Pack(nil, septets, 0)
		run := func(name string, f func()) {
			b.Run(bt.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(bt.text)))
				b.ReportAllocs()
				for b.Loop() {
					f()
				}
			})
		}
		run("ref-eight-septets-encode", func() { refPack(buf, &codes, bt.text) })
		run("encode", func() { gsm7.Tables{}.EncodePacked(buf, bt.text, 0) })
		run("encode-fill", func() { gsm7.Tables{}.EncodePacked(buf, bt.text, 1) })
		run("ref-eight-septets-decode", func() { refUnpack(buf, &chars, packed) })
		run("decode", func() { gsm7.Tables{}.DecodePacked(buf, packed, len(septets), 0) })
	}
}
