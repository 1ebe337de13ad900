// Command anysms sends SMS through any vendor and reports what a text costs.
//
//	anysms demo                     a vendor fails, nothing is lost
//	anysms analyse "Γεια σου 👋"    encoding, segments, what costs more
//	anysms send --to +306900000001 --text Hello
//
// Data goes to stdout, diagnostics and progress go to stderr. The exit code is 0
// when done, 1 if a message was refused or not sent or a limit was exceeded, 2 for
// invalid usage or configuration, 3 if the outcome of a message is unknown.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	serve := len(os.Args) > 1 && os.Args[1] == "serve" // which reloads its configuration
	if !signal.Ignored(syscall.SIGHUP) && !serve {     // as nohup does
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	// A second Ctrl-C exits at once, but not one in the same second: shells and
	// service managers often send a signal twice, to the process and to its group.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	os.Exit(code)
}
