// Package input opens files of messages: the flags that say how a file is read, the
// same for every command, and the rows of the file.
package input

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/router/numbering"
)

// Flags say how a file of messages is read.
type Flags struct {
	Path   string
	Text   string // column of the texts, unless there is a template
	To     string // column of the numbers; "" = none
	Region string // of national numbers; "" = not given

	template, charset, sheet string
	hidden                   bool
	delimiter                cli.OneOf

	toGiven bool
	merged  *table.Template
}

// Names lists the flags that need --file.
func Names() []string {
	return []string{"text-column", "to-column", "template", "delimiter", "charset", "sheet", "hidden-rows"}
}

// AddTo adds the flags. The flag --region is the command's own.
func (f *Flags) AddTo(cmd *cobra.Command, file, to string) {
	f.delimiter.Words = []string{"comma", "semicolon", "tab", "none"}
	flags := cmd.Flags()
	flags.StringVarP(&f.Path, "file", "f", "", file)
	flags.StringVar(&f.Text, "text-column", "text", "`COLUMN` with the texts")
	flags.StringVar(&f.To, "to-column", "to", to)
	flags.StringVar(&f.template, "template", "", "make each text from this `TEMPLATE` and the columns that it names, such as \"Hi {name}\"")
	f.delimiter.AddTo(cmd, "delimiter", "field delimiter; none means one text per line (default: detect)")
	flags.StringVar(&f.charset, "charset", "", "`CHARSET`, such as windows-1253 (default: detect)")
	_ = cmd.RegisterFlagCompletionFunc("charset", cobra.FixedCompletions(source.Charsets(), cobra.ShellCompDirectiveNoFileComp)) // just defined
	flags.StringVar(&f.sheet, "sheet", "", "`WORKSHEET` of an XLSX workbook (default: the only one with data)")
	flags.BoolVar(&f.hidden, "hidden-rows", false, "read the hidden rows of a worksheet too")
}

// Check rejects values that cannot be used, before anything is read.
func (f *Flags) Check(cmd *cobra.Command) (err error) {
	given := cmd.Flags().Changed
	f.toGiven = given("to-column")
	switch {
	case given("template") && f.template == "":
		return errors.New("--template must not be empty; want a text such as \"Hi {name}\"")
	case given("template") && given("text-column"):
		return errors.New("give --template or --text-column, not both: each is a source of the texts")
	case given("text-column") && f.Text == "":
		return errors.New("--text-column must not be empty")
	}
	if err := numbering.CheckRegion(f.Region); err != nil {
		return fmt.Errorf("--region: %w", err)
	}
	if f.charset != "" {
		if err := source.CheckCharset(f.charset); err != nil {
			return fmt.Errorf("--charset: %w", err)
		}
	}
	if f.template != "" {
		f.merged, err = table.ParseTemplate(f.template)
	}
	return err
}

// Given reports whether there is a file.
func (f *Flags) Given() bool { return f.Path != "" }

// Without rejects flags that need --file, when there is none.
func Without(cmd *cobra.Command, names []string) error {
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s needs --file", name)
		}
	}
	return nil
}
