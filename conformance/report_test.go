package conformance_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/conformance/golden"
)

// written compares a report with a file.
func written(t *testing.T, file string, write func(io.Writer) error) []byte {
	t.Helper()
	var got bytes.Buffer
	require.NoError(t, write(&got))
	golden.Check(t, file, got.String())
	return got.Bytes()
}

func sampleReport() conformance.Report {
	case1 := func(id string, level conformance.Level) conformance.Case {
		return conformance.Case{ID: id, Level: level, Why: "it <matters> & more", Source: "RFC 1", Fix: "do it"}
	}
	return conformance.Report{
		Name: "acme",
		Took: 1234 * time.Millisecond,
		Results: []conformance.Result{
			{Case: case1("receipt.accepted", conformance.Must), Status: conformance.Passed, Took: 2 * time.Millisecond},
			{Case: case1("text.greek", conformance.Must), Status: conformance.Failed, Details: []string{`text "Ω" is gone`, "two\nlines"}, Took: 1500 * time.Microsecond},
			{Case: case1("text.control", conformance.Should), Status: conformance.Failed, Details: []string{"tabs are gone"}},
			{Case: case1("text.long", conformance.Must), Status: conformance.Skipped, Details: []string{"limit of 160 characters"}},
			{Case: case1("lookups.status", conformance.Must), Status: conformance.Unproven, Details: []string{"no status files"}},
			{Case: case1("batch.partial", conformance.Must), Status: conformance.NotApplicable, Details: []string{"the driver has no capability batch"}},
			{Case: case1("batch.doubt", conformance.Must), Status: conformance.NotApplicable, Details: []string{"the driver has no capability batch"}},
		},
	}
}

func TestReportForms(t *testing.T) {
	r := sampleReport()
	written(t, "testdata/report.txt", r.WriteText)
	written(t, "testdata/report.md", func(w io.Writer) error {
		return conformance.WriteTable(w, r, conformance.Report{Name: "a|b", Problem: "Open must not be nil"})
	})
	assert.True(t, json.Valid(written(t, "testdata/report.json", r.WriteJSON)))
	var suite struct {
		XMLName xml.Name `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal(written(t, "testdata/report.xml", r.WriteJUnit), &suite))

	broken := conformance.Report{Name: "acme", Problem: "the harness has no Open"}
	written(t, "testdata/problem.txt", broken.WriteText)
	written(t, "testdata/problem.xml", broken.WriteJUnit)
	written(t, "testdata/problem.json", broken.WriteJSON)
	assert.False(t, r.OK())
	assert.NotContains(t, r.Err().Error(), "text.control", "a case of level should does not make a driver wrong")
}

// TestCatalogue compares README.md with the cases.
func TestCatalogue(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	const start, end = "<!-- cases -->\n", "<!-- end -->\n"
	before, rest, found := strings.Cut(string(readme), start)
	require.True(t, found, "README.md has no line %s", start)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found, "README.md has no line %s", end)
	written(t, "README.md", func(w io.Writer) error {
		if _, err := io.WriteString(w, before+start); err != nil {
			return err
		}
		if err := conformance.WriteCatalogueTable(w, conformance.Catalogue()); err != nil {
			return err
		}
		_, err := io.WriteString(w, end+after)
		return err
	})
	var list bytes.Buffer
	require.NoError(t, conformance.WriteCatalogue(&list, conformance.Catalogue()))
	assert.Contains(t, list.String(), "requests.one                 must*  a driver that retries")
}

func TestBadge(t *testing.T) {
	for _, test := range []struct {
		report conformance.Report
		want   string
	}{
		{conformance.Report{}, "![anysms conformance: conformant](https://img.shields.io/badge/anysms_conformance-conformant-brightgreen)\n"},
		{sampleReport(), "![anysms conformance: not conformant](https://img.shields.io/badge/anysms_conformance-not_conformant-red)\n"},
		{conformance.Report{Results: []conformance.Result{{Status: conformance.Unproven}}}, "![anysms conformance: unproven](https://img.shields.io/badge/anysms_conformance-unproven-yellow)\n"},
	} {
		var line bytes.Buffer
		require.NoError(t, test.report.WriteBadge(&line))
		assert.Equal(t, test.want, line.String())
	}
}
