package conformance

import (
	"context"
	"slices"
	"time"
)

// CheckOnly runs some of the cases.
func CheckOnly(ctx context.Context, h Harness, ids ...string) Report {
	return check(ctx, h, func(c Case) bool { return slices.Contains(ids, c.ID) })
}

// Alone reports whether a case must run alone.
func Alone(id string) bool {
	return slices.ContainsFunc(Catalogue(), func(c Case) bool { return c.ID == id && c.alone })
}

// Hurried makes the suite wait less long for a driver that does not return.
func Hurried(h Harness) Harness {
	h.pace = pace{hang: 50 * time.Millisecond, call: 300 * time.Millisecond, patience: 100 * time.Millisecond, limit: 2 * time.Second}
	return h
}

// Impatient is for drivers that do not return: what has no response in time is what is
// tested.
func Impatient(h Harness) Harness {
	h.pace = pace{hang: usualPace.hang / 2, call: 10 * time.Second, patience: 2 * time.Second, limit: 2 * time.Minute}
	return h
}

// CallTime returns how long Open, and a call that gets a response, may take.
func CallTime(h Harness) (time.Duration, error) {
	s, err := newSuite(h)
	if err != nil {
		return 0, err
	}
	return s.pace.call, nil
}
