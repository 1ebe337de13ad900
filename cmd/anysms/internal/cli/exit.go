package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/anysms/anysms/provider"
)

// The exit codes.
const (
	ExitDone    = 0
	ExitRefused = 1 // refused or not sent, rows refused, a limit exceeded, or interrupted
	ExitUsage   = 2 // usage or configuration
	ExitUnknown = 3 // the outcome of a message is unknown
)

// ExitError ends the command with the given code. Any other error means
// [ExitUsage], or [ExitRefused] if a signal caused it. A nil Cause prints nothing: the output has said it already.
type ExitError struct {
	Code  int
	Cause error
}

func (e *ExitError) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Cause.Error()
}

func (e *ExitError) Unwrap() error { return e.Cause }

// exitCode returns the code that an error stands for, and the message to print.
func exitCode(err error) (code int, message string) {
	if err == nil {
		return ExitDone, ""
	}
	if e, ok := errors.AsType[*ExitError](err); ok {
		if e.Cause == nil {
			return e.Code, ""
		}
		return e.Code, e.Error()
	}
	if errors.Is(err, context.Canceled) { // by a signal
		return ExitRefused, err.Error()
	}
	return ExitUsage, err.Error()
}

// OutcomeError is the error that gives an outcome its exit code; nil if the
// message was accepted.
func OutcomeError(status provider.Outcome) error {
	switch status {
	case provider.OutcomeAccepted:
		return nil
	case provider.OutcomeUnknown:
		return &ExitError{Code: ExitUnknown}
	}
	return &ExitError{Code: ExitRefused}
}
