package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCrash runs the commands of the documentation.
func TestCrash(t *testing.T) {
	server := os.Getenv("ANYSMS_POSTGRES")
	if server == "" {
		t.Skip("ANYSMS_POSTGRES names no server; .ci/run postgres starts one")
	}
	schema := fmt.Sprintf("outbox_%d", time.Now().UnixNano())
	conn, err := pgx.Connect(t.Context(), server)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	require.NoError(t, conn.Close(context.Background()))
	u, err := url.Parse(server)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()

	dir := t.TempDir()
	program := filepath.Join(dir, "outbox.exe")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	shop := func(args ...string) string {
		cmd := exec.Command(program, append([]string{"-key", filepath.Join(dir, "key")}, args...)...)
		cmd.Env = append(os.Environ(), "SHOP_DATABASE="+u.String())
		out, err := cmd.CombinedOutput()
		if len(args) < 5 {
			require.NoError(t, err, "%s", out)
		} else {
			require.Error(t, err, "it crashes")
		}
		return string(out)
	}
	assert.Contains(t, shop("-order", "1042", "-to", "+306900000001"), "order 1042 text accepted")
	shop("-order", "1043", "-to", "+306900000001", "-crash", "before")
	shop("-order", "1044", "-to", "+306900000001", "-crash", "after")
	assert.Equal(t, "order 1042 text accepted\norder 1044 text accepted\n", shop())
}
