package setup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// prompt asks questions on out and reads the replies from in, one in each line. What
// is typed for a secret is not shown on a terminal.
type prompt struct {
	in    *bufio.Reader
	out   io.Writer
	tty   *os.File // nil = in is no terminal
	asked bool     // something was asked
}

func newPrompt(in io.Reader, out io.Writer) *prompt {
	p := &prompt{in: bufio.NewReader(in), out: out}
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.tty = f
	}
	return p
}

// errNoReply is the error at the end of the input.
var errNoReply = errors.New("no reply")

// ask returns the reply to a question. When ctx ends, it does not wait for one.
func (p *prompt) ask(ctx context.Context, question string, secret bool) (string, error) {
	p.asked = true
	fmt.Fprintf(p.out, "%s: ", question)
	type reply struct {
		line string
		err  error
	}
	var state *term.State
	if secret && p.tty != nil {
		state, _ = term.GetState(int(p.tty.Fd())) // if it fails, ReadPassword fails too
	}
	done := make(chan reply, 1)
	go func() {
		line, err := p.read(secret)
		done <- reply{line, err}
	}()
	select {
	case r := <-done:
		if r.err != nil && r.line == "" {
			fmt.Fprintln(p.out)
			return "", errNoReply
		}
		return strings.TrimSpace(r.line), nil
	case <-ctx.Done():
		if state != nil {
			_ = term.Restore(int(p.tty.Fd()), state) // show again what is typed
		}
		fmt.Fprintln(p.out)
		return "", &cli.ExitError{Code: cli.ExitRefused, Cause: errors.New("interrupted; nothing was written")}
	}
}

func (p *prompt) read(secret bool) (string, error) {
	if !secret || p.tty == nil {
		return p.in.ReadString('\n')
	}
	line, err := term.ReadPassword(int(p.tty.Fd()))
	fmt.Fprintln(p.out)
	return string(line), err
}
