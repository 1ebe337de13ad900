package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/setup"
	"github.com/anysms/anysms/conformance/golden"
)

const readmePath = "README.md" // from the root of the project

// readmeBlock compares the text between a marker and its end in the README, or
// replaces it with -update.
func readmeBlock(t *testing.T, marker, end string, replace func(old string) string) {
	t.Helper()
	documentBlock(t, readmePath, marker, end, replace)
}

// documentBlock is readmeBlock for any document.
func documentBlock(t *testing.T, path, marker, end string, replace func(old string) string) {
	t.Helper()
	document, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(document), "<!-- "+marker+" -->\n")
	require.True(t, ok, "%s has no marker %q", path, marker)
	old, after, ok := strings.Cut(rest, end)
	require.True(t, ok, "%s: %q has no end", path, marker)
	fresh := replace(old)
	if golden.Update() {
		require.NoError(t, os.WriteFile(path, []byte(before+"<!-- "+marker+" -->\n"+fresh+end+after), 0o644))
		return
	}
	assert.Equal(t, old, fresh, "run the tests with -update to rewrite it")
}

func atRoot(t *testing.T) {
	t.Helper()
	t.Chdir("../..")
}

// TestReadmeProgram checks that the README's program is the one that the tests of the
// examples compile and run.
func TestReadmeProgram(t *testing.T) {
	atRoot(t)
	source, err := os.ReadFile("examples/quickstart/main.go")
	require.NoError(t, err)
	readmeBlock(t, "examples/quickstart/main.go", "```\n\n", func(string) string { return "```go\n" + string(source) })
}

// TestReadmeReports checks that the README's lines on delivery reports are those of
// the example.
func TestReadmeReports(t *testing.T) {
	atRoot(t)
	source, err := os.ReadFile("examples/reports/main.go")
	require.NoError(t, err)
	readmeBlock(t, "examples/reports/main.go", "```\n\n", func(old string) string {
		lines := strings.TrimPrefix(old, "```go\n")
		assert.Contains(t, string(source), lines)
		return old
	})
}

// secretsOfTheExample are the variables that examples/anysms.example.yaml names.
var secretsOfTheExample = []string{"APIFON_TOKEN", "APIFON_SECRET", "PHONIFY_API_KEY"}

// unsetenv removes variables for the test.
func unsetenv(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		t.Setenv(name, "") // restores it at the end
		require.NoError(t, os.Unsetenv(name))
	}
}

// TestReadmeSession runs the commands of the README's session as a newcomer does:
// without secrets in the environment.
func TestReadmeSession(t *testing.T) {
	atRoot(t)
	unsetenv(t, append(secretsOfTheExample, cli.ConfigEnv)...)
	readmeBlock(t, "session", "```\n\n", func(old string) string { return replay(t, old) })
}

// TestCampaignSession runs those of docs/campaigns.md, on a copy of the example's files.
func TestCampaignSession(t *testing.T) {
	unsetenv(t, cli.ConfigEnv)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../examples/spreadsheet")))
	page, err := filepath.Abs("../../docs/campaigns.md")
	require.NoError(t, err)
	t.Chdir(dir)
	lines := regexp.MustCompile(`(?m)(?:^line [0-9]+: (?:accepted|refused).*\n)+`)
	id := regexp.MustCompile(`(?m)^line ([0-9]+)(.* id m)[0-9]+`)
	documentBlock(t, page, "session", "```\n\n", func(old string) string {
		return lines.ReplaceAllStringFunc(id.ReplaceAllString(replay(t, old), "line $1$2$1"), func(sent string) string {
			sorted := strings.SplitAfter(strings.TrimSuffix(sent, "\n"), "\n") // they end in any order
			sorted[len(sorted)-1] += "\n"
			slices.Sort(sorted)
			return strings.Join(sorted, "")
		})
	})
}

// replay runs the commands of a session, and returns it with what they print now.
func replay(t *testing.T, old string) string {
	t.Helper()
	fresh := "```console\n"
	var got outcome
	for line := range strings.Lines(old) {
		command, ok := strings.CutPrefix(line, "$ anysms ")
		if ok {
			got = anysms(t, words(command)...)
			if !strings.HasSuffix(fresh, "console\n") {
				fresh += "\n"
			}
			fresh += line + durations.ReplaceAllString(got.stdout, "${1}1ms") + got.stderr
		}
		if line == "$ echo $?\n" {
			fresh += fmt.Sprintf("%s%d\n", line, got.code)
		}
	}
	return fresh
}

// durations are the times that attempts took.
var durations = regexp.MustCompile(`(accepted +|not_sent +|unknown +)[0-9.]+[a-zµ]+`)

var quoted = regexp.MustCompile(`"[^"]*"|\S+`)

// words splits a command line like a shell, as far as the README needs it.
func words(line string) []string {
	all := quoted.FindAllString(line, -1)
	for i, word := range all {
		all[i] = strings.Trim(word, `"`)
	}
	return all
}

