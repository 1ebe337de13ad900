package analysis

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/anysms/anysms/provider/e164"
)

// Duplicates are rows with the same number and text as an earlier row.
type Duplicates struct {
	Messages int      `json:"messages"`
	Segments int      `json:"segments"` // of those messages
	Lines    []Repeat `json:"lines"`    // the first MaxInvalid of them
}

// Repeat is a row that repeats an earlier one.
type Repeat struct {
	Line  int `json:"line"`
	First int `json:"first"` // the line that it repeats
}

// repeats keeps a 128-bit hash of every message, at first in memory, then in
// temporary files, one for each value of eight of the bits. The files are read as
// streams, because all messages may be in the same one.
type repeats struct {
	seeds  [2]maphash.Seed
	mu     sync.Mutex
	held   []record
	dir    string // "" = all is in memory
	spills []spill
	failed error
}

// key stands for a number and a text.
type key struct{ high, low uint64 }

type record struct {
	key
	line     uint32
	segments uint32
}

type spill struct {
	file   *os.File
	writer *bufio.Writer
}

const (
	heldMost   = 1 << 18 // records in memory
	spillCount = 256
	recordSize = 24
)

// newRepeats returns nil, which keeps nothing, without Options.Duplicates.
func newRepeats(opts *Options) *repeats {
	if !opts.Duplicates {
		return nil
	}
	return &repeats{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, held: make([]record, 0, heldMost)}
}

func (r *repeats) add(to e164.Number, text string, line, segments int) {
	if r == nil {
		return
	}
	// A multiplication by an odd constant mixes the number and is a bijection.
	number := to.Uint64() * 0x9e3779b97f4a7c15
	found := record{
		key:  key{maphash.String(r.seeds[0], text) + number, maphash.String(r.seeds[1], text) ^ number},
		line: uint32(min(uint64(line), math.MaxUint32)), segments: uint32(segments),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = append(r.held, found)
	if len(r.held) >= heldMost && r.failed == nil {
		r.failed = r.spill()
	}
}

// spill moves the records from memory to the temporary files.
func (r *repeats) spill() (err error) {
	if r.dir == "" {
		if err := r.openSpills(); err != nil {
			return fmt.Errorf("duplicates: %w", err)
		}
	}
	var b [recordSize]byte
	for _, h := range r.held {
		binary.LittleEndian.PutUint64(b[0:], h.high)
		binary.LittleEndian.PutUint64(b[8:], h.low)
		binary.LittleEndian.PutUint32(b[16:], h.line)
		binary.LittleEndian.PutUint32(b[20:], h.segments)
		if _, err := r.spills[h.high>>56].writer.Write(b[:]); err != nil {
			return fmt.Errorf("duplicates: %w", err)
		}
	}
	r.held = r.held[:0]
	return nil
}

func (r *repeats) openSpills() (err error) {
	if r.dir, err = os.MkdirTemp("", "anysms-duplicates-"); err != nil {
		return err
	}
	for i := range spillCount {
		f, err := os.Create(filepath.Join(r.dir, strconv.Itoa(i)))
		if err != nil {
			return err
		}
		r.spills = append(r.spills, spill{f, bufio.NewWriter(f)})
	}
	return nil
}

// found returns the duplicates. It must be called only once.
func (r *repeats) found() (*Duplicates, error) {
	if r == nil || r.failed != nil {
		return nil, r.err()
	}
	c := counter{Duplicates: Duplicates{Lines: []Repeat{}}, firsts: make(map[key]uint32)}
	if r.dir == "" {
		for _, one := range r.held {
			c.add(one)
		}
		c.settle()
		return &c.Duplicates, nil
	}
	if err := r.spill(); err != nil {
		return nil, err
	}
	for _, s := range r.spills {
		if err := s.read(c.add); err != nil {
			return nil, fmt.Errorf("duplicates: %w", err)
		}
		c.settle()
	}
	return &c.Duplicates, nil
}

func (r *repeats) err() error {
	if r == nil {
		return nil
	}
	return r.failed
}

// read calls give with every record of the file.
func (s spill) read(give func(record)) error {
	if err := s.writer.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	from := bufio.NewReader(s.file)
	var b [recordSize]byte
	for {
		if _, err := io.ReadFull(from, b[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		give(record{
			key:  key{binary.LittleEndian.Uint64(b[0:]), binary.LittleEndian.Uint64(b[8:])},
			line: binary.LittleEndian.Uint32(b[16:]), segments: binary.LittleEndian.Uint32(b[20:]),
		})
	}
}

// counter counts the repeats in one set of records after another. Equal records
// are always in the same set, in any order.
type counter struct {
	Duplicates
	firsts  map[key]uint32 // the first line of each message of the set
	repeats []repeat       // of the set; trimmed to about as many as are listed
}

type repeat struct {
	key
	line uint32
}

func (c *counter) add(r record) {
	first, known := c.firsts[r.key]
	if !known {
		c.firsts[r.key] = r.line
		return
	}
	if r.line < first {
		c.firsts[r.key], r.line = r.line, first
	}
	c.Messages++
	c.Segments += int(r.segments)
	c.repeats = append(c.repeats, repeat{r.key, r.line})
	if len(c.repeats) >= 8*MaxInvalid {
		c.trim()
	}
}

// trim drops repeats beyond those that are listed.
func (c *counter) trim() {
	slices.SortFunc(c.repeats, func(a, b repeat) int { return cmp.Compare(a.line, b.line) })
	c.repeats = c.repeats[:min(len(c.repeats), MaxInvalid)]
}

// settle lists the repeats of a complete set.
func (c *counter) settle() {
	c.trim()
	for _, r := range c.repeats {
		c.Lines = append(c.Lines, Repeat{Line: int(r.line), First: int(c.firsts[r.key])})
	}
	slices.SortFunc(c.Lines, func(a, b Repeat) int { return a.Line - b.Line })
	c.Lines = c.Lines[:min(len(c.Lines), MaxInvalid)]
	c.repeats = c.repeats[:0]
	clear(c.firsts)
}

// close removes the temporary files.
func (r *repeats) close() {
	if r == nil || r.dir == "" {
		return
	}
	for _, s := range r.spills {
		s.file.Close()
	}
	os.RemoveAll(r.dir)
}
