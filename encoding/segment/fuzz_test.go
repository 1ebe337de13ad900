package segment_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

func FuzzAnalyzeAgainstSplit(f *testing.F) {
	f.Add("Ça va? 5 € {ok}", uint16(0), uint16(0), false, false)
	f.Add(strings.Repeat("😀👩‍👩‍👧‍👦", 9), uint16(0), uint16(0), true, true)
	f.Add("ş\xffğ", uint16(6), uint16(10), false, true)
	f.Fuzz(func(t *testing.T, text string, single, locking uint16, ref16, keep bool) {
		opts := &segment.Options{
			Ref16:         ref16,
			KeepGraphemes: keep,
			Single:        gsm7.Languages(single),
			Locking:       gsm7.Languages(locking),
		}
		a, err := segment.Analyze(text, opts)
		require.Equal(t, !utf8.ValidString(text), err != nil)
		if err != nil {
			return
		}
		require.Equal(t, utf8.RuneCountInString(text), a.Characters)
		segments, err := segment.Split(nil, text, opts)
		if !a.Sendable() {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Len(t, segments, a.Segments)
		units := 0
		for _, s := range segments {
			units += s.Units
			require.LessOrEqual(t, s.Units, a.UnitsPerSegment)
		}
		require.Equal(t, a.Units, units)
		m, err := segment.Join(received(t, text, opts, 1))
		require.NoError(t, err)
		require.Equal(t, text, m.Text)
	})
}

func FuzzParseSegment(f *testing.F) {
	f.Add([]byte("\x05\x00\x03\x01\x02\x01\x82"), 8, byte(0), true)
	f.Add([]byte("\x06\x08\x04\x01\x02\x02\x00"), 7, byte(8), true)
	f.Fuzz(func(t *testing.T, userData []byte, length int, coding byte, header bool) {
		p, err := segment.ParseSegment(userData, length, coding, header)
		if err != nil {
			return
		}
		if p.Total > 1 {
			_, _ = segment.Join([]segment.ReceivedSegment{p})
		}
		if len(userData) > 140 {
			return
		}
		var j segment.Joiner
		for number := 1; number <= p.Total; number++ {
			p.Number = number
			_, complete, err := j.Add("x", p, time.Time{})
			require.NoError(t, err)
			require.Equal(t, number == p.Total, complete)
		}
	})
}
