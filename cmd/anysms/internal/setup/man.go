package setup

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

const manHelp = `Write the manual pages of anysms and its commands into a directory, one file each:
anysms.1, anysms-send.1, … They are made of the help that --help shows. With
--markdown the same is printed as one page of Markdown.`

func (a *app) manCommand() *cobra.Command {
	var asMarkdown bool
	cmd := &cobra.Command{
		Use:     "man {DIRECTORY | --markdown}",
		GroupID: cli.GroupSetUp,
		Short:   "Write the manual pages",
		Long:    manHelp,
		Example: "  anysms man ~/.local/share/man/man1\n  man anysms-send\n  anysms man --markdown > anysms.md",
		Args: func(cmd *cobra.Command, args []string) error {
			if asMarkdown {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if asMarkdown {
				_, err := io.WriteString(a.Out, reference(cmd.Root()))
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			n, err := writeManual(cmd.Root(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "%s in %s\n", cli.Plural(n, "manual page"), args[0])
			return err
		},
	}
	cmd.Flags().BoolVar(&asMarkdown, "markdown", false, "print one page of Markdown instead")
	return cmd
}

// writeManual writes the page of a command and those below it, and returns how many.
func writeManual(cmd *cobra.Command, dir string) (int, error) {
	cmd.InitDefaultHelpFlag()
	err := os.WriteFile(filepath.Join(dir, pageName(cmd)+".1"), []byte(manualPage(cmd)), 0o644)
	if err != nil {
		return 0, err
	}
	pages := 1
	for _, sub := range documented(cmd) {
		n, err := writeManual(sub, dir)
		if err != nil {
			return pages, err
		}
		pages += n
	}
	return pages, nil
}

// documented are the subcommands that have a page.
func documented(cmd *cobra.Command) (list []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			list = append(list, sub)
		}
	}
	return list
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manualPage is the page of a command in the macros of man(7).
func manualPage(cmd *cobra.Command) string {
	var b strings.Builder
	name := pageName(cmd)
	fmt.Fprintf(&b, ".TH %s 1 \"\" anysms \"anysms manual\"\n", roff(strings.ToUpper(name)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", roff(cmd.UseLine()))
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	b.WriteString(".SH DESCRIPTION\n" + paragraphs(long))
	writeCommands(&b, cmd)
	writeOptions(&b, cmd)
	if cmd.Example != "" {
		b.WriteString(".SH EXAMPLES\n" + paragraphs(cmd.Example))
	}
	if also := related(cmd); len(also) > 0 {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(also, ", "))
	}
	return b.String()
}

// paragraphs are filled, except for indented lines, which stay as they are.
func paragraphs(text string) string {
	var b strings.Builder
	verbatim, blank := false, false
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			blank = true
			continue
		}
		indented := strings.HasPrefix(line, " ")
		switch {
		case indented && !verbatim:
			b.WriteString(".PP\n.nf\n")
		case !indented && verbatim:
			b.WriteString(".fi\n.PP\n")
		case blank && verbatim:
			b.WriteString("\n")
		case blank:
			b.WriteString(".PP\n")
		}
		verbatim, blank = indented, false
		b.WriteString(roff(line) + "\n")
	}
	if verbatim {
		b.WriteString(".fi\n")
	}
	return b.String()
}

func writeCommands(b *strings.Builder, cmd *cobra.Command) {
	subs := documented(cmd)
	if len(subs) == 0 {
		return
	}
	b.WriteString(".SH COMMANDS\n")
	for _, sub := range subs {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(sub.CommandPath()), roff(sub.Short))
	}
}

func writeOptions(b *strings.Builder, cmd *cobra.Command) {
	b.WriteString(".SH OPTIONS\n")
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		fmt.Fprintf(b, ".TP\n.B %s", roff(name))
		if value != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
		}
		fmt.Fprintf(b, "\n%s", roff(usage))
		if hasDefault(f) {
			fmt.Fprintf(b, " (default %s)", roff(f.DefValue))
		}
		b.WriteString("\n")
	})
}

// hasDefault reports whether a default says more than that the flag is not given.
func hasDefault(f *pflag.Flag) bool {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return false
	}
	return true
}

// related are the pages above and below.
func related(cmd *cobra.Command) (pages []string) {
	near := documented(cmd)
	if cmd.HasParent() {
		near = append([]*cobra.Command{cmd.Parent()}, near...)
	}
	for _, other := range near {
		pages = append(pages, fmt.Sprintf("\\fB%s\\fR(1)", roff(pageName(other))))
	}
	return pages
}

// special are the characters that the formatter would interpret or replace.
var special = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\`", "^", `\(ha`, "~", `\(ti`)

// roff writes a text so that it is shown as it is, in any locale.
func roff(s string) string {
	var b strings.Builder
	for _, r := range special.Replace(s) {
		if r <= unicode.MaxASCII {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\[u%04X]`, r)
		}
	}
	if strings.HasPrefix(s, ".") {
		return `\&` + b.String()
	}
	return b.String()
}
