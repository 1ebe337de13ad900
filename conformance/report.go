package conformance

import (
	"errors"
	"fmt"
	"time"
)

// Status is what a case came to.
type Status string

// The statuses.
const (
	Passed        Status = "passed"
	Failed        Status = "failed"
	Skipped       Status = "skipped"        // the harness leaves it out, with a reason
	NotApplicable Status = "not_applicable" // this driver has not what the case is about
)

// Result is what one case came to.
type Result struct {
	Case
	Status  Status        `json:"status"`
	Details []string      `json:"details,omitempty"` // the failures, or the one reason of a case that did not run
	Took    time.Duration `json:"-"`
}

// Report is what a run of the suite came to.
type Report struct {
	// Name is the driver's, for the reader; Check leaves it empty.
	Name string
	// Problem is why the harness could not be used; "" = it could. There are no
	// results then.
	Problem string
	Results []Result
	Took    time.Duration
}

// Count counts the results with a status.
func (r Report) Count(s Status) int {
	n := 0
	for _, result := range r.Results {
		if result.Status == s {
			n++
		}
	}
	return n
}

// OK reports whether the driver is conformant: the harness could be used and
// no case of level must failed.
func (r Report) OK() bool { return r.Err() == nil }

// Err joins the harness's problem and the failures of level must; nil = there
// are none.
func (r Report) Err() error {
	var errs []error
	if r.Problem != "" {
		errs = append(errs, fmt.Errorf("harness: %s", r.Problem))
	}
	for _, result := range r.Results {
		if result.Status == Failed && result.Level == Must {
			errs = append(errs, errors.New(result.explain()))
		}
	}
	return errors.Join(errs...)
}

// verdict is the report in a few words.
func (r Report) verdict() string {
	switch {
	case r.Problem != "":
		return "not run"
	case !r.OK():
		return "not conformant"
	}
	return "conformant"
}

// Group is the part of the id that names what the case is about: "fault" of
// "fault.html-200".
func (c Case) Group() string {
	for i := range len(c.ID) {
		if c.ID[i] == '.' {
			return c.ID[:i]
		}
	}
	return c.ID
}
