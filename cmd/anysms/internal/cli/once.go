package cli

import (
	"fmt"

	"github.com/spf13/pflag"
)

// Once returns a flag for a text that must not be given twice: the last one would win
// without a word. why says what else to do.
func Once(value *string, why string) pflag.Value { return &once{value: value, why: why} }

type once struct {
	value *string
	why   string
	given bool
}

func (o *once) String() string { return *o.value }
func (o *once) Type() string   { return "string" }
func (o *once) Set(s string) error {
	if o.given {
		return fmt.Errorf("the flag is given twice; %s", o.why)
	}
	*o.value, o.given = s, true
	return nil
}
