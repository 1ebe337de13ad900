package config_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

func readQueue(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	text = "providers: {a: {driver: memory}}\n" + text
	return config.Read(t.Context(), strings.NewReader(text), "anysms.yaml", t.TempDir(), registry(t, nil), nil)
}

func TestQueue(t *testing.T) {
	c, err := readQueue(t, "database: a.db\nqueue: {give_up_after: {otp: 2m}, workers: {marketing: 8}}\n")
	require.NoError(t, err)
	assert.Equal(t, map[provider.Class]config.Lane{
		provider.OTP: {GiveUpAfter: 2 * time.Minute}, provider.Transactional: {}, provider.Marketing: {Workers: 8},
	}, c.Queue)
	for text, want := range map[string]string{
		"queue: {workers: {otp: 1}}\n":                             "queue: has no effect without database",
		"database: a.db\nqueue: {workers: {otp: 0}}\n":             "anysms.yaml:3: queue.workers.otp: 0; want more than 0",
		"database: a.db\nqueue: {give_up_after: {marketing: -1s}}": "queue.give_up_after.marketing: -1s; want more than 0",
		"database: a.db\nqueue: {give_up_after: {opt: 1s}}\n":      `unknown key (did you mean "otp"?)`,
	} {
		_, err := readQueue(t, text)
		assert.ErrorContains(t, err, want)
	}
}

// The page names the defaults, which package queue's own tests hold.
func TestDocumentedQueue(t *testing.T) {
	source, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	_, block, found := strings.Cut(string(source), "```yaml\nqueue:")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	c, err := readQueue(t, "database: a.db\nqueue:"+block)
	require.NoError(t, err)
	assert.Equal(t, map[provider.Class]config.Lane{
		provider.OTP: {Workers: 64, GiveUpAfter: 5 * time.Minute}, provider.Transactional: {Workers: 64, GiveUpAfter: 24 * time.Hour},
		provider.Marketing: {Workers: 64, GiveUpAfter: 72 * time.Hour},
	}, c.Queue)
}
