package gsm7

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// naivePlain is the definition of plain characters, one by one.
func naivePlain(c byte) bool {
	return c >= ' ' && c <= 'z' && !strings.ContainsRune("$@`[\\]^_", rune(c))
}

// TestPlainPrefix holds the fast loop to the definition: one that finds fewer plain
// characters would encode the same, slowly.
func TestPlainPrefix(t *testing.T) {
	check := func(word [8]byte) {
		want := 0
		for want < 8 && naivePlain(word[want]) {
			want++
		}
		require.Equal(t, want, plainPrefix(binary.LittleEndian.Uint64(word[:])), "%q", word)
	}
	for c := range 256 {
		assert.Equal(t, naivePlain(byte(c)), isPlain(byte(c)), "%q", byte(c))
		for at := range 8 {
			word := [8]byte([]byte("plain te"))
			word[at] = byte(c)
			check(word)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var word [8]byte
		for i := range word {
			word[i] = byte(rng.IntN(1 << (6 + rng.IntN(3))))
		}
		check(word)
	}
}

// TestLatinTables says which locking tables the fast loop is for.
func TestLatinTables(t *testing.T) {
	for l := range languageCount {
		want := l == Default || l == Turkish || l == Portuguese
		assert.Equal(t, want, lockingIndex[l].latin, l.String())
	}
}
