package conformance

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Status is the outcome of a case.
type Status string

// The statuses.
const (
	Passed        Status = "passed"
	Failed        Status = "failed"
	Unproven      Status = "unproven"       // the driver claims a capability, and Replies has no file to test it with
	Skipped       Status = "skipped"        // by the harness, with a reason
	NotApplicable Status = "not_applicable" // the driver lacks what the case tests
)

// words is the status as people write it.
func (s Status) words() string { return strings.ReplaceAll(string(s), "_", " ") }

// Result is the result of one case.
type Result struct {
	Case
	Status  Status        `json:"status"`
	Details []string      `json:"details,omitempty"` // the failures, or why the case did not run
	Took    time.Duration `json:"-"`

	noProvider bool // Open did not return one
}

// Verdict is what a report says of a driver.
type Verdict string

// The verdicts.
const (
	Conformant    Verdict = "conformant"
	NotConformant Verdict = "not conformant" // a case of level must failed
	NotProven     Verdict = "unproven"       // none failed, but a claimed capability could not be tested
	NotRun        Verdict = "not run"        // the harness is invalid
)

// Report is the result of a run of the suite.
type Report struct {
	// Name is the name of the driver, for the reader. Check leaves it empty.
	Name string
	// Problem is why the harness is invalid, "" if it is valid. With a problem, there
	// are no results.
	Problem string
	Results []Result
	Took    time.Duration
	// AllowUnproven is as in [Harness]: what is unproven is no failure.
	AllowUnproven bool
}

// Count counts the results with a status.
func (r Report) Count(s Status) int {
	n := 0
	for _, result := range r.Results {
		n += asOne(result.Status == s)
	}
	return n
}

// Verdict sums up the report.
func (r Report) Verdict() Verdict {
	unproven := false
	for _, result := range r.Results {
		if result.Status == Failed && result.Level == Must {
			return NotConformant
		}
		unproven = unproven || result.Status == Unproven
	}
	switch {
	case r.Problem != "":
		return NotRun
	case unproven:
		return NotProven
	}
	return Conformant
}

// OK reports whether the driver passes: its verdict is conformant, or unproven if
// that is allowed.
func (r Report) OK() bool { return r.Err() == nil }

// Err joins the harness's problem, the failures of level must and, unless that is
// allowed, what is unproven; nil if the driver passes.
func (r Report) Err() error {
	var errs []error
	if r.Problem != "" {
		errs = append(errs, fmt.Errorf("harness: %s", r.Problem))
	}
	for _, result := range r.Results {
		if r.counts(result) {
			errs = append(errs, errors.New(result.explain()))
		}
	}
	return errors.Join(errs...)
}

// counts reports whether a result makes the driver fail.
func (r Report) counts(result Result) bool {
	return result.Status == Failed && result.Level == Must || result.Status == Unproven && !r.AllowUnproven
}
