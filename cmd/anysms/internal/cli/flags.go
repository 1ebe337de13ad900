package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/anysms/anysms/provider/suggest"
)

// OneOf is a flag that takes one of some words.
type OneOf struct {
	Value string // "" = not given
	Words []string
}

// AddTo adds the flag and completes its words.
func (o *OneOf) AddTo(cmd *cobra.Command, name, usage string) {
	cmd.Flags().Var(o, name, usage)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(o.Words, cobra.ShellCompDirectiveNoFileComp)) // the flag was just defined
}

func (o *OneOf) String() string { return o.Value }

// Type is what the help shows as the flag's value.
func (o *OneOf) Type() string { return strings.Join(o.Words, "|") }

// Set takes the word that was given.
func (o *OneOf) Set(s string) error {
	if !slices.Contains(o.Words, s) {
		return fmt.Errorf("want %s", or(o.Words))
	}
	o.Value = s
	return nil
}

// or lists words as alternatives: "a, b or c".
func or(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Format is the flag --format.
type Format struct{ OneOf }

// AddTo adds the flag. The default is text.
func (f *Format) AddTo(cmd *cobra.Command) {
	f.OneOf = OneOf{Value: "text", Words: []string{"text", "json"}}
	f.OneOf.AddTo(cmd, "format", "text for people, json for programs")
}

// JSON reports whether the output is JSON.
func (f *Format) JSON() bool { return f.Value == "json" }

// PointToHelp makes cmd and its subcommands end an error about arguments with
// where their help is.
func PointToHelp(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			return seeHelp(cmd, plainly(cmd, args, check(cmd, args)))
		}
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return seeHelp(cmd, plainNumber(suggestFlag(cmd, err))) })
	for _, sub := range cmd.Commands() {
		PointToHelp(sub)
	}
}

// plainly replaces errors about arguments that only programmers understand.
func plainly(cmd *cobra.Command, args []string, err error) error {
	switch {
	case err == nil:
		return nil
	case strings.HasPrefix(err.Error(), "unknown command") && strings.HasSuffix(err.Error(), fmt.Sprintf(" for %q", cmd.CommandPath())):
		return fmt.Errorf("unexpected argument %q; usage: %s", args[0], cmd.UseLine())
	case strings.HasPrefix(err.Error(), "accepts "), strings.HasPrefix(err.Error(), "requires at least"):
		return fmt.Errorf("got %s; usage: %s", Plural(len(args), "argument"), cmd.UseLine())
	}
	return err
}

// suggestFlag adds the flag that was probably meant to the error for an unknown one.
func suggestFlag(cmd *cobra.Command, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !unknown {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return fmt.Errorf("%w%s", err, suggest.DidYouMean("--"+name, names))
}

// plainNumber replaces the error about a number that only programmers understand.
func plainNumber(err error) error {
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err
	}
	name, value := "--"+invalid.GetFlag().Name, invalid.GetValue()
	switch {
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("%s: the number %s is too large or too small", name, value)
	case errors.Is(err, strconv.ErrSyntax):
		return fmt.Errorf("%s: %q is not a number", name, value)
	}
	return err
}

func seeHelp(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help")
}

// AtMostOne returns an error if more than one of the flags is given.
func AtMostOne(cmd *cobra.Command, names ...string) error {
	var given, all []string
	for _, name := range names {
		all = append(all, "--"+name)
		if cmd.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	if len(given) < 2 {
		return nil
	}
	return fmt.Errorf("got %s; want only one of %s", strings.Join(given, " and "), strings.Join(all, ", "))
}
