package smpp

import (
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
)

// maxRelative is the longest span that a relative time states without months,
// whose length is not defined.
const maxRelative = 31*24*time.Hour - time.Second

// relative writes a span as a relative time, SMPP 3.4 §7.1.1.2: YYMMDDhhmmss000R.
func relative(d time.Duration) string {
	s := int(d / time.Second)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", s/86400, s/3600%24, s/60%60, s%60)
}

// absolute writes a time in UTC as an absolute time, §7.1.1.1: YYMMDDhhmmsstnnp.
func absolute(t time.Time) string { return t.UTC().Format("060102150405") + "000+" }

// validity returns validity_period. The remaining time is rounded down.
func (s *settings) validity(d time.Duration) (string, error) {
	switch {
	case d == 0:
		return "", nil
	case d < time.Second:
		return "", provider.NewError(provider.Unsupported, "the validity is below one second, the unit of SMPP")
	case s.Times == timesAbsolute:
		return absolute(s.Now().Add(d).Truncate(time.Second)), nil
	case d > maxRelative:
		return "", provider.NewError(provider.Unsupported, "a validity of 31 days or more cannot be written as a relative time; the setting times: absolute can")
	}
	return relative(d), nil
}

// schedule returns schedule_delivery_time. The time is rounded up.
func (s *settings) schedule(at time.Time) (string, error) {
	if at.IsZero() {
		return "", nil
	}
	now := s.Now()
	wait := at.Sub(now) + time.Second - 1
	switch {
	case wait < time.Second:
		return "", nil // it has passed: now
	case s.Times == timesAbsolute:
		return absolute(at.Add(time.Second - 1).Truncate(time.Second)), nil
	case wait > maxRelative:
		return "", provider.NewError(provider.Unsupported, "a time 31 days or more ahead cannot be written as a relative time; the setting times: absolute can")
	}
	return relative(wait), nil
}

// parseTime reads the absolute or relative form of the standard; zero = none or
// not readable.
func parseTime(s string, now time.Time) time.Time {
	if len(s) != 16 {
		return time.Time{}
	}
	if s[15] == 'R' {
		var years, months, days, hours, minutes, seconds int
		if _, err := fmt.Sscanf(s[:12], "%2d%2d%2d%2d%2d%2d", &years, &months, &days, &hours, &minutes, &seconds); err != nil {
			return time.Time{}
		}
		return now.AddDate(years, months, days).Add(time.Duration(hours*3600+minutes*60+seconds) * time.Second)
	}
	t, err := time.Parse("060102150405", s[:12])
	if err != nil {
		return time.Time{}
	}
	var quarters int
	if _, err := fmt.Sscanf(s[13:15], "%2d", &quarters); err != nil {
		return time.Time{}
	}
	offset := time.Duration(quarters) * 15 * time.Minute
	switch s[15] {
	case '+':
		return t.Add(-offset)
	case '-':
		return t.Add(offset)
	}
	return time.Time{}
}
