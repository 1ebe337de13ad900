package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// reacting calls a function once a text has been written.
type reacting struct {
	bytes.Buffer
	to   string
	then func()
}

func (r *reacting) Write(p []byte) (int, error) {
	n, err := r.Buffer.Write(p)
	if r.then != nil && strings.Contains(r.String(), r.to) {
		r.then()
		r.then = nil
	}
	return n, err
}

func TestStatusWait(t *testing.T) {
	vendor := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer vendor.Close()
	conf := write(t, "anysms.yaml", fmt.Sprintf("providers:\n  cape: {driver: zoomconnect, email: %q, token: %q, base_url: %q}\n", zoomconnecttest.Email, zoomconnecttest.Token, vendor.URL))
	got := anysms(t, "send", "--config", conf, "--to", "+27820000001", "--text", "Hello")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	id := vendor.Messages()[0].ID
	args := []string{"status", "--config", conf, "--provider", "cape", "--wait", "--every", "1ms", "--format", "json", id}

	var out bytes.Buffer
	down := make(chan struct{})
	changes := &reacting{to: "  ", then: func() { // the first status
		require.NoError(t, vendor.SetMode(httpcalltest.Down)) // a failed request is tried again
		close(down)
	}}
	go func() {
		<-down
		vendor.SetStatus(id, zoomconnect.StatusDelivered)
		_ = vendor.SetMode(httpcalltest.Up)
	}()
	code := run(t.Context(), args, strings.NewReader(""), &out, changes)
	assert.Equal(t, cli.ExitDone, code, changes.String())
	assert.Contains(t, out.String(), `"status":"delivered","final":true`)
	assert.Equal(t, 1, strings.Count(out.String(), "\n"), "one status, the last")
}

// What was known when the waiting ended is printed.
func TestStatusWaitEnds(t *testing.T) {
	v := startVendors(t)
	result, _ := v.send(t, "Hello", "--provider", "usa")
	args := []string{"status", "--config", v.config, "--provider", "usa", "--wait", "--every", "1ms", result.ID}

	var got outcome
	for timeout := 50 * time.Millisecond; timeout < time.Minute; timeout *= 8 { // a slow machine has no status in the first
		got = anysms(t, append(args, "--timeout", timeout.String())...)
		assert.Equal(t, cli.ExitRefused, got.code)
		if got.stdout != "" {
			assert.Contains(t, got.stderr, "usa: the status is not final after "+timeout.String())
			break
		}
		assert.Contains(t, got.stderr, "usa: no status within "+timeout.String())
	}
	assert.Contains(t, got.stdout, "accepted (vendor status")

	ctx, interrupt := context.WithCancel(t.Context())
	var out bytes.Buffer
	changes := &reacting{to: "accepted", then: interrupt}
	code := run(ctx, args, strings.NewReader(""), &out, changes)
	assert.Equal(t, cli.ExitRefused, code)
	assert.Contains(t, out.String(), "accepted (vendor status")
	assert.Contains(t, changes.String(), "interrupted; the status is not final")

	require.True(t, v.usa.SetState(result.ID, "error"))
	got = anysms(t, args...)
	assert.Equal(t, cli.ExitRefused, got.code, "it was not delivered")
	assert.Contains(t, got.stdout, "undelivered")

	got = anysms(t, "status", "--config", v.config, "--provider", "usa", "--wait", "--every", "1ms", "ch_no_such")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stderr, "usa: rejected")

	for want, flags := range map[string][]string{"--every needs --wait": {"--every", "1s"}, "--timeout 0s; want a positive": {"--wait", "--timeout", "0"}} {
		got = anysms(t, append([]string{"status", "--config", v.config, "--provider", "usa", "x"}, flags...)...)
		assert.Equal(t, cli.ExitUsage, got.code)
		assert.Contains(t, got.stderr, want)
	}
}

