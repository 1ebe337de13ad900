package provider

import (
	"fmt"
	"time"
)

// Duration is a time span in a configuration, written as Go writes it: "90s".
type Duration time.Duration

// Std is the same span for package time.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// Or is d, or the default where d is zero.
func (d Duration) Or(def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return time.Duration(d)
}

// String is as time.Duration's.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the Go form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the Go form.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 90s or 1h30m", b)
	}
	*d = Duration(v)
	return nil
}
