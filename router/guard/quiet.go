package guard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Quiet defers messages that would arrive at night, or on quiet days, in the recipient's
// local time. A number that may be in several zones gets its messages when it is not
// quiet in any of them.
type Quiet struct {
	Match
	// From and To bound the quiet time; it may go over midnight. If they are equal, the
	// whole day is quiet.
	From, To Clock
	// Days on which the quiet time begins; none = every day.
	Days []time.Weekday
	// Zone is that of numbers whose zone is not known; nil = UTC.
	Zone *time.Location

	zones *zones
}

func (q *Quiet) setUp(path string, z *zones) error {
	for _, c := range []Clock{q.From, q.To} {
		if c.Hour < 0 || c.Hour > 23 || c.Minute < 0 || c.Minute > 59 {
			return provider.ConfigErrorf(path, "%s is not a time of day", c)
		}
	}
	if q.From == q.To && len(q.Days) == 0 {
		return provider.ConfigErrorf(path+".to", "is the same as from, so that no time of any day would be left")
	}
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	q.zones = z
	return q.check(path)
}

func (q *Quiet) name() string { return "quiet_hours" }

// maxQuiet bounds the search for a time that suits all zones of a number.
const maxQuiet = 8 * 24 * time.Hour

// until returns when the quiet time ends that t is in; ok is false if no time within
// maxQuiet suits all zones. A t that is not in any is returned as it is.
func (q *Quiet) until(t time.Time, in []*time.Location) (end time.Time, ok bool) {
	end = t
	for end.Sub(t) <= maxQuiet {
		moved := false
		for _, zone := range in {
			if later := q.after(end, zone); later.After(end) {
				end, moved = later, true
			}
		}
		if !moved {
			return end, true
		}
	}
	return end, false
}

// after returns the end of the quiet time that t is in, in one zone, or when the zone's
// clocks change, if that comes first. A t that is not in any is returned as it is.
func (q *Quiet) after(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	hour, minute, second := local.Clock()
	now := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(local.Nanosecond())
	from, to := q.From.sinceMidnight(), q.To.sinceMidnight()
	began := local.Weekday()
	switch {
	case now >= from && to <= from:
		to += 24 * time.Hour
	case now < to && to <= from:
		began = (began + 6) % 7 // the day before
	case now < from || now >= to:
		return t
	}
	if !q.onDay(began) {
		return t
	}
	end := t.Add(to - now)
	if _, change := local.ZoneBounds(); !change.IsZero() && change.Before(end) {
		return change
	}
	return end
}

func (q *Quiet) onDay(d time.Weekday) bool {
	return len(q.Days) == 0 || slices.Contains(q.Days, d)
}

func (q *Quiet) judge(p *passage) error {
	if !q.takes(&p.traits) {
		return nil
	}
	t := p.now
	if at := p.Message.SendAt; at.After(t) {
		t = at
	}
	var room [16]*time.Location
	end, ok := q.until(t, q.zones.of(p.digits, q.Zone, room[:0]))
	switch {
	case !ok:
		return provider.NewError(provider.Rejected, "quiet_hours: no time of day suits all zones that the number may be in")
	case end.After(t):
		return &router.Deferred{Until: end, Reason: "quiet hours: " + q.String()}
	}
	return nil
}

// String describes the quiet time.
func (q *Quiet) String() string {
	s := fmt.Sprintf("%s to %s", q.From, q.To)
	if len(q.Days) > 0 {
		names := make([]string, len(q.Days))
		for i, d := range q.Days {
			names[i] = d.String()
		}
		s += " on " + strings.Join(names, ", ")
	}
	return s + " of the recipient's time" + about(&q.Match)
}
