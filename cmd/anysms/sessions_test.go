package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance/golden"
)

// sessionFiles are in the directory of every session, beside the awkward files and
// the examples.
var sessionFiles = map[string]string{
	"anysms.yaml": "providers:\n  demo: {driver: memory, price: {amount: \"0.05\", currency: EUR}, max_segments: 1}\n  long: {driver: memory}\nrouter: {default_region: GR}\n",
	"lost.yaml":   "providers:\n  lost: {driver: memory, code: indeterminate}\nrouter: {default_region: GR}\n",
	"open.yaml":   "providers:\n  usa: {driver: phonify, api_key: written-here}\n",
	"hello.txt":   "Hello, Ann\n",
	"people.csv": "mobile;name;day\n6971234567;Ann;Monday\n6971234568;Bob;Tuesday\n6971234567;Ann;Monday\n12;Eve;Friday\n" +
		"6971234569;Κώστας, που έχει ένα πολύ μακρύ όνομα και γι' αυτό το μήνυμα είναι μακρύ;Sunday\n",
	"one.csv":      "to,text\n+306971234567,Hello\n",
	"campaign.csv": "to,text\n+306971234567,It’s 5 € only\n+61491570156,Hello\n+27820000001,Hello\n+302101234567,Hello\n",
	"uk.csv":       "provider;country;price;currency\nathens;;0,09;EUR\nathens;UK;0,04;EUR\n",
	"europe.csv":   "Provider;Country;Price;Currency\nathens;;0,09;EUR\nathens;gb;0,04;EUR\n",
	"array.json":   `[{"to":"+306971234567","text":"Hello"}]`,
}

// Sessions are what people type and what they see: lines that begin with "$ " are the
// commands, those with "! " went to stderr.
func TestSessions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the sessions show the modes of files")
	}
	sessions, err := filepath.Glob("testdata/sessions/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, sessions)
	for _, path := range sessions {
		path, err := filepath.Abs(path)
		require.NoError(t, err)
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			script, err := os.ReadFile(path)
			require.NoError(t, err)
			awkward, err := os.ReadDir(awkwardDir)
			require.NoError(t, err)
			dir := t.TempDir()
			for _, f := range awkward {
				copyTo(t, dir, filepath.Join(awkwardDir, f.Name()))
			}
			copyTo(t, dir, "../../examples/rates.sample.csv")
			t.Chdir(dir)
			for name, content := range sessionFiles {
				require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
			}
			var played strings.Builder
			for line := range strings.Lines(string(script)) {
				if command, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "$ "); ok {
					play(t, &played, command)
				}
			}
			golden.Check(t, path, played.String())
		})
	}
}

func copyTo(t *testing.T, dir, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), content, 0o600))
}

// changing matches what differs between runs: times that are not in a help text or a
// file, and durations of attempts.
var changing = regexp.MustCompile(`\b20(?:2[4-9]|3[1-9])-[0-9]{2}-[0-9]{2}T[0-9:.]+Z|(?:accepted|unknown)  [0-9.]+(?:s|ms|µs)\b`)

// play runs a command as far as sessions need a shell: < and > with a file, and cat.
func play(t *testing.T, played *strings.Builder, command string) {
	t.Helper()
	args, in, to := []string(nil), "", ""
	all := words(command)
	for i := 0; i < len(all); i++ {
		switch all[i] {
		case "<":
			i++
			content, err := os.ReadFile(all[i])
			require.NoError(t, err)
			in = string(content)
		case ">":
			i++
			to = all[i]
		default:
			args = append(args, all[i])
		}
	}
	fmt.Fprintf(played, "$ %s\n", command)
	if args[0] == "cat" {
		content, err := os.ReadFile(args[1])
		require.NoError(t, err)
		played.WriteString(withoutTimes(string(content)))
		return
	}
	require.Equal(t, "anysms", args[0])
	var out, errOut bytes.Buffer
	code := run(t.Context(), args[1:], strings.NewReader(in), &out, &errOut)
	if to != "" {
		require.NoError(t, os.WriteFile(to, out.Bytes(), 0o600))
		out.Reset()
	}
	_, _ = io.WriteString(played, withoutTimes(out.String()))
	for line := range strings.Lines(withoutTimes(errOut.String())) {
		played.WriteString("! " + line)
	}
	if !strings.HasSuffix(played.String(), "\n") {
		played.WriteString("\n")
	}
	fmt.Fprintf(played, "exit code %d\n\n", code)
	assert.NotContains(t, played.String(), "\x1b")
}

func withoutTimes(s string) string { return changing.ReplaceAllString(s, "TIME") }
