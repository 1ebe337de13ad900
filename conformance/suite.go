package conformance

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"testing"
	"time"
)

// defaultParallel is the default of Harness.Parallel.
const defaultParallel = 32

// Run runs the suite as subtests, one for each case. A failed case of level
// should is logged and does not fail the test.
func Run(t *testing.T, h Harness) {
	t.Helper()
	report := Check(t.Context(), h)
	if report.Problem != "" {
		t.Fatalf("conformance harness: %s", report.Problem)
	}
	for _, r := range report.Results {
		t.Run(r.ID, func(t *testing.T) {
			switch {
			case r.Status == Failed && r.Level == Must:
				t.Error(r.explain())
			case r.Status == Failed:
				t.Log(r.explain())
			case r.Status != Passed:
				t.Skipf("%s: %s", strings.ReplaceAll(string(r.Status), "_", " "), strings.Join(r.Details, "; "))
			}
		})
	}
}

// Check runs the suite. When the context ends, cases that have not started fail as
// not run.
func Check(ctx context.Context, h Harness) Report { return check(ctx, h, catalogue()) }

func check(ctx context.Context, h Harness, cases []Case) Report {
	start := time.Now()
	s, err := newSuite(h)
	if err != nil {
		return Report{Problem: err.Error()}
	}
	results := make([]Result, len(cases))
	slots := make(chan struct{}, max(1, cmp.Or(h.Parallel, defaultParallel)))
	var group sync.WaitGroup
	for i, c := range cases {
		if c.alone {
			continue
		}
		slots <- struct{}{}
		group.Go(func() {
			results[i] = s.result(ctx, c)
			<-slots
		})
	}
	group.Wait()
	for i, c := range cases {
		if c.alone {
			results[i] = s.result(ctx, c)
		}
	}
	return Report{Results: results, Took: time.Since(start)}
}

// noHTTP is why cases with a server are not applicable to a driver without HTTP.
const noHTTP = "the driver makes no HTTP requests (the harness has no Replies)"

func (s *suite) result(ctx context.Context, c Case) Result {
	start := time.Now()
	r := Result{Case: c, Status: Passed}
	if reason, skipped := s.Skip[c.ID]; skipped {
		r.Status, r.Details = Skipped, []string{reason}
		return r
	}
	if c.http && !s.http() {
		r.Status, r.Details = NotApplicable, []string{noHTTP}
		return r
	}
	if err := ctx.Err(); err != nil {
		r.Status, r.Details = Failed, []string{"not run: " + err.Error()}
		return r
	}
	t := &trial{suite: s}
	t.run(c)
	r.Took = time.Since(start)
	switch {
	case len(t.failures) > 0:
		r.Status, r.Details = Failed, t.failures
	case t.reason != "":
		r.Status, r.Details = NotApplicable, []string{t.reason}
	}
	return r
}
