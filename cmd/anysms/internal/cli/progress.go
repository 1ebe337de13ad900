package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/style"
)

// Progress shows the progress of a long job on a terminal. It is not safe for
// concurrent use.
type Progress struct {
	out     io.Writer // nil = silent
	what    string    // "rows"
	started time.Time
	shown   time.Time
	share   func() float64 // done, 0 to 1; 0 = unknown
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

// Show updates the line: n are done.
func (p *Progress) Show(n int) {
	now := time.Now()
	if p.out == nil || now.Sub(p.shown) < progressEvery {
		return
	}
	p.shown = now
	elapsed := now.Sub(p.started)
	line := fmt.Sprintf("%s %s, %s per second", Grouped(n), p.what, Grouped(int(float64(n)/elapsed.Seconds())))
	if share := p.share(); share > 0.001 {
		left := time.Duration(float64(elapsed) * (1 - share) / share).Round(time.Second)
		line += fmt.Sprintf(", %.0f %%, %s left", 100*share, left)
	}
	fmt.Fprint(p.out, StatusLine(line))
}

// End clears the line.
func (p *Progress) End() {
	if p.out != nil && !p.shown.IsZero() {
		fmt.Fprint(p.out, ClearLine)
	}
}

// ClearLine is the control sequence that clears a terminal's current line.
const ClearLine = "\r\x1b[K"

// StatusLine replaces the terminal's current line. What does not fit is cut off, as
// a line that wraps could not be cleared.
func StatusLine(words string) string { return ClearLine + "\x1b[?7l" + words + "\x1b[?7h" }
