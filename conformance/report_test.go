package conformance_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
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
		return conformance.Case{ID: id, Level: level, Why: "it <matters> & more", Source: "RFC 1"}
	}
	return conformance.Report{
		Name: "acme",
		Took: 1234 * time.Millisecond,
		Results: []conformance.Result{
			{Case: case1("receipt.accepted", conformance.Must), Status: conformance.Passed, Took: 2 * time.Millisecond},
			{Case: case1("text.greek", conformance.Must), Status: conformance.Failed, Details: []string{`text "Ω" is gone`, "two\nlines"}, Took: 1500 * time.Microsecond},
			{Case: case1("text.control", conformance.Should), Status: conformance.Failed, Details: []string{"tabs are gone"}},
			{Case: case1("text.long", conformance.Must), Status: conformance.Skipped, Details: []string{"the vendor says 160"}},
			{Case: case1("batch.partial", conformance.Must), Status: conformance.NotApplicable, Details: []string{"the bit batch is not set"}},
			{Case: case1("batch.doubt", conformance.Must), Status: conformance.NotApplicable, Details: []string{"the bit batch is not set"}},
		},
	}
}

func TestReportForms(t *testing.T) {
	r := sampleReport()
	written(t, "testdata/report.txt", r.WriteText)
	written(t, "testdata/report.md", func(w io.Writer) error {
		return conformance.WriteTable(w, r, conformance.Report{Name: "a|b", Problem: "no Open"})
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

// TestCatalogue keeps the page of all cases.
func TestCatalogue(t *testing.T) {
	written(t, "CATALOGUE.md", func(w io.Writer) error {
		if _, err := io.WriteString(w, "# The cases of the conformance suite\n\nWritten by `go test ./conformance -run TestCatalogue -update`. Cases marked * cannot be skipped.\n\n"); err != nil {
			return err
		}
		return conformance.WriteCatalogueTable(w, conformance.Catalogue())
	})
	var list bytes.Buffer
	require.NoError(t, conformance.WriteCatalogue(&list, conformance.Catalogue()))
	assert.Contains(t, list.String(), "requests.one                 must*  a driver that tries again by itself")
}
