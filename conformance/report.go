package conformance

import (
	"errors"
	"fmt"
	"time"
)

// Status is the outcome of a case.
type Status string

// The statuses.
const (
	Passed        Status = "passed"
	Failed        Status = "failed"
	Skipped       Status = "skipped"        // by the harness, with a reason
	NotApplicable Status = "not_applicable" // the driver lacks what the case tests
)

// Result is the result of one case.
type Result struct {
	Case
	Status  Status        `json:"status"`
	Details []string      `json:"details,omitempty"` // the failures, or why the case did not run
	Took    time.Duration `json:"-"`
}

// Report is the result of a run of the suite.
type Report struct {
	// Name is the name of the driver, for the reader. Check leaves it empty.
	Name string
	// Problem is why the harness is invalid, "" if it is valid. With a problem, there
	// are no results.
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

// OK reports whether the driver is conformant: the harness is valid and no case of
// level must failed.
func (r Report) OK() bool { return r.Err() == nil }

// Err joins the harness's problem and the failures of level must; nil if there are
// none.
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

// verdict is a summary of the report.
func (r Report) verdict() string {
	switch {
	case r.Problem != "":
		return "not run"
	case !r.OK():
		return "not conformant"
	}
	return "conformant"
}

// Group is the first part of the id: "fault" of "fault.html-200".
func (c Case) Group() string {
	for i := range len(c.ID) {
		if c.ID[i] == '.' {
			return c.ID[:i]
		}
	}
	return c.ID
}
