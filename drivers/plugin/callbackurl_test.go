package plugin_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
)

// lockedLog is a log that may be read while it is written.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A plugin gives its vendor the callback URL with each message, also after a crash, and the
// secret in the URL is in no log and no error.
func TestCallbackURL(t *testing.T) {
	t.Parallel()
	const token = "vq7pj4zkx2wq8rtn"
	const first, second = "https://sms.example.com/callbacks/a/" + token, "https://sms.example.com/callbacks/a/another" + token
	log := new(lockedLog)
	c := config(t, "odd", `{"token": "0123456789"}`)
	c.Logger = slog.New(slog.NewTextHandler(log, nil))
	p := open(t, c)
	asked := func() string {
		m := message("callbacks")
		m.Attempt = "att_1"
		r, err := p.Send(t.Context(), m)
		require.NoError(t, err)
		return r.ID
	}
	assert.Equal(t, "none", asked())
	require.NoError(t, p.SetCallbackURL(first))
	assert.Equal(t, first+"?anysms_attempt=att_1", asked())
	require.NoError(t, p.SetCallbackURL(second))
	assert.Equal(t, second+"?anysms_attempt=att_1", asked())

	pid := pidOf(t, p)
	kill(t, pid)
	again(t, p, pid)
	assert.Equal(t, second+"?anysms_attempt=att_1", asked(), "after it was started again")

	err := p.SetCallbackURL("http://sms.example.com/callbacks/a/" + token)
	require.ErrorContains(t, err, "begins with http")
	assert.NotContains(t, err.Error(), token)
	require.NoError(t, p.Close())
	assert.Contains(t, log.String(), "reports go to")
	assert.NotContains(t, log.String(), token)
}

// What a plugin has against the URL is told as a driver would.
func TestCallbackURLIsNotTaken(t *testing.T) {
	t.Parallel()
	const address = "https://sms.example.com/callbacks/a/vq7pj4zkx2wq8rtn"
	err := open(t, config(t, "odd", `{}`)).SetCallbackURL(address)
	wrong, ok := errors.AsType[*provider.ConfigError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "token", wrong.Path)
	for _, program := range []string{"memory", "liar"} { // which has no such method; and which was made before there was one
		require.ErrorIs(t, open(t, config(t, program, `{}`)).SetCallbackURL(address), errors.ErrUnsupported, program)
	}
}
