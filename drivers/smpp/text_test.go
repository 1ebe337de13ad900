package smpp

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/encoding/segment"
)

// TestPacked compares with published octets: those of 3GPP TS 23.038 §6.1.2.3.1
// and of ETSI's and vendors' examples for USSD, which pads alike.
func TestPacked(t *testing.T) {
	for text, want := range map[string]string{
		"hellohello": "e8329bfd4697d9ec37",
		"1234567":    "31d98c56b3dd1a", // seven spare bits: a carriage return
		"12345678":   "31d98c56b3dd70",
	} {
		parts, err := splitter{alphabet: alphabetPacked, segments: segmentsUDH8}.parts(text, 1)
		require.NoError(t, err)
		assert.Equal(t, want, hex.EncodeToString(parts[0].octets))
	}
}

// What is packed is read again, at every length of the last octet.
func TestPackedBothWays(t *testing.T) {
	s := &settings{Config: Config{Alphabet: alphabetPacked}}
	for n := range 340 {
		for _, end := range []string{"", "@"} {
			text := strings.Repeat("a", n+1) + end
			parts, err := splitter{alphabet: alphabetPacked, segments: segmentsUDH8}.parts(text, 7)
			require.NoError(t, err)
			var received []segment.ReceivedSegment
			for _, p := range parts {
				m := &wire.Message{ShortMessage: p.octets, DataCoding: p.coding}
				if p.header {
					m.ESMClass = wire.ESMClassUDHI
				}
				part, err := s.inboundPart(m)
				require.NoError(t, err)
				received = append(received, part)
			}
			got, err := segment.Join(received)
			require.NoError(t, err)
			require.Equal(t, text, got.Text)
		}
	}
}
