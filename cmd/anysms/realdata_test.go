package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// TestRealMessages analyses 5,574 real messages, whose quotes are not balanced.
func TestRealMessages(t *testing.T) {
	dir := os.Getenv("ANYSMS_DATA")
	if dir == "" {
		t.Skip("ANYSMS_DATA is not set")
	}
	file := filepath.Join(dir, "sms-spam-collection.tsv")
	got := anysms(t, "analyse", "--file", file, "--text-column", "SMS", "--format", "json")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	var totals struct {
		Rows        int `json:"rows"`
		Messages    int `json:"messages"`
		InvalidRows int `json:"invalid_rows"`
		Segments    int `json:"segments"`
		ByEncoding  map[string]struct {
			Messages, Segments int
		} `json:"by_encoding"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &totals))
	assert.Equal(t, 5574, totals.Rows)
	assert.Equal(t, 5574, totals.Messages)
	assert.Zero(t, totals.InvalidRows)
	assert.Equal(t, 5995, totals.Segments)
	assert.Equal(t, 5574, totals.ByEncoding["gsm7"].Messages+totals.ByEncoding["ucs2"].Messages)
	assert.Equal(t, 5995, totals.ByEncoding["gsm7"].Segments+totals.ByEncoding["ucs2"].Segments)
}
