package router

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/anysms/anysms/provider"
)

// fingerprint is the SHA-256 of To, From, Text and SendAt in hexadecimal: equal
// for messages of equal content.
func fingerprint(m *provider.Message) string {
	h := sha256.New()
	var size [8]byte
	for _, field := range [...]string{m.To.Digits(), m.From, m.Text} {
		h.Write(binary.BigEndian.AppendUint64(size[:0], uint64(len(field))))
		h.Write([]byte(field))
	}
	if !m.SendAt.IsZero() {
		h.Write(binary.BigEndian.AppendUint64(size[:0], uint64(m.SendAt.UnixNano())))
	}
	return hex.EncodeToString(h.Sum(nil))
}
