package conformance

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// MarshalJSON writes the report with its totals; field names are snake_case.
func (r Report) MarshalJSON() ([]byte, error) {
	type result struct {
		Result
		Took float64 `json:"duration_ms"`
	}
	results := make([]result, 0, len(r.Results))
	for _, one := range r.Results {
		results = append(results, result{one, milliseconds(one.Took)})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(struct {
		Name          string   `json:"name,omitempty"`
		Verdict       Verdict  `json:"verdict"`
		OK            bool     `json:"ok"`
		Problem       string   `json:"problem,omitempty"`
		Passed        int      `json:"passed"`
		Failed        int      `json:"failed"`
		Unproven      int      `json:"unproven"`
		Skipped       int      `json:"skipped"`
		NotApplicable int      `json:"not_applicable"`
		Took          float64  `json:"duration_ms"`
		Results       []result `json:"results"`
	}{r.Name, r.Verdict(), r.OK(), r.Problem, r.Count(Passed), r.Count(Failed), r.Count(Unproven), r.Count(Skipped), r.Count(NotApplicable), milliseconds(r.Took), results})
	return b.Bytes(), err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// WriteJSON writes the report as indented JSON.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// The elements of JUnit XML, as build servers read them.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report as JUnit XML. A failed case of level should counts as
// passed there, with the failure as its output; an invalid harness is one error.
func (r Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{Name: "conformance", Tests: len(r.Results), Time: seconds(r.Took)}
	if r.Name != "" {
		suite.Name += " " + r.Name
	}
	if r.Problem != "" {
		suite.Tests, suite.Errors = 1, 1
		suite.Cases = []junitCase{{Name: "harness", Class: suite.Name, Time: seconds(0), Error: &junitMessage{Message: r.Problem}}}
	}
	for _, one := range r.Results {
		c := junitCase{Name: one.ID, Class: suite.Name, Time: seconds(one.Took)}
		details := strings.Join(one.Details, "; ")
		switch {
		case r.counts(one):
			suite.Failures++
			c.Failure = &junitMessage{Message: firstLine(details), Text: one.explain()}
		case one.Status == Failed:
			c.Out = one.explain()
		case one.Status != Passed:
			suite.Skipped++
			c.Skipped = &junitMessage{Message: one.Status.words() + ": " + details}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// WriteTable writes a Markdown table of drivers: the verdict, and for each group of
// cases the number that passed of those that are applicable.
func WriteTable(w io.Writer, reports ...Report) error {
	groups := groupsOf(reports)
	var b strings.Builder
	b.WriteString("| driver | verdict |")
	for _, g := range groups {
		b.WriteString(" " + g + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(groups)) + "\n")
	for _, r := range reports {
		fmt.Fprintf(&b, "| %s | %s |", cell(r.Name), r.Verdict())
		for _, g := range groups {
			b.WriteString(" " + r.share(g) + " |")
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteMarkdown writes the report as a Markdown table with one driver.
func (r Report) WriteMarkdown(w io.Writer) error { return WriteTable(w, r) }

func groupsOf(reports []Report) []string {
	var groups []string
	known := make(map[string]bool)
	for _, r := range reports {
		for _, one := range r.Results {
			if g := one.Group(); !known[g] {
				known[g] = true
				groups = append(groups, g)
			}
		}
	}
	return groups
}

// share is "7/7", or a dash if no case is applicable.
func (r Report) share(group string) string {
	passed, all := 0, 0
	for _, one := range r.Results {
		if one.Group() != group || one.Status != Passed && one.Status != Failed {
			continue
		}
		all++
		if one.Status == Passed {
			passed++
		}
	}
	if all == 0 {
		return "–"
	}
	return fmt.Sprintf("%d/%d", passed, all)
}

// badgeColours are those of shields.io.
var badgeColours = map[Verdict]string{Conformant: "brightgreen", NotProven: "yellow", NotConformant: "red", NotRun: "lightgrey"}

// WriteBadge writes one line of Markdown with a badge of shields.io that shows the
// verdict, for a README.
func (r Report) WriteBadge(w io.Writer) error {
	verdict := r.Verdict()
	_, err := fmt.Fprintf(w, "![anysms conformance: %s](https://img.shields.io/badge/anysms_conformance-%s-%s)\n",
		verdict, strings.ReplaceAll(string(verdict), " ", "_"), badgeColours[verdict])
	return err
}

// WriteCatalogueTable writes cases as a Markdown table.
func WriteCatalogueTable(w io.Writer, cases []Case) error {
	var b strings.Builder
	b.WriteString("| case | level | why | how to fix |\n|---|---|---|---|\n")
	for _, c := range cases {
		fmt.Fprintf(&b, "| `%s` | %s | %s (%s) | %s |\n", c.ID, level(c), cell(c.Why), cell(c.Source), cell(c.Fix))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell escapes a text for a Markdown table.
func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) }
