package analysis

import (
	"bufio"
	"cmp"
	"encoding/binary"
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

// Duplicates are rows that say the same to the same number as an earlier one.
type Duplicates struct {
	Messages int      `json:"messages"`
	Segments int      `json:"segments"` // that they take
	Lines    []Repeat `json:"lines"`    // the first MaxInvalid of them
}

// Repeat is a row that repeats an earlier one.
type Repeat struct {
	Line  int `json:"line"`
	First int `json:"first"` // the line that it repeats
}

// repeats remembers 128 bits of every message, at first in memory, then in
// temporary files, one for each value of eight of the bits.
type repeats struct {
	seeds  [2]maphash.Seed
	mu     sync.Mutex
	held   []record
	dir    string // "" = all is in memory
	spills []spill
	failed error
}

type record struct {
	high, low uint64
	line      uint32
	segments  uint32
}

type spill struct {
	file   *os.File
	writer *bufio.Writer
}

const (
	heldMost   = 1 << 20 // records in memory
	spillCount = 256
	recordSize = 24
)

// newRepeats is nil, which remembers nothing, if nobody asked.
func newRepeats(opts *Options) *repeats {
	if !opts.Duplicates {
		return nil
	}
	return &repeats{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

func (r *repeats) add(to e164.Number, text string, line, segments int) {
	if r == nil {
		return
	}
	// The number goes through an odd multiplication, which is one to one.
	number := to.Uint64() * 0x9e3779b97f4a7c15
	found := record{
		high: maphash.String(r.seeds[0], text) + number,
		low:  maphash.String(r.seeds[1], text) ^ number,
		line: uint32(min(line, math.MaxUint32)), segments: uint32(segments),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = append(r.held, found)
	if len(r.held) >= heldMost && r.failed == nil {
		r.failed = r.spill()
	}
}

// spill moves what is held to the disk.
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

// found looks for equal records. It may be called once.
func (r *repeats) found() (*Duplicates, error) {
	if r == nil || r.failed != nil {
		return nil, r.err()
	}
	d := &Duplicates{Lines: []Repeat{}}
	if r.dir == "" {
		d.count(r.held)
		return d, nil
	}
	if err := r.spill(); err != nil {
		return nil, err
	}
	for _, s := range r.spills {
		records, err := s.read()
		if err != nil {
			return nil, fmt.Errorf("duplicates: %w", err)
		}
		d.count(records)
	}
	return d, nil
}

func (r *repeats) err() error {
	if r == nil {
		return nil
	}
	return r.failed
}

func (s spill) read() ([]record, error) {
	if err := s.writer.Flush(); err != nil {
		return nil, err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(s.file)
	if err != nil {
		return nil, err
	}
	records := make([]record, 0, len(b)/recordSize)
	for ; len(b) >= recordSize; b = b[recordSize:] {
		records = append(records, record{
			binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]),
			binary.LittleEndian.Uint32(b[16:]), binary.LittleEndian.Uint32(b[20:]),
		})
	}
	return records, nil
}

// count adds what repeats within a set of records; equal ones are always in the
// same set.
func (d *Duplicates) count(records []record) {
	slices.SortFunc(records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low), cmp.Compare(a.line, b.line))
	})
	first := 0
	for i := 1; i < len(records); i++ {
		if records[i].high != records[first].high || records[i].low != records[first].low {
			first = i
			continue
		}
		d.Messages++
		d.Segments += int(records[i].segments)
		d.Lines = append(d.Lines, Repeat{Line: int(records[i].line), First: int(records[first].line)})
	}
	slices.SortFunc(d.Lines, func(a, b Repeat) int { return a.Line - b.Line })
	d.Lines = d.Lines[:min(len(d.Lines), MaxInvalid)]
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
