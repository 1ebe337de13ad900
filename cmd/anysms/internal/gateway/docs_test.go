package gateway_test

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/router/config"
)

var httpBlock = regexp.MustCompile("(?s)```http\n(\\w+) ([^\n]+)\n(.*?)→ (\\d+)\n```")

// TestDocs makes the requests of docs/gateway.md, and reads its configuration.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/gateway.md")
	require.NoError(t, err)
	l := open(t, "{}")
	blocks := httpBlock.FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 6)
	for _, b := range blocks {
		var header []string
		rest := b[3]
		if name, value, found := strings.Cut(firstLine(rest), ": "); found && !strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, "[") {
			header, rest = []string{name, value}, rest[len(firstLine(rest))+1:]
		}
		a := l.call("", b[1], b[2], strings.TrimSpace(rest), header...)
		assert.Equal(t, b[4], strconv.Itoa(a.status), "%s %s: %s", b[1], b[2], a.body)
	}
	a := l.call("", "POST", "/v1/messages", `{"to": "+306900000001", "text": "Hello", "tga": "orders"}`)
	assert.Contains(t, strings.ReplaceAll(string(page), "\n ", ""), strings.TrimSpace(string(a.body)), "the problem that is shown")

	_, yaml, found := strings.Cut(string(page), "<!-- gateway configuration -->\n```yaml\n")
	require.True(t, found)
	yaml, _, _ = strings.Cut(yaml, "```")
	var serve settings.Serve
	opts := &config.Options{Serve: &serve, Getenv: func(string) (string, bool) { return strings.Repeat("k", 40), true }}
	conf, err := config.Read(t.Context(), bytes.NewBufferString(yaml), "anysms.yaml", ".", builtin.Registry(), opts)
	require.NoError(t, err)
	require.NoError(t, conf.Close())
	assert.Len(t, serve.Keys, 2)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
