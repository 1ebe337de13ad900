package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// keySize is the size of a ledger's key.
const keySize = 32

// LoadKey reads the key of a ledger from a file, which it makes, readable by its owner
// alone, if there is none. A ledger needs the same key for as long as it lives: without
// it messages that were sent under a Ref are not recognized.
func LoadKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(path); err != nil {
			return nil, fmt.Errorf("ledger: key file: %w", err)
		}
		key, err = os.ReadFile(path) // another process may have made it at the same time
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: key file: %w", err)
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("ledger: key file %s: %d bytes; want the %d bytes that were written when it was made", path, len(key), keySize)
	}
	return key, nil
}

// makeKey writes a new key, whole or not at all, and replaces none.
func makeKey(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// keyed returns the HMAC of a value, so that what is written down cannot be guessed.
func (l *Ledger) keyed(purpose, value string) string {
	h := l.macs.Get().(hash.Hash)
	defer l.macs.Put(h)
	h.Reset()
	h.Write([]byte(purpose + "\x00" + value))
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])[:16])
}

// idAt is not after the ids that are made at a time or later, and after those that are made
// a millisecond or more before. Ids are kept in this order, so that what was made in some
// time is found without another index.
func idAt(prefix string, t time.Time) string {
	if t.Unix() < 0 {
		t = time.Unix(0, 0)
	}
	return newID(prefix, t)[:len(prefix)+len("01234567-0123")]
}

// madeAt is the time that an id begins with.
func madeAt(id string) time.Time {
	digits := strings.ReplaceAll(strings.TrimPrefix(id, "msg_"), "-", "")
	const size = 12 // hexadecimal digits of milliseconds
	if len(digits) < size {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(digits[:size], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// newID returns a prefix and a UUID of version 7: the time, then 74 random bits.
func newID(prefix string, now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(b[:6], ms[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return prefix + s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Hash returns the HMAC, under the ledger's key, of a value that must not be readable in
// the database. Values of different purposes differ.
func (l *Ledger) Hash(purpose, value string) string { return l.keyed(purpose, value) }
