package segment_test

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/ucs2"
)

const prose = "Your parcel is on its way and will reach you today between 10:00 and 12:30. " +
	"Please have the code 4711 ready, our driver needs it to hand the parcel over. "

// fill repeats s up to n code points.
func fill(s string, n int) string {
	r := []rune(strings.Repeat(s, n/len([]rune(s))+1))
	return string(r[:n])
}

// The benchmark texts: what services send, from a one-time code to ten thousand
// bytes.
var benchTexts = []struct{ name, text string }{
	{"a", fill(prose, 60)},
	{"b", fill("Balance [EUR]: 20.50 {net} € "+prose, 160)},
	{"c", fill("Ihre Bestellung ist für morgen früh geplant, bitte öffnen Sie die Tür. La señora llega à l'été, "+
		"già così è più bello. ", 459)},
	{"d", fill("Αγαπητέ πελάτη, ο κωδικός σας είναι έτοιμος. ", 70)},
	{"e", fill("Happy birthday 👩‍👩‍👧‍👦 from all of us 🇬🇷🇩🇪 well done 👍🏽👏🏿 see you at the party 🎉🎂 ", 300)},
	{"f", fill(prose, 10240)},
	{"g", fill("Уважаемый клиент, ваш заказ готов к выдаче. ", 5600)},
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

var refWidth = func() (w [0x800]uint8) {
	for r := range rune(len(w)) {
		w[r] = uint8(gsm7.Tables{}.Septets(r))
	}
	return w
}()

// refSWARValid is the lower bound for exact counting: eight bytes at a time, it counts
// septets or, from the first character outside GSM-7 on, UTF-16 units, and rejects
// invalid UTF-8. It does not count segments.
func refSWARValid(s string) (septets, units int, valid bool) {
	b := []byte(s)
	i := 0
	for i < len(b) {
		if i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			low := w &^ highs
			folded := low | 0x20*ones
			ext := (folded + 5*ones) &^ (folded + ones)
			other := (w | ^(low + 0x60*ones) | ^((low ^ 0x60*ones) + 0x7F*ones) | (low + ones)) & highs
			if other == 0 {
				septets += 8 + bits.OnesCount64(ext&highs)
				units += 8
				i += 8
				continue
			}
			n := bits.TrailingZeros64(other) >> 3
			septets += n + bits.OnesCount64(ext&highs&(1<<(8*n)-1))
			units += n
			i += n
		}
		width, size := 0, 1
		switch c := b[i]; {
		case c < 0x80:
			width = int(refWidth[c])
		case c >= 0xC2 && c < 0xE0 && i+1 < len(b) && b[i+1]&0xC0 == 0x80:
			width, size = int(refWidth[int(c&0x1F)<<6|int(b[i+1]&0x3F)]), 2
		case c == 0xE2 && i+2 < len(b) && b[i+1] == 0x82 && b[i+2] == 0xAC:
			width, size = 2, 3
		}
		if width == 0 {
			n, ok := refUnits(b[i:])
			return 0, units + n, ok
		}
		septets, units, i = septets+width, units+1, i+size
	}
	return septets, units, true
}

// refUnits counts UTF-16 units and validates, eight bytes at a time.
func refUnits(b []byte) (units int, valid bool) {
	var prev, bad, hang uint64
	i := 0
	for ; i < len(b); i += 8 {
		var w uint64
		if i+8 <= len(b) {
			w = binary.LittleEndian.Uint64(b[i:])
		} else {
			var tail [8]byte
			copy(tail[:], b[i:])
			w = binary.LittleEndian.Uint64(tail[:])
			units -= 8 - (len(b) - i)
		}
		if (w|prev|hang)&highs == 0 {
			units += 8
			continue
		}
		cont := w &^ (w << 1) & highs
		lead := w & (w << 1) & highs
		lead3 := lead & (w << 2)
		bad |= lead &^ (lead3 | w<<3 | w<<4 | w<<5 | w<<6)
		if lead3|hang == 0 {
			bad |= cont ^ (lead<<8 | prev&(prev<<1)&highs>>56)
		} else {
			one, two, three := w<<8|prev>>56, w<<16|prev>>48, w<<24|prev>>40
			want := one&(one<<1) | two&(two<<1)&(two<<2) | three&(three<<1)&(three<<2)&(three<<3)
			before3 := one & (one << 1) & (one << 2) & highs
			before4 := before3 & (one << 3)
			bad |= want&highs ^ cont
			bad |= before3 &^ (one<<4 | one<<5 | one<<6 | one<<7) &^ (w << 2) &^ (before4 & (w << 3))
			bad |= before3 &^ before4 & (one << 4) & (one << 5) &^ (one << 6) & (one << 7) & (w << 2)
			bad |= before4 & (one<<4 | one<<5) & (one<<4 | one<<6 | one<<7 | w<<2 | w<<3)
			units += bits.OnesCount64(lead3 & (w << 3))
			hang = lead3>>48 | lead3&(w<<3)>>40
		}
		units += 8 - bits.OnesCount64(cont)
		prev = w
	}
	if len(b)%8 == 0 && (prev>>56 >= 0xC0 || hang != 0) {
		bad = 1
	}
	return units, bad == 0
}

