package cli

import (
	"os"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// CompleteProvider completes the flag provider with the names in the configuration.
func (c *ConfigFlag) CompleteProvider(cmd *cobra.Command) {
	complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return c.Providers(), cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc("provider", complete) // the command has the flag
}

// Providers are the names in the configuration, which is not checked: nothing is
// started to complete a word.
func (c *ConfigFlag) Providers() (names []string) {
	path, err := c.find()
	if err != nil {
		return nil
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var file struct {
		Providers yaml.Node `yaml:"providers"`
	}
	if yaml.Unmarshal(source, &file) != nil || file.Providers.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(file.Providers.Content); i += 2 {
		names = append(names, file.Providers.Content[i].Value)
	}
	return names
}
