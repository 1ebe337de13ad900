package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeForm is how a vendor writes a time: "unix", "unix_ms", "rfc3339", or a layout
// of package time, the last with an optional " in ZONE" (default UTC).
type timeForm struct {
	layout string
	zone   *time.Location
}

const (
	formUnix    = "unix"
	formUnixMs  = "unix_ms"
	formRFC3339 = "rfc3339"
)

func parseTimeForm(value string) (timeForm, error) {
	layout, zone, _ := strings.Cut(value, " in ")
	f := timeForm{layout: strings.TrimSpace(layout), zone: time.UTC}
	if zone != "" {
		var err error
		if f.zone, err = parseZone(strings.TrimSpace(zone)); err != nil {
			return f, err
		}
	}
	known := []string{formUnix, formUnixMs, formRFC3339}
	at := time.Date(2031, 4, 5, 6, 7, 8, 0, time.UTC)
	if !slices.Contains(known, f.layout) && at.Format(f.layout) == f.layout {
		return f, fmt.Errorf(`%q: want unix, unix_ms, rfc3339 or a layout such as "2006-01-02 15:04 in Africa/Johannesburg"`, value)
	}
	return f, nil
}

// parseZone reads "Africa/Johannesburg" or "+02:00".
func parseZone(name string) (*time.Location, error) {
	if at, err := time.Parse("-07:00", name); err == nil {
		_, offset := at.Zone()
		return time.FixedZone(name, offset), nil
	}
	return time.LoadLocation(name)
}

// read reads a value of the form.
func (f timeForm) read(value string) (time.Time, bool) {
	switch f.layout {
	case formUnix, formUnixMs:
		n, err := strconv.ParseInt(value, 10, 64)
		if f.layout == formUnix {
			return time.Unix(n, 0), err == nil
		}
		return time.UnixMilli(n), err == nil
	case formRFC3339:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"} {
			if at, err := time.Parse(layout, value); err == nil {
				return at, true
			}
		}
		return time.Time{}, false
	}
	at, err := time.ParseInLocation(f.layout, value, f.zone)
	return at, err == nil
}

// learnedForms are recognised without a word in accepted.http, as a value that fits
// one of them has one meaning.
func learnedForms() []timeForm {
	return []timeForm{{layout: formUnix}, {layout: formUnixMs}, {layout: formRFC3339}}
}

// spanForm is how a vendor writes a validity: a number of units, or "until" and the
// form of the time at which it ends.
type spanForm struct {
	unit  time.Duration
	until *timeForm
}

func parseSpanForm(value string) (spanForm, error) {
	if form, ok := strings.CutPrefix(value, "until "); ok {
		f, err := parseTimeForm(form)
		return spanForm{until: &f}, err
	}
	units := map[string]time.Duration{
		"milliseconds": time.Millisecond, "seconds": time.Second, "minutes": time.Minute, "hours": time.Hour,
	}
	unit, ok := units[value]
	if !ok {
		return spanForm{}, fmt.Errorf(`%q: want milliseconds, seconds, minutes, hours, or "until " and a form of times such as unix or 2006-01-02 15:04:05`, value)
	}
	return spanForm{unit: unit}, nil
}

// slack is how far the end of a validity may be from what the suite expects: the
// time between its clock and the driver's, and the vendor's rounding.
const slack = time.Minute

// is reports whether a value is a validity that was given at a time.
func (f spanForm) is(value string, d time.Duration, given time.Time) bool {
	if f.until == nil {
		return value == strconv.FormatInt(int64(d/f.unit), 10)
	}
	at, ok := f.until.read(value)
	return ok && at.Sub(given.Add(d)).Abs() <= slack
}
