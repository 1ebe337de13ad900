package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/demo"
)

func TestDemo(t *testing.T) {
	atRoot(t)
	got := anysms(t, "demo", "--pace", "5ms", "--format", "json")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	var l demo.Ledger
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &l))
	assert.Equal(t, 254, l.Messages)
	assert.Equal(t, 254, l.Accepted+l.Refused+l.NotSent+l.Unknown)
	assert.Equal(t, 3, l.Refused)
	assert.Zero(t, l.NotSent, "messages that were not sent were sent again")
	assert.Zero(t, l.Lost)
	assert.Zero(t, l.SilentDuplicates)
	assert.Zero(t, l.Denied)
	assert.Zero(t, l.Strays)
	assert.Positive(t, l.Unknown, "the first vendor accepted messages without a reply")
	assert.Equal(t, l.Unknown, l.UnknownHeld, "it did accept them")
	assert.Positive(t, l.AnnouncedDuplicates)
	assert.Greater(t, l.AtVendors[demo.Second], 20)
	for _, want := range []string{"closed → open", "half-open → closed", "failover to usa", "perhaps sent twice", "lost 0"} {
		assert.Contains(t, got.stderr, want)
	}
	assert.NotContains(t, got.stderr, "\x1b", "no control sequences without a terminal")
	inReadmeDemo(t, got.stderr)
}

func TestDemoStopsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var errOut bytes.Buffer
	out := &reacting{to: "Both vendors work", then: cancel}
	code := run(ctx, []string{"demo", "--pace", "5ms"}, strings.NewReader(""), out, &errOut)
	assert.Equal(t, cli.ExitRefused, code)
	assert.Contains(t, out.String(), "Results so far, compared with what the vendors received")
	assert.Contains(t, out.String(), "lost 0   silent duplicates 0")
	assert.Contains(t, errOut.String(), "interrupted")
}
