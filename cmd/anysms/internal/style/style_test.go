package style_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/style"
)

func TestColourOnlyOnATerminalThatWantsIt(t *testing.T) {
	var buffer bytes.Buffer
	assert.Equal(t, "x", style.For(&buffer).Bad("x"))
	assert.False(t, style.IsTerminal(&buffer))

	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	assert.Equal(t, "x", style.For(file).Bad("x"))

	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminal here")
	}
	defer terminal.Close()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	assert.Equal(t, "\x1b[31mx\x1b[0m", style.For(terminal).Bad("x"))
	assert.Empty(t, style.For(terminal).Bad(""))
	t.Setenv("NO_COLOR", "1")
	assert.Equal(t, "x", style.For(terminal).Bad("x"))
	assert.True(t, style.IsTerminal(terminal))
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	assert.Equal(t, "x", style.For(terminal).Bad("x"))
	assert.False(t, style.IsTerminal(terminal))
}
