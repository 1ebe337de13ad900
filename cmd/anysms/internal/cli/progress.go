package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/style"
)

// Progress shows the progress of a long job on a terminal. It is safe for concurrent
// use.
type Progress struct {
	Note func() string // what else to show; nil = nothing

	mu      sync.Mutex
	out     io.Writer // nil = silent
	what    string    // "rows"
	started time.Time
	shown   time.Time
	share   func() float64 // done, 0 to 1; 0 = unknown
	total   int            // 0 = not known
}

// progressEvery is the interval between updates of the line.
const progressEvery = 200 * time.Millisecond

// NewProgress starts a progress line on out, if that is a terminal. share returns
// how much is done, from 0 to 1.
func NewProgress(out io.Writer, what string, share func() float64) *Progress {
	p := &Progress{what: what, started: time.Now(), share: share}
	if style.IsTerminal(out) {
		p.out = out
	}
	return p
}

// Shown reports whether there is a line. It is not shown without a terminal.
func (p *Progress) Shown() bool { return p.out != nil }

// Of says how many there are in all. It takes the place of share.
func (p *Progress) Of(total int) { p.total = total }

// Show updates the line: n are done.
func (p *Progress) Show(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.out == nil || now.Sub(p.shown) < progressEvery {
		return
	}
	p.shown = now
	line := p.line(n, now.Sub(p.started))
	if p.Note != nil {
		if note := p.Note(); note != "" {
			line += "; " + note
		}
	}
	fmt.Fprint(p.out, StatusLine(line))
}

func (p *Progress) line(n int, elapsed time.Duration) string {
	count, share := Grouped(n), 0.0
	switch {
	case p.total > 0:
		count, share = count+" of "+Grouped(p.total), float64(n)/float64(p.total)
	case p.share != nil:
		share = p.share()
	}
	line := fmt.Sprintf("%s %s, %s per second", count, p.what, Grouped(int(float64(n)/elapsed.Seconds())))
	if share > 0.001 {
		share = min(share, 1)
		left := time.Duration(float64(elapsed) * (1 - share) / share).Round(time.Second)
		line += fmt.Sprintf(", %.0f %%, %s left", 100*share, left)
	}
	return line
}

// Print prints a line of its own, above the progress.
func (p *Progress) Print(out io.Writer, line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(out, line)
	p.shown = time.Time{} // it is shown again with the next update
}

// End clears the line.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) clear() {
	if p.out != nil && !p.shown.IsZero() {
		fmt.Fprint(p.out, ClearLine)
	}
}

// ClearLine is the control sequence that clears a terminal's current line.
const ClearLine = "\r\x1b[K"

// StatusLine replaces the terminal's current line. What does not fit is cut off, as
// a line that wraps could not be cleared.
func StatusLine(words string) string { return ClearLine + "\x1b[?7l" + words + "\x1b[?7h" }
