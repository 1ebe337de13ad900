// Package examples_test builds the examples and runs them against fake vendors.
package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// build builds the examples that are run as they are into a directory.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	compile(t, dir, "./campaign", "./driver", "./failover", "./fromconfig", "./machines", "./otp", "./smpp", "./twovendors", "./webhooks")
	return dir
}

func compile(t *testing.T, to string, sources ...string) {
	t.Helper()
	args := append([]string{"build", "-ldflags=-s -w", "-o", to}, sources...)
	out, err := exec.Command("go", args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// pointAt builds a program whose vendors are replaced by fakes.
func pointAt(t *testing.T, source, apifonURL, phonifyURL string) string {
	t.Helper()
	code, err := os.ReadFile(source)
	require.NoError(t, err)
	aimed := strings.NewReplacer(
		"apifon.Config{", fmt.Sprintf("apifon.Config{Config: httpcall.Config{BaseURL: %q}, ", apifonURL),
		"phonify.Config{", fmt.Sprintf("phonify.Config{Config: httpcall.Config{BaseURL: %q}, ", phonifyURL),
		`/provider/e164"`, "/provider/e164\"\n\t\"github.com/anysms/anysms/provider/httpcall\"",
	).Replace(string(code))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(aimed), 0o600))
	program := filepath.Join(dir, "program.exe") // a name that every system runs
	compile(t, program, filepath.Join(dir, "main.go"))
	return program
}

func run(t *testing.T, stdin, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs, for this system and without the race detector")
	}
	bin := build(t)

	t.Run("quickstart", func(t *testing.T) {
		athens, usa := apifontest.NewServer(apifontest.Options{}), phonifytest.NewServer(phonifytest.Options{})
		defer athens.Close()
		defer usa.Close()
		t.Setenv("APIFON_TOKEN", apifontest.Token)
		t.Setenv("APIFON_SECRET", apifontest.Secret)
		t.Setenv("PHONIFY_API_KEY", phonifytest.APIKey)
		program := pointAt(t, "quickstart/main.go", athens.URL, usa.URL)
		assert.Contains(t, run(t, "", program), "accepted athens")
		require.NoError(t, athens.SetMode(httpcalltest.Down))
		assert.Contains(t, run(t, "", program), "accepted usa")
		assert.Equal(t, "Your table is ready", usa.Messages()[0].Text)
	})

	t.Run("twovendors", func(t *testing.T) {
		athens, usa := apifontest.NewServer(apifontest.Options{}), phonifytest.NewServer(phonifytest.Options{})
		defer athens.Close()
		defer usa.Close()
		t.Setenv("APIFON_URL", athens.URL)
		t.Setenv("APIFON_TOKEN", apifontest.Token)
		t.Setenv("APIFON_SECRET", apifontest.Secret)
		t.Setenv("PHONIFY_URL", usa.URL)
		t.Setenv("PHONIFY_API_KEY", phonifytest.APIKey)
		program := filepath.Join(bin, "twovendors")

		out := run(t, "", program, "+306971234567", "Your table is ready")
		assert.Contains(t, out, "accepted athens")
		require.Len(t, athens.Messages(), 1)
		assert.Equal(t, "Your table is ready", athens.Messages()[0].Text)

		require.NoError(t, athens.SetMode(httpcalltest.Down))
		out = run(t, "", program, "+306971234567", "Your table is ready")
		assert.Contains(t, out, "accepted usa")
		assert.Len(t, usa.Messages(), 1)

		require.NoError(t, athens.SetMode(httpcalltest.Drop))
		out = run(t, "", program, "+306971234567", "Your table is ready")
		assert.Contains(t, out, "a vendor may have accepted it")
		assert.Len(t, usa.Messages(), 1, "an unknown outcome is not sent again")
	})

	t.Run("smpp", func(t *testing.T) {
		out := run(t, "", filepath.Join(bin, "smpp"))
		assert.Equal(t, "accepted 1\nreport 1 delivered \ninbound   Thank you\n", out)
	})

	t.Run("otp", func(t *testing.T) {
		out := run(t, "no code\n4711\n", filepath.Join(bin, "otp"), "-config", "memory.yaml", "+306971234567")
		assert.Equal(t, "sent by fake\nwrong; tries left: 4\nwrong; tries left: 3\n", out)
	})

	t.Run("failover", func(t *testing.T) {
		out := run(t, "", filepath.Join(bin, "failover"))
		assert.Equal(t, []string{
			"accepted athens", "the vendors have 1 and 0 messages",
			"accepted usa", "the vendors have 1 and 1 messages",
			"unknown athens", "the vendors have 2 and 1 messages",
			"accepted usa, perhaps twice", "the vendors have 3 and 2 messages",
		}, indented(out))
	})

	t.Run("campaign", func(t *testing.T) {
		out := run(t, "", filepath.Join(bin, "campaign"))
		assert.Equal(t, 6, strings.Count(out, "accepted, sent now"))
		assert.Equal(t, 4, strings.Count(out, "accepted, was sent before"))
		assert.Contains(t, out, "the vendor has 6 messages\n")
	})

	t.Run("machines", func(t *testing.T) {
		out := run(t, "", filepath.Join(bin, "machines"))
		assert.Contains(t, out, "accepted m1, replayed false\n")
		assert.Contains(t, out, "accepted m1, replayed true\n")
		assert.Contains(t, out, "the vendor has 1 message\n")
	})

	t.Run("driver", func(t *testing.T) {
		out := run(t, "", filepath.Join(bin, "driver"))
		assert.Equal(t, "the vendor has: Hello from a driver of our own\naccepted ours a-1\n", out)
	})

	t.Run("webhooks and recipe", func(t *testing.T) {
		anysms := filepath.Join(bin, "anysms.exe")
		compile(t, anysms, "github.com/anysms/anysms/cmd/anysms")
		assert.Contains(t, run(t, "", filepath.Join(bin, "webhooks"), "-anysms", anysms), "message.accepted order-1042\n")
		assert.Contains(t, run(t, "", anysms, "recipe", "test", "recipe/acme.yaml"), "acme: conformant")
	})

	t.Run("fromconfig", func(t *testing.T) {
		out := run(t, "+306971234567\tHello\n+306971234568\tΚαλημέρα\n12\tno number\n", filepath.Join(bin, "fromconfig"), "memory.yaml")
		assert.Contains(t, out, "line 1: accepted fake")
		assert.Contains(t, out, "line 2: accepted fake")
		assert.Contains(t, out, "line 3: invalid_recipient")
	})
}

// indented are the lines that begin with a space, without it.
func indented(out string) (lines []string) {
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, " ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
