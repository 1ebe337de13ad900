package otp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// key is the secret of a service. Each purpose has hashes of its own.
type key []byte

func (k key) sum(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(purpose))
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// code derives the code of a verification.
func (k key) code(id string, started time.Time, length int) string {
	size := uint64(1)
	for range length {
		size *= 10
	}
	for block := 0; ; block++ {
		sum := k.sum("code", id, strconv.FormatInt(started.UnixMicro(), 10), strconv.Itoa(length), strconv.Itoa(block))
		if n, ok := below(size, sum); ok {
			digits := strconv.FormatUint(n, 10)
			return strings.Repeat("0", length-len(digits)) + digits
		}
	}
}

// below makes a number below size from random bytes. Each is as likely as any other:
// words in the last, incomplete run of size numbers are passed over. false = all were.
func below(size uint64, random []byte) (uint64, bool) {
	const most = ^uint64(0)
	last := most - (most%size+1)%size // the last word of a complete run
	for ; len(random) >= 8; random = random[8:] {
		if n := binary.BigEndian.Uint64(random); n <= last {
			return n % size, true
		}
	}
	return 0, false
}

// same compares what was typed with a code, in a time that depends on neither.
func (k key) same(typed, code string) bool {
	return subtle.ConstantTimeCompare(k.sum("compare", typed), k.sum("compare", code)) == 1
}

// number is what the store knows a number by.
func (k key) number(digits string) string { return encode(k.sum("number", digits)[:16]) }

const idPrefix = "otp_"

// newID returns an id that cannot be guessed.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return idPrefix + encode(b[:])
}

// idOf is the id of the verification with a caller's ref.
func (k key) idOf(ref string) string { return idPrefix + encode(k.sum("ref", ref)[:16]) }

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func encode(b []byte) string { return encoding.EncodeToString(b) }

// IsID reports whether a string has the form of a verification's id.
func IsID(id string) bool {
	b, err := encoding.DecodeString(strings.TrimPrefix(id, idPrefix))
	return err == nil && len(b) == 16 && strings.HasPrefix(id, idPrefix) && id == idPrefix+encode(b)
}

// zeros are the digits nought of the scripts that telephones type codes in.
var zeros = [...]rune{'0', '٠', '۰', '०', '০', '０'}

// normal is a typed code without spaces and hyphens, in ASCII digits.
func normal(typed string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '\t', '\n', '\r', '\u00a0', '\u202f', '\u2009':
			return -1
		}
		for _, zero := range zeros {
			if zero <= r && r <= zero+9 {
				return '0' + r - zero
			}
		}
		return r
	}, typed)
}
