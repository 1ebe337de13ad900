package conformance

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// explain describes what failed and why it matters.
func (r Result) explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)", r.ID, r.Level)
	for _, d := range r.Details {
		b.WriteString("\n  " + strings.ReplaceAll(d, "\n", "\n  "))
	}
	fmt.Fprintf(&b, "\n  why: %s\n  source: %s", r.Why, r.Source)
	if r.Fix != "" && r.Status == Failed {
		b.WriteString("\n  how to fix: " + r.Fix)
	}
	return b.String()
}

// WriteText writes the report as text: what failed and why it matters, what did not
// run and why, and the totals.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	if r.Problem != "" {
		b.WriteString("harness: " + r.Problem + "\n")
	}
	for _, result := range r.Results {
		if result.Status == Failed {
			b.WriteString("FAIL " + result.explain() + "\n")
		}
	}
	for _, result := range r.Results {
		if result.Status == Unproven {
			fmt.Fprintf(&b, "unproven %s: %s\n", result.ID, strings.Join(result.Details, "; "))
		}
	}
	for _, result := range r.Results {
		if result.Status == Skipped {
			fmt.Fprintf(&b, "skip %s: %s\n", result.ID, strings.Join(result.Details, "; "))
		}
	}
	r.writeNotApplicable(&b)
	if r.Name != "" {
		b.WriteString(r.Name + ": ")
	}
	fmt.Fprintf(&b, "%s. %d passed, %d failed, %d unproven, %d skipped, %d not applicable, in %s\n", r.Verdict(),
		r.Count(Passed), r.Count(Failed), r.Count(Unproven), r.Count(Skipped), r.Count(NotApplicable), r.Took.Round(10*time.Millisecond))
	_, err := io.WriteString(w, b.String())
	return err
}

// writeNotApplicable groups the cases by reason.
func (r Report) writeNotApplicable(b *strings.Builder) {
	var reasons []string
	cases := make(map[string][]string)
	for _, result := range r.Results {
		if result.Status != NotApplicable {
			continue
		}
		reason := strings.Join(result.Details, "; ")
		if cases[reason] == nil {
			reasons = append(reasons, reason)
		}
		cases[reason] = append(cases[reason], result.ID)
	}
	for _, reason := range reasons {
		ids := cases[reason]
		if len(ids) > 4 {
			ids = []string{fmt.Sprintf("%d cases from %s to %s", len(ids), ids[0], ids[len(ids)-1])}
		}
		fmt.Fprintf(b, "n/a  %s: %s\n", strings.Join(ids, ", "), reason)
	}
}

// WriteCatalogue lists cases as text.
func WriteCatalogue(w io.Writer, cases []Case) error {
	var b strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&b, "%-28s %-6s %s\n%-35s source: %s\n%-35s how to fix: %s\n", c.ID, level(c), c.Why, "", c.Source, "", c.Fix)
	}
	fmt.Fprintf(&b, "%d cases; those marked * cannot be skipped\n", len(cases))
	_, err := io.WriteString(w, b.String())
	return err
}

func level(c Case) string {
	if c.Core {
		return string(c.Level) + "*"
	}
	return string(c.Level)
}
