package cost

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
)

const analyseHelp = `Show how a text, or every text of a file, is encoded: the encoding, the number
of segments, and the characters that make it longer.

A text in the GSM-7 alphabet has 160 units in a single segment, or 153 per
segment if it needs several; the characters ^ { } \ [ ~ ] | € and form feed
take two units. A single character outside that alphabet, such as a typographic
quote or an emoji, turns the whole text into UCS-2: 70 units in a single segment,
or 67 per segment if it needs several.

The text is the argument; "-" reads it from stdin, without its last newline.

With --file, the texts come from a column, or from a template merged with the
columns. The file is CSV, TSV, JSON Lines or an XLSX workbook, optionally
compressed with gzip or zstd, in UTF-8, UTF-16 or a code page; what was detected
is printed. CSV, TSV and XLSX start with a header line of column names; their case
does not matter. In TSV, quotes have no special meaning. Of a workbook, texts are what
the sheet shows, such as formatted dates; numbers are their digits. A spreadsheet drops
the plus sign of 306900000001: --region international takes such numbers.

A column "to" has the numbers, unless --to-column names another one; they are
validated and counted by country. With a rate card as well, messages are priced.
Invalid rows are counted and listed with their line numbers; the rest of the file
is still analysed. If the file cannot be read to its end, the totals cover the rows
before, and say so.

In CI, limits make the command fail: --max-segments, --max-cost, --require gsm7,
and --baseline with the JSON of an earlier analysis.`

const analyseExamples = `  anysms analyse "It’s 5 € only"
  echo Hello | anysms analyse - --format json
  anysms analyse --language tr "Işık hızı"
  anysms analyse --file campaign.csv --text-column body --to-column mobile --region GR
  anysms analyse --file - --text-column SMS --delimiter tab < messages.tsv
  anysms analyse --file people.csv --template "Hi {name}, your code is {code}" --require gsm7
  anysms analyse --file campaign.csv --rates rates.csv --report cost.html`

// analyseFlags are the flags of analyse.
type analyseFlags struct {
	format       cli.Format
	file         fileFlags
	limits       limitFlags
	languages    []string
	locking      bool
	ref16        bool
	keepClusters bool
	level        cli.OneOf
}

func (a *app) analyseCommand() *cobra.Command {
	flags := analyseFlags{level: cli.OneOf{Words: []string{"off", "lossless", "greek_capitals", "full"}}}
	cmd := &cobra.Command{
		Use:     "analyse [TEXT | --file F]",
		Aliases: []string{"analyze"},
		GroupID: cli.GroupCost,
		Short:   "Show encoding and segments of a text, or of a file of texts",
		Long:    analyseHelp,
		Example: analyseExamples,
		Args:    oneText,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts, err := flags.segmentOptions()
			if err := errors.Join(err, flags.file.check(cmd), flags.limits.check(cmd)); err != nil {
				return err
			}
			switch {
			case flags.file.Given() && len(args) == 1:
				return errors.New("give a text or --file, not both")
			case flags.file.Given() && flags.level.Value != "":
				return errors.New("--transliterate works on a single text; for a file, anysms cost shows what each level would save")
			case flags.file.Given():
				return a.analyseTexts(cmd.Context(), &flags, opts)
			}
			if err := input.Without(cmd, onlyWithFile()); err != nil {
				return err
			}
			if len(args) == 1 {
				return a.analyseText(cmd.Context(), args[0], opts, &flags)
			}
			return errors.New("nothing to analyse; give a text, - for stdin, or --file")
		},
	}
	flags.format.AddTo(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&flags.languages, "language", nil, "allow the single shift tables of these `LANGUAGES`, such as tr,es; the shortest encoding wins")
	f.BoolVar(&flags.locking, "locking", false, "with --language: allow their locking shift tables too")
	f.BoolVar(&flags.ref16, "ref16", false, "count with 16-bit concatenation references: 152 or 66 units per segment")
	f.BoolVar(&flags.keepClusters, "keep-graphemes", false, "never split a grapheme (user-perceived character) between two segments")
	flags.level.AddTo(cmd, "transliterate", "suggest the text rewritten at this level (default: lossless, if that changes the text)")
	flags.limits.addTo(cmd)
	a.addFileFlags(&flags.file, cmd, "`COLUMN` with the numbers; \"\" validates none (default: the column \"to\", if there is one)")
	cmd.Flags().Lookup("to-column").DefValue = "" // the usage says it
	return cmd
}

func oneText(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("got %d texts, want one; put a text with spaces in quotes", len(args))
	}
	return nil
}

func (f *analyseFlags) segmentOptions() (*segment.Options, error) {
	opts := &segment.Options{Ref16: f.ref16, KeepGraphemes: f.keepClusters}
	for _, name := range f.languages {
		l, err := gsm7.ParseLanguage(name)
		if err != nil {
			return nil, fmt.Errorf("--language: %w", err)
		}
		opts.Single |= 1 << l
	}
	if !f.locking {
		return opts, nil
	}
	if len(f.languages) == 0 {
		return nil, errors.New("--locking needs --language, which names the tables")
	}
	opts.Locking = opts.Single & gsm7.LockingLanguages
	return opts, nil
}

// transliterate returns the level of --transliterate, nil without the flag.
func (f *analyseFlags) transliterate() (*transliterate.Level, error) {
	if f.level.Value == "" {
		return nil, nil
	}
	level, err := transliterate.ParseLevel(f.level.Value)
	return &level, err
}

// analyseTexts analyses a file.
func (a *app) analyseTexts(ctx context.Context, flags *analyseFlags, encoding *segment.Options) error {
	opts, err := a.options(ctx, &flags.file)
	if err != nil {
		return err
	}
	opts.Segment = encoding
	opts.Characters = true
	return a.analyseFile(ctx, &job{flags: &flags.file, limits: &flags.limits, opts: opts, format: flags.format})
}

func (a *app) analyseText(ctx context.Context, text string, opts *segment.Options, flags *analyseFlags) error {
	if text == "-" {
		var err error
		if text, err = input.Text(ctx, a.In); err != nil {
			return err
		}
	}
	if info, err := os.Stat(text); err == nil && info.Mode().IsRegular() {
		fmt.Fprintf(a.Err, "note: this is the text %q; to analyse the file of this name, give --file\n", text)
	}
	level, err := flags.transliterate()
	if err != nil {
		return err
	}
	t, err := analysis.OfText(text, opts, level)
	if err != nil {
		return &cli.ExitError{Code: cli.ExitRefused, Cause: err}
	}
	limits, err := flags.limits.limits()
	if err != nil {
		return err
	}
	if t.Violations, err = limits.Check(t.AsTotals()); err != nil {
		return err
	}
	if err := a.printOneText(t, flags.format); err != nil {
		return err
	}
	return verdict(t.Violations)
}

func (a *app) printOneText(t *analysis.Text, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(t)
	}
	return a.printText(t)
}
