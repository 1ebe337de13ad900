package conformance

import (
	"errors"
	"fmt"
	"io"
	"strings"
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
	Status  Status
	Details []string // the failures, or the one reason of a case that did not run
	Took    time.Duration
}

// Report is what a run of the suite came to.
type Report struct {
	// Problem is why the harness could not be used; "" = it could. There are no
	// results then.
	Problem string
	Results []Result
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

// OK reports whether the driver is conformant: no case of level must failed.
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

// explain says what failed and why it matters.
func (r Result) explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)", r.ID, r.Level)
	for _, d := range r.Details {
		b.WriteString("\n  " + strings.ReplaceAll(d, "\n", "\n  "))
	}
	fmt.Fprintf(&b, "\n  why: %s\n  source: %s", r.Why, r.Source)
	return b.String()
}

// WriteText writes the report for people: a line for each case that did not
// pass, what failed and why it matters, and the totals.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	if r.Problem != "" {
		b.WriteString("harness: " + r.Problem + "\n")
	}
	for _, result := range r.Results {
		switch result.Status {
		case Failed:
			b.WriteString("FAIL " + result.explain() + "\n")
		case Skipped, NotApplicable:
			fmt.Fprintf(&b, "%-4s %s: %s\n", mark(result.Status), result.ID, strings.Join(result.Details, "; "))
		}
	}
	fmt.Fprintf(&b, "%d passed, %d failed, %d skipped, %d not applicable\n",
		r.Count(Passed), r.Count(Failed), r.Count(Skipped), r.Count(NotApplicable))
	_, err := io.WriteString(w, b.String())
	return err
}

func mark(s Status) string {
	return map[Status]string{Passed: "ok", Failed: "FAIL", Skipped: "skip", NotApplicable: "n/a"}[s]
}
