package guard

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // a machine without zone data would text people at night

	"github.com/nyaruka/phonenumbers"
)

// zones finds the time zones of numbers, by libphonenumber's table.
type zones struct {
	mu     sync.RWMutex
	byName map[string]*time.Location
}

// of returns the zones that a number, in digits, may be in; none is known = other.
func (z *zones) of(digits string, other *time.Location, buf []*time.Location) []*time.Location {
	names, err := phonenumbers.GetTimezonesForPrefix(digits)
	if err != nil {
		return append(buf, other)
	}
	for _, name := range names {
		if loc := z.location(name); loc != nil {
			buf = append(buf, loc)
		}
	}
	if len(buf) == 0 {
		return append(buf, other)
	}
	return buf
}

func (z *zones) location(name string) *time.Location {
	if name == phonenumbers.UNKNOWN_TIMEZONE {
		return nil
	}
	z.mu.RLock()
	loc := z.byName[name]
	z.mu.RUnlock()
	if loc != nil {
		return loc
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.byName[name] = loc
	return loc
}

// Clock is a time of day.
type Clock struct{ Hour, Minute int }

// ParseClock reads a time of day such as 21:30; 24:00 is the end of the day.
func ParseClock(s string) (Clock, error) {
	var c Clock
	if t, err := time.Parse("15:04", s); err == nil {
		return Clock{t.Hour(), t.Minute()}, nil
	}
	if s == "24:00" {
		return c, nil
	}
	return c, fmt.Errorf("%q is not a time of day such as 21:30", s)
}

func (c Clock) sinceMidnight() time.Duration {
	return time.Duration(c.Hour)*time.Hour + time.Duration(c.Minute)*time.Minute
}

// String returns "21:30".
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute) }
