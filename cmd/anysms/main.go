// Command anysms sends SMS through any vendor and says what a text costs.
//
//	anysms demo                     a vendor fails, nothing is lost
//	anysms analyse "Γεια σου 👋"    encoding, segments, what costs
//	anysms send --to +306900000001 --text Hello
//
// Data goes to stdout, talk and progress to stderr. The exit code is 0 when
// done, 1 when a message was refused or not sent or a limit was broken, 2 for
// wrong usage or configuration, 3 when it is not known whether a message was
// sent.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	os.Exit(code)
}
