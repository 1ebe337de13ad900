package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDockerfile checks what can be checked of examples/gateway/Dockerfile without
// building it: what it copies exists, its images are pinned to a version, the program is
// built as the release is, and it does not run as root.
func TestDockerfile(t *testing.T) {
	content, err := os.ReadFile("gateway/Dockerfile")
	require.NoError(t, err)
	text := strings.ReplaceAll(string(content), "\\\n", " ")
	user, stages := "", map[string]bool{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "FROM":
			assert.Regexp(t, `^[^:@]+(:[^:@]+|@sha256:[0-9a-f]{64})$`, words[1], "an image without a version")
			assert.NotContains(t, words[1], ":latest")
			if len(words) == 4 {
				stages[words[3]] = true
			}
			user = ""
		case "USER":
			user = words[1]
		case "COPY":
			copied(t, words[1:], stages)
		}
	}
	assert.NotEmpty(t, user)
	assert.NotContains(t, []string{"root", "0"}, user)

	release, err := os.ReadFile("../.goreleaser.yaml")
	require.NoError(t, err)
	flags := regexp.MustCompile(`ldflags: \[(.+)\]`).FindSubmatch(release)
	require.NotNil(t, flags)
	assert.Contains(t, text, `-ldflags="`+string(flags[1])+`"`)
	tags := regexp.MustCompile(`tags: \[(.+)\]`).FindSubmatch(release)
	require.NotNil(t, tags)
	assert.Contains(t, text, "-tags="+string(tags[1])+" ")
	for _, same := range []string{"-trimpath", "CGO_ENABLED=0", "./cmd/anysms"} {
		assert.Contains(t, string(release), same)
		assert.Contains(t, text, same)
	}
	mod, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	require.NotNil(t, version)
	assert.Contains(t, text, "FROM golang:"+string(version[1]), "the Go of go.mod")
}

// copied checks the sources of a COPY.
func copied(t *testing.T, words []string, stages map[string]bool) {
	t.Helper()
	for _, source := range words[:len(words)-1] {
		if from, ok := strings.CutPrefix(source, "--from="); ok {
			assert.True(t, stages[from], "there is no stage %s", from)
			return
		}
		if strings.HasPrefix(source, "--") {
			continue
		}
		found, err := filepath.Glob(filepath.Join("..", source))
		require.NoError(t, err)
		assert.NotEmpty(t, found, "COPY %s", source)
	}
}
