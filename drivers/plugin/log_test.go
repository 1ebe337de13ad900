package plugin_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/plugin"
)

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *syncBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func TestFloodOfOutput(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	c := config(t, "odd", `{"token": "k3y-of-acme", "banner": "hello from the plugin\n"}`)
	c.Logger = log.logger()
	p, err := plugin.New(c)
	require.NoError(t, err)
	require.Equal(t, "ok", ask(t, p, "flood"), "a plugin that writes too much is not blocked")
	require.Equal(t, "ok", ask(t, p, "long"))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "token is [redacted]") }, time.Minute, 5*time.Millisecond)
	require.NoError(t, p.Close())

	text := log.String()
	assert.Contains(t, text, "hello from the plugin")
	assert.Contains(t, text, "token is [redacted], to +***")
	assert.NotContains(t, text, "k3y-of-acme")
	assert.NotContains(t, text, "306900000001")
	assert.Less(t, strings.Count(text, "\n"), 50_000, "lines are dropped")
	for line := range strings.SplitSeq(text, "\n") {
		assert.Less(t, len(line), 8<<10, "lines are cut")
	}
}

func TestPanicIsOneCalls(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	c := config(t, "odd", `{}`)
	c.Logger = log.logger()
	p := open(t, c)
	pid := pidOf(t, p)
	_, err := send(p, "panic")
	require.EqualError(t, err, "indeterminate: the driver panicked")
	require.Equal(t, pid, pidOf(t, p), "the process lives on")
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "panic: at the vendor's") }, time.Minute, 5*time.Millisecond)
}
