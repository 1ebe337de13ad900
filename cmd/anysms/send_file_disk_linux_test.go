package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
)

// A disk that is full after the first kilobytes: what was sent is said, and what the
// journal does not know.
func TestSendFileOnAFullDisk(t *testing.T) {
	if args := os.Getenv("ANYSMS_TEST_FULL_DISK"); args != "" { // in a process of its own
		signal.Ignore(syscall.SIGXFSZ)
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4000, Max: 4000}))
		var out, errOut strings.Builder
		code := run(t.Context(), strings.Split(args, "\n"), strings.NewReader(""), &out, &errOut)
		fmt.Printf("%s---%s---%d---", out.String(), errOut.String(), code)
		return
	}
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	conf, rows, journal := bulkConfig(t, vendor.URL), manyRows(t, 40), filepath.Join(t.TempDir(), "j")
	args := []string{"send", "--config", conf, "--file", rows, "--journal", journal, "--format", "json"}
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestSendFileOnAFullDisk$")
	child.Env = append(os.Environ(), "ANYSMS_TEST_FULL_DISK="+strings.Join(args, "\n"))
	printed, err := child.CombinedOutput()
	require.NoError(t, err, string(printed))
	parts := strings.Split(string(printed), "---")
	require.GreaterOrEqual(t, len(parts), 3, string(printed))
	first := results(t, parts[0])
	require.Len(t, first, 40, "every row has its result")
	accepted := 0
	for _, r := range first {
		if r.Status == "accepted" {
			accepted++
		} else {
			assert.Equal(t, "not_sent", string(r.Status), "no intent, no attempt")
		}
	}
	assert.Len(t, vendor.Messages(), accepted)
	require.NotZero(t, accepted)

	// The next run, on a disk with room, knows how many it does not know.
	got := anysms(t, args...)
	missing, sent := 0, 40
	for line, r := range results(t, got.stdout) {
		if r.Status == "unknown" {
			missing++
			if first[line].Status != "accepted" {
				sent--
			}
		}
	}
	require.NotZero(t, missing, "the journal filled up between an intent and an outcome")
	assert.Equal(t, fmt.Sprint(cli.ExitUnknown), parts[2])
	assert.Contains(t, parts[1], fmt.Sprintf("lacks %s, of messages whose results are printed above", cli.Plural(missing, "outcome")))
	assert.Contains(t, parts[1], journal)
	assert.Len(t, vendor.Messages(), sent, "none twice")
}
