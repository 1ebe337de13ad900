package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// TestCrash runs the commands of the documentation.
func TestCrash(t *testing.T) {
	address := postgrestest.Schema(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "outbox.exe")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	shop := func(args ...string) string {
		cmd := exec.Command(program, append([]string{"-key", filepath.Join(dir, "key")}, args...)...)
		cmd.Env = append(os.Environ(), "SHOP_DATABASE="+address)
		out, err := cmd.CombinedOutput()
		if len(args) < 5 {
			require.NoError(t, err, "%s", out)
		} else {
			require.Error(t, err, "it crashes")
		}
		return string(out)
	}
	assert.Contains(t, shop("-order", "1042", "-to", "+306900000001"), "order 1042 text accepted")
	assert.Contains(t, shop("-order", "1043", "-to", "+306900000001", "-crash", "before"), "crashed before the commit")
	assert.Contains(t, shop("-order", "1044", "-to", "+306900000001", "-crash", "after"), "crashed after the commit")
	assert.Contains(t, shop("-order", "1045", "-to", "+306900000001", "-crash", "never"), `-crash "never"; want before or after`)
	assert.Equal(t, "order 1042 text accepted\norder 1044 text accepted\n", shop())
}
