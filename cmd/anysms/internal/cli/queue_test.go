package cli_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/queue"
)

// The queue has the lanes of the configuration, and defaults for the rest.
func TestQueueOfTheConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`providers: {fake: {driver: memory}}
database: anysms.db
queue: {give_up_after: {otp: 2m}, workers: {otp: 3}}
`), 0o600))
	flag := cli.ConfigFlag{Path: path}
	conf, err := flag.Load(t.Context())
	require.NoError(t, err)
	defer func() { assert.NoError(t, conf.Close()) }()
	l, err := cli.OpenLedger(t.Context(), conf)
	require.NoError(t, err)
	defer func() { assert.NoError(t, l.Close()) }()
	q, done, err := cli.OpenQueue(t.Context(), conf, l, conf.Router(), queue.Options{})
	require.NoError(t, err)
	defer done()
	assert.Equal(t, queue.Lane{Workers: 3, GiveUpAfter: 2 * time.Minute}, q.Lane(provider.OTP))
	assert.Equal(t, queue.Lane{Workers: 64, GiveUpAfter: 24 * time.Hour}, q.Lane(provider.Transactional))
}