func TestReferenceCountsLikeAnalyze(t *testing.T) {
	for _, bt := range benchTexts {
		a, err := segment.Analyze(bt.text, nil)
		require.NoError(t, err)
		septets, units, valid := refSWARValid(bt.text)
		require.True(t, valid, bt.name)
		if a.Encoding == segment.GSM7 {
			require.Equal(t, a.Units, septets, bt.name)
		} else {
			require.Equal(t, a.Units, units, bt.name)
		}
		t.Logf("%s: %d bytes, %d characters, %s %d units, %d segments", bt.name, len(bt.text), a.Characters, a.Encoding, a.Units, a.Segments)
	}
}

func BenchmarkAnalyze(b *testing.B) {
	all := &segment.Options{Single: gsm7.AllLanguages, Locking: gsm7.AllLanguages}
	buf := make([]segment.Segment, 0, 256)
	for _, bt := range benchTexts {
		run := func(name string, f func()) {
			b.Run(bt.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(bt.text)))
				b.ReportAllocs()
				for b.Loop() {
					f()
				}
			})
		}
		run("ref-swar-valid", func() { refSWARValid(bt.text) })
		run("analyze", func() { segment.Analyze(bt.text, nil) })
		run("split", func() { segment.Split(buf, bt.text, nil) })
		run("graphemes", func() { segment.Split(buf, bt.text, &segment.Options{KeepGraphemes: true}) })
		run("cheapest-tables", func() { segment.Analyze(bt.text, all) })
	}
}

func BenchmarkUCS2(b *testing.B) {
	buf := make([]byte, 0, 32<<10)
	for _, i := range []int{3, 4, 6} {
		bt := benchTexts[i]
		octets, err := ucs2.Encode(nil, bt.text)
		require.NoError(b, err)
		b.Run(bt.name+"/ref-range-loop", func(b *testing.B) {
			b.SetBytes(int64(len(bt.text)))
			for b.Loop() {
				refUTF16(buf, bt.text)
			}
		})
		b.Run(bt.name+"/encode", func(b *testing.B) {
			b.SetBytes(int64(len(bt.text)))
			b.ReportAllocs()
			for b.Loop() {
				ucs2.Encode(buf, bt.text)
			}
		})
		b.Run(bt.name+"/decode", func(b *testing.B) {
			b.SetBytes(int64(len(bt.text)))
			b.ReportAllocs()
			for b.Loop() {
				ucs2.Decode(buf, octets)
			}
		})
	}
}

// refUTF16 is the plain loop over code points.
func refUTF16(dst []byte, s string) []byte {
	for _, r := range s {
		if r >= 0x10000 {
			r -= 0x10000
			hi, lo := 0xD800+r>>10, 0xDC00+r&0x3FF
			dst = append(dst, byte(hi>>8), byte(hi), byte(lo>>8), byte(lo))
			continue
		}
		dst = append(dst, byte(r>>8), byte(r))
	}
	return dst
}

func BenchmarkJoin(b *testing.B) {
	segments, err := segment.Split(nil, fill(prose, 459), nil)
	require.NoError(b, err)
	require.Len(b, segments, 3)
	var wire [3][]byte
	for i, s := range segments {
		wire[i], err = s.AppendUserData(nil, 7)
		require.NoError(b, err)
	}
	var j segment.Joiner
	b.ReportAllocs()
	for b.Loop() {
		for i := range wire {
			p, err := segment.ParseSegment(wire[i], segments[i].UserDataLength(), 0, true)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := j.Add("+306900000000", p, benchTime); err != nil {
				b.Fatal(err)
			}
		}
	}
}

var benchTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
