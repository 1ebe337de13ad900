package setup

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const referenceHead = `# The command line

All commands of anysms, as ` + "`--help`" + ` shows them. ` + "`anysms man`" + ` writes the same as manual pages.
This page is made by ` + "`anysms man --markdown`" + `.

`

// reference is the manual as one page of Markdown.
func reference(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(referenceHead)
	var list, text strings.Builder
	writeReference(&list, &text, root, 0)
	b.WriteString(list.String())
	b.WriteString(text.String())
	return b.String()
}

// writeReference adds a command and those below it to the contents and to the text.
func writeReference(list, text *strings.Builder, cmd *cobra.Command, depth int) {
	cmd.InitDefaultHelpFlag()
	path := cmd.CommandPath()
	fmt.Fprintf(list, "%s- [%s](#%s): %s\n", strings.Repeat("  ", depth), path, strings.ReplaceAll(path, " ", "-"), cmd.Short)
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	fmt.Fprintf(text, "\n## %s\n\n```text\n%s\n```\n", path, cmd.UseLine())
	text.WriteString("\n" + markdown(long))
	if cmd.Example != "" {
		fmt.Fprintf(text, "\n```sh\n%s\n```\n", unindented(cmd.Example))
	}
	writeFlags(text, cmd)
	for _, sub := range documented(cmd) {
		writeReference(list, text, sub, depth+1)
	}
}

// markdown is a help text: its indented lines and its tables stay as they are.
func markdown(text string) string {
	var b strings.Builder
	block := false
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		indented := strings.HasPrefix(line, " ")
		if !indented && block && (line != "" || !continues(lines[i+1:])) {
			b.WriteString("```\n")
			block = false
			if line != "" {
				b.WriteString("\n")
			}
		}
		if indented && !block {
			if i > 0 && lines[i-1] != "" {
				b.WriteString("\n")
			}
			b.WriteString("```text\n")
			block = true
		}
		if !block {
			line = escape(line)
		}
		b.WriteString(line + "\n")
	}
	if block {
		b.WriteString("```\n")
	}
	return b.String()
}

// continues reports whether a block of indented lines goes on after an empty line.
func continues(rest []string) bool { return len(rest) > 0 && strings.HasPrefix(rest[0], " ") }

func unindented(text string) string {
	var lines []string
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		lines = append(lines, strings.TrimPrefix(strings.TrimRight(line, "\n"), "  "))
	}
	return strings.Join(lines, "\n")
}

func writeFlags(b *strings.Builder, cmd *cobra.Command) {
	rows := 0
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if rows++; rows == 1 {
			b.WriteString("\n| flag | |\n|---|---|\n")
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			name += " " + value
		}
		if hasDefault(f) {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", strings.ReplaceAll(name, "|", `\|`), escape(strings.ReplaceAll(usage, "\n", " ")))
	})
}

var meaning = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "`", "\\`")

// escape writes a line so that Markdown shows it as it is.
func escape(s string) string { return meaning.Replace(s) }