// inReadmeDemo checks that every line of the README's demo is a line of the real one,
// except for numbers.
func inReadmeDemo(t *testing.T, played string) {
	t.Helper()
	readme, err := os.ReadFile(readmePath)
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(readme), "<!-- demo -->\n```text\n")
	require.True(t, ok)
	excerpt, _, ok := strings.Cut(rest, "```\n")
	require.True(t, ok)
	played = withoutNumbers(played)
	for line := range strings.Lines(excerpt) {
		assert.Contains(t, played, withoutNumbers(line))
	}
}

var numbers = regexp.MustCompile(` *\b[0-9.]+`)

func withoutNumbers(s string) string { return numbers.ReplaceAllString(s, " N") }

// driverSamples are minimal settings of the drivers. The capabilities of a driver
// without a sample depend on its settings.
var driverSamples = map[string]string{
	"apifon":      `{"token":"t","secret":"s","sender":"Example"}`,
	"memory":      `{}`,
	"phonify":     `{"api_key":"k"}`,
	"zoomconnect": `{"email":"user@shop.example","token":"t"}`,
}

// TestReadmeDrivers checks the table of the drivers and their capabilities.
func TestReadmeDrivers(t *testing.T) {
	atRoot(t)
	table := "| driver | what | limits | can |\n|---|---|---|---|\n"
	for _, name := range cli.Registry().Names() {
		d, err := cli.Registry().Driver(name)
		require.NoError(t, err)
		limit, features := "-", "depends on its settings"
		if sample, ok := driverSamples[name]; ok {
			p, err := d.Open(t.Context(), json.RawMessage(sample))
			require.NoError(t, err)
			limit, features = setup.Limits(p.Capabilities()), strings.Join(p.Capabilities().Features.Names(), ", ")
		}
		table += fmt.Sprintf("| [%s](drivers/%s) | %s | %s | %s |\n", name, name, d.Doc, limit, features)
	}
	readmeBlock(t, "drivers", "<!-- end -->", func(string) string { return table })
}

// TestReadmeCounts checks how many vendors the README says that there are.
func TestReadmeCounts(t *testing.T) {
	atRoot(t)
	readme, err := os.ReadFile(readmePath)
	require.NoError(t, err)
	recipes, err := filepath.Glob("drivers/rest/recipes/*.yaml")
	require.NoError(t, err)
	drivers := slices.DeleteFunc(cli.Registry().Names(), func(name string) bool {
		return slices.Contains([]string{"memory", "plugin", "rest", "smpp"}, name) // of no vendor
	})
	assert.Contains(t, string(readme), fmt.Sprintf("| SMS vendors in the tree | %d and %d recipes |", len(drivers), len(recipes)))
	assert.Contains(t, string(readme), fmt.Sprintf("recipes for %d vendors", len(recipes)))
}

// TestExampleConfiguration checks that the example is valid, and that missing secrets
// are reported.
func TestExampleConfiguration(t *testing.T) {
	atRoot(t)
	unsetenv(t, secretsOfTheExample...)
	check := []string{"config", "check", "--config", "examples/anysms.example.yaml"}
	got := anysms(t, check...)
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "APIFON_TOKEN is not set")

	got = anysms(t, append(check, "--allow-unset")...)
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "is valid: 2 providers, 3 routes\n")
	got = anysms(t, "config", "check", "--config", "examples/hooks/anysms.yaml", "--allow-unset")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "warning: the environment variable SUPABASE_HOOK_SECRET is not set\n")
	got = anysms(t, "config", "check", "--config", "examples/anysms.example.yaml", "--allow-unset")
	for _, name := range secretsOfTheExample {
		assert.Contains(t, got.stdout, "warning: the environment variable "+name+" is not set\n")
	}

	message := []string{"--config", "examples/anysms.example.yaml", "--to", number, "--text", "Hello"}
	for _, offline := range [][]string{
		append([]string{"send", "--dry-run"}, message...), append([]string{"route", "explain"}, message...), {"providers", message[0], message[1]},
	} {
		got = anysms(t, offline...)
		assert.Equal(t, cli.ExitDone, got.code, got.stderr)
		assert.Contains(t, got.stderr, "warning: environment variables not set, a real send would fail: APIFON_TOKEN, APIFON_SECRET, PHONIFY_API_KEY\n")
	}
	got = anysms(t, append([]string{"send"}, message...)...)
	assert.Equal(t, cli.ExitUsage, got.code, "nothing is sent without the secrets")
	assert.Contains(t, got.stderr, "APIFON_TOKEN is not set")

	for _, name := range secretsOfTheExample {
		t.Setenv(name, "for-the-test")
	}
	got = anysms(t, "config", "check", "--config", "examples/anysms.example.yaml", "--format", "json")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.JSONEq(t, `{"path":"examples/anysms.example.yaml","providers":2,"routes":3,"warnings":[]}`, got.stdout)
}
