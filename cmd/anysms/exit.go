package main

import (
	"errors"
	"fmt"
)

// The exit codes.
const (
	exitDone    = 0
	exitRefused = 1 // refused or not sent, rows refused, or a limit broken
	exitUsage   = 2 // usage or configuration
	exitUnknown = 3 // an outcome is unknown
)

// exitError ends the command with a code other than exitUsage, which is what
// any other error means. Without a cause there is nothing left to say: the
// output has told it.
type exitError struct {
	code  int
	cause error
}

func (e *exitError) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

func (e *exitError) Unwrap() error { return e.cause }

// exitCode tells the code that an error stands for and what is left to say.
func exitCode(err error) (code int, say string) {
	if err == nil {
		return exitDone, ""
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		if e.cause == nil {
			return e.code, ""
		}
		return e.code, e.Error()
	}
	return exitUsage, err.Error()
}
