package smpp

import (
	"fmt"
	"strings"

	"github.com/anysms/anysms/provider"
)

// PartialError is in the error of a message of which the SMSC has accepted some
// segments, but not all for certain. Its code is provider.Indeterminate.
type PartialError struct {
	IDs      []string // of the accepted segments, in their order
	Segments int      // of the message
	Err      error    // what became of the next one
}

// Error says how many segments were accepted.
func (e *PartialError) Error() string {
	return fmt.Sprintf("%d of %d segments were accepted (%s), the next one: %v", len(e.IDs), e.Segments, strings.Join(e.IDs, ", "), e.Err)
}

// Unwrap returns what became of the next segment.
func (e *PartialError) Unwrap() error { return e.Err }

// partial makes the error of a message whose segments before this one were
// accepted. The id is what the message is known by.
func partial(id string, ids []string, segments int, err error) error {
	return &provider.Error{Code: provider.Indeterminate, ID: id, Err: &PartialError{IDs: ids, Segments: segments, Err: err}}
}
