package analysis_test

import (
	"fmt"
	"io"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
)

// analyse reads a file as the commands do.
func analyse(from io.Reader, opts analysis.Options) (*analysis.Totals, error) {
	columns := []string{opts.TextColumn, opts.ToColumn, opts.NetworkColumn}
	if opts.Template != nil {
		columns = append(columns[1:], opts.Template.Variables()...)
	}
	r, err := table.Text(from, opts.Name, nil, columns)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opts.Name, err)
	}
	return analysis.Rows(r, &opts)
}