// In JSON a failure is data: programs read it from stdout.
func TestFailuresInJSON(t *testing.T) {
	v := startVendors(t)
	for _, test := range []struct {
		args    []string
		code    string
		message string
	}{
		{[]string{"status", "--provider", "usa", "ch_no_such"}, "rejected", "ch_no_such"},
		{[]string{"status", "--provider", "usa", "--wait", "ch_no_such"}, "rejected", "ch_no_such"},
		{[]string{"cancel", "--provider", "usa", "ch_1"}, "unsupported", "not available from this provider"},
		{[]string{"cancel", "--provider", "athens", "no-such-id"}, "rejected", ""},
		{[]string{"otp", "start", "--provider", "usa", "--to", number}, "unsupported", "not available from this provider"},
	} {
		got := anysms(t, append(test.args, "--config", v.config, "--format", "json")...)
		assert.Equal(t, cli.ExitRefused, got.code, test.args)
		assert.Empty(t, got.stderr, test.args)
		var failed struct{ ID, Provider, Code, Message string }
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &failed), got.stdout)
		assert.Equal(t, test.code, failed.Code, test.args)
		if test.args[0] != "otp" {
			assert.Equal(t, test.args[len(test.args)-1], failed.ID)
		}
		assert.NotEmpty(t, failed.Message)
	}
}

// What the vendor says is recorded.
func TestStatusInLedger(t *testing.T) {
	vendor := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer vendor.Close()
	conf := write(t, "anysms.yaml", fmt.Sprintf("database: sms.db\nproviders:\n  cape: {driver: zoomconnect, email: %q, token: %q, base_url: %q}\n", zoomconnecttest.Email, zoomconnecttest.Token, vendor.URL))
	require.Equal(t, cli.ExitDone, anysms(t, "send", "--config", conf, "--to", "+27820000001", "--text", "Hello").code)
	id := vendor.Messages()[0].ID
	vendor.SetStatus(id, zoomconnect.StatusDelivered)
	for _, args := range [][]string{{}, {"--wait"}} {
		got := anysms(t, append([]string{"status", "--config", conf, "--provider", "cape", id}, args...)...)
		require.Equal(t, cli.ExitDone, got.code, got.stderr)
	}
	assert.Contains(t, anysms(t, "messages", "list", "--config", conf, "--status", "delivered").stdout, "msg_")
}

// A report that another process records ends the waiting, also where the vendor still says
// that the message is under way, and where it cannot be asked at all.
func TestStatusWaitsForTheLedger(t *testing.T) {
	vendor := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer vendor.Close()
	dir := t.TempDir()
	conf := filepath.Join(dir, "anysms.yaml")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "database: sms.db\nproviders:\n"+
		"  cape: {driver: zoomconnect, email: %q, token: %q, base_url: %q}\n  mute: {driver: memory, features: []}\n",
		zoomconnecttest.Email, zoomconnecttest.Token, vendor.URL), 0o600))
	for _, tt := range []struct {
		name, provider string
		status         provider.Status
		begun          string // what the command says once it waits
		code           int
	}{
		{"delivered", "cape", provider.StatusDelivered, "  ", cli.ExitDone},
		{"failed", "cape", provider.StatusUndelivered, "  ", cli.ExitRefused},
		{"a vendor that cannot be asked", "mute", provider.StatusDelivered, "mute cannot be asked for a status", cli.ExitDone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sent := anysms(t, "send", "--config", conf, "--provider", tt.provider, "--to", "+27820000001", "--text", tt.name, "--format", "json")
			require.Equal(t, cli.ExitDone, sent.code, sent.stderr)
			var result struct{ ID string }
			require.NoError(t, json.Unmarshal([]byte(sent.stdout), &result))
			l, err := sqlite.Open(t.Context(), filepath.Join(dir, "sms.db"), ledger.Options{})
			require.NoError(t, err)
			defer func() { require.NoError(t, l.Close()) }()

			var out bytes.Buffer
			notes := &reacting{to: tt.begun, then: func() {
				_, err := l.Record(t.Context(), tt.provider, provider.Event{Kind: provider.Report, ID: result.ID, Status: tt.status, Final: true, VendorStatus: "DONE"})
				require.NoError(t, err)
			}}
			args := []string{"status", "--config", conf, "--provider", tt.provider, "--wait", "--every", "1m", "--format", "json", result.ID}
			code := run(t.Context(), args, strings.NewReader(""), &out, notes)
			assert.Equal(t, tt.code, code, notes.String())
			assert.Contains(t, out.String(), fmt.Sprintf(`"status":%q,"final":true`, tt.status))
			assert.Contains(t, out.String(), `"vendor_status":"DONE"`)
		})
	}
}
