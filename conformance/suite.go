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
			case report.counts(r):
				t.Error(r.explain())
			case r.Status == Failed:
				t.Log(r.explain())
			case r.Status != Passed:
				t.Skipf("%s: %s", r.Status.words(), strings.Join(r.Details, "; "))
			}
		})
	}
}

// Check runs the suite. It returns even if the driver blocks: a call that does not
// return, or a case that takes too long, is a failure. A panic is one too, except in
// a goroutine that the driver started, which ends every Go program. When the context
// ends, cases that have not started fail as not run.
func Check(ctx context.Context, h Harness) Report {
	return check(ctx, h, func(Case) bool { return true })
}

// check runs the chosen cases: first the one that opens a provider, then those that
// can run concurrently, then those that run alone.
func check(ctx context.Context, h Harness, chosen func(Case) bool) Report {
	start := time.Now()
	s, err := newSuite(h)
	if err != nil {
		return Report{Problem: err.Error()}
	}
	var cases []Case
	for _, c := range s.catalogue() {
		if chosen(c) {
			cases = append(cases, c)
		}
	}
	opens, unopened := s.result(ctx, openingCase()), ""
	if opens.noProvider {
		unopened = "not run: there is no provider to test, see " + openCase
	}
	results := make([]Result, len(cases))
	slots := make(chan struct{}, max(1, cmp.Or(h.Parallel, defaultParallel)))
	var group sync.WaitGroup
	for i, c := range cases {
		switch {
		case c.ID == openCase:
			results[i] = opens
		case unopened != "":
			results[i] = Result{Case: c, Status: NotApplicable, Details: []string{unopened}}
		case !c.alone:
			slots <- struct{}{}
			group.Go(func() {
				results[i] = s.result(ctx, c)
				<-slots
			})
		}
	}
	group.Wait()
	for i, c := range cases {
		if c.alone && unopened == "" {
			results[i] = s.result(ctx, c)
		}
	}
	return Report{Results: results, Took: time.Since(start), AllowUnproven: h.AllowUnproven}
}

func openingCase() Case {
	for _, c := range lifeCases() {
		if c.ID == openCase {
			return c
		}
	}
	panic("conformance: no case " + openCase)
}

// noLab is why cases with a vendor are not applicable to a driver without a
// transport.
const noLab = "the driver has no transport (the harness has no Replies)"

func (s *suite) result(ctx context.Context, c Case) Result {
	start := time.Now()
	r := Result{Case: c, Status: Passed}
	if reason, skipped := s.Skip[c.ID]; skipped {
		r.Status, r.Details = Skipped, []string{reason}
		return r
	}
	if c.needs > nothing && s.lab == nil {
		r.Status, r.Details = NotApplicable, []string{noLab}
		return r
	}
	if c.wire && s.WireProvenBy != "" {
		r.Status, r.Details = NotApplicable, []string{"how the driver treats connections is proven by " + s.WireProvenBy}
		return r
	}
	if err := ctx.Err(); err != nil {
		r.Status, r.Details = Failed, []string{"not run: " + err.Error()}
		return r
	}
	t := &trial{suite: s, id: c.ID}
	t.run(c)
	r.Status, r.Details = t.result()
	r.noProvider = t.noProvider.Load()
	r.Took = time.Since(start)
	return r
}
