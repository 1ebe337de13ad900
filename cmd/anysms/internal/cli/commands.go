package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/provider/suggest"
)

// ShowHelp runs a command that only groups others.
func ShowHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// Parent returns a command that only groups others.
func Parent(name, group, short, long string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, GroupID: group, Short: short, Long: long, Args: Subcommand, RunE: ShowHelp}
	cmd.AddCommand(children...)
	return cmd
}

// Subcommand rejects the arguments of a command that only groups others: the first
// is a subcommand that does not exist.
func Subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	name := args[0]
	if cmd.HasParent() {
		_, path, _ := strings.Cut(cmd.CommandPath(), " ")
		name = path + " " + name
	}
	names := subcommands(cmd)
	if len(names) == 0 {
		return fmt.Errorf("unknown command %q; %s has no subcommands", name, cmd.CommandPath())
	}
	return fmt.Errorf("unknown command %q%s; want %s", name, suggest.DidYouMean(args[0], names), or(names))
}

func subcommands(cmd *cobra.Command) (names []string) {
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// Complete adds the commands help and completion, which reject what they do not
// know. It must come after all other commands.
func Complete(root *cobra.Command) {
	root.SetHelpCommand(&cobra.Command{
		Use:     "help [COMMAND]…",
		GroupID: GroupSetUp,
		Short:   "Show the help of a command",
		Args:    func(_ *cobra.Command, args []string) error { _, err := find(root, args); return err },
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, err := find(root, args)
			if err != nil {
				return err
			}
			cmd.InitDefaultHelpFlag() // which is added when a command runs
			return cmd.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			cmd, err := find(root, args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return subcommands(cmd), cobra.ShellCompDirectiveNoFileComp
		},
	})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Args, cmd.RunE = Subcommand, ShowHelp
		}
	}
}

// find returns the command that the names lead to.
func find(root *cobra.Command, names []string) (*cobra.Command, error) {
	cmd := root
	for i, name := range names {
		next, _, err := cmd.Find([]string{name})
		if err != nil || next == cmd {
			return nil, Subcommand(cmd, names[i:])
		}
		cmd = next
	}
	return cmd, nil
}
