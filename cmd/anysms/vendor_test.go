package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

func TestBalance(t *testing.T) {
	v := startVendors(t)
	v.athens.SetBalance(apifontest.Balance{Balance: "12.5", Reserved: "0.5", Plafon: "0.0"})
	got := anysms(t, "balance", "--config", v.config, "--provider", "athens", "--format", "json")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.JSONEq(t, `[{"provider":"athens","available":{"amount":"12.5","currency":"credits"},"reserved":{"amount":"0.5","currency":"credits"}}]`, got.stdout)

	got = anysms(t, "balance", "--config", v.config)
	assert.Equal(t, cli.ExitDone, got.code, "a provider without a balance API is not a failure")
	assert.Contains(t, got.stdout, "athens  12.5 credits")
	assert.Contains(t, got.stdout, "usa     not available from this provider")

	require.NoError(t, v.athens.SetMode(httpcalltest.Down))
	got = anysms(t, "balance", "--config", v.config)
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stdout, "athens  unavailable")
}

func TestCancelOfAScheduledMessage(t *testing.T) {
	v := startVendors(t)
	result, _ := v.send(t, "Later", "--at", "2099-01-02T15:04:05Z")
	require.Equal(t, "athens", result.Provider)
	got := anysms(t, "cancel", "--config", v.config, "--provider", "athens", "--format", "json", result.ID)
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"status":"cancelled"`)
	require.Len(t, v.athens.Messages(), 1)
	assert.True(t, v.athens.Messages()[0].Removed)

	got = anysms(t, "cancel", "--config", v.config, "--provider", "athens", "no-such-id")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stderr, "athens: ")
}

func TestStatusIsAskedOfTheVendor(t *testing.T) {
	v := startVendors(t)
	result, _ := v.send(t, "Hello", "--provider", "usa")
	require.NotEmpty(t, result.ID)
	got := anysms(t, "status", "--config", v.config, "--provider", "usa", "--format", "json", result.ID)
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"status":"accepted"`)
	assert.Contains(t, got.stdout, `"vendor_status":"unconfirmed"`)

	require.True(t, v.usa.SetState(result.ID, "error"))
	got = anysms(t, "status", "--config", v.config, "--provider", "usa", result.ID)
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, `undelivered (vendor status "error")`)

	got = anysms(t, "status", "--config", v.config, "--provider", "usa", "ch_no_such")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stderr, "usa: rejected")
}

func TestWhatAVendorDoesNotHave(t *testing.T) {
	v := startVendors(t)
	for _, args := range [][]string{
		{"cancel", "ch_1"},
		{"balance"},
		{"otp", "start", "--to", number},
		{"otp", "check", "--ref", "r", "--code", "1"},
	} {
		got := anysms(t, append(args, "--config", v.config, "--provider", "usa")...)
		assert.Equal(t, cli.ExitRefused, got.code, args)
		assert.Regexp(t, "not available from this provider", got.stdout+got.stderr)
	}
	v.untouched(t)
}

func TestOneTimeCode(t *testing.T) {
	v := startVendors(t)
	got := anysms(t, "otp", "start", "--config", v.config, "--provider", "athens", "--to", number, "--format", "json")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	var started struct{ Ref string }
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &started))
	require.NotEmpty(t, started.Ref)
	require.Len(t, v.athens.Messages(), 1)
	code := digitsOf(v.athens.Messages()[0].Text)
	require.NotEmpty(t, code)

	check := []string{"otp", "check", "--config", v.config, "--provider", "athens", "--ref", started.Ref, "--code"}
	got = anysms(t, append(check, "0"+code)...)
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Equal(t, "wrong\n", got.stdout)
	got = anysms(t, append(check, code)...)
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Equal(t, "right\n", got.stdout)

	got = anysms(t, "otp", "start", "--config", v.config, "--provider", "athens", "--to", "12")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stderr, "invalid_recipient")
	assert.Len(t, v.athens.Messages(), 1)
}

// A code that anysms makes goes through any provider; each command is a process of its own.
func TestOwnOneTimeCode(t *testing.T) {
	v := startVendors(t)
	source, err := os.ReadFile(v.config)
	require.NoError(t, err)
	conf := write(t, "anysms.yaml", string(source)+"\ndatabase: anysms.db\notp: {length: 8, tries: 2, number: {sends: 3}}\n")
	start := func(args ...string) (ref string) {
		t.Helper()
		got := anysms(t, append([]string{"otp", "start", "--config", conf, "--to", number, "--format", "json"}, args...)...)
		require.Equal(t, cli.ExitDone, got.code, got.stderr+got.stdout)
		var started struct {
			Ref       string
			Provider  string
			ExpiresAt time.Time `json:"expires_at"`
		}
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &started))
		assert.WithinRange(t, started.ExpiresAt, time.Now(), time.Now().Add(5*time.Minute))
		return started.Ref
	}
	check := func(ref, code string) outcome {
		t.Helper()
		return anysms(t, "otp", "check", "--config", conf, "--ref", ref, "--code", code)
	}
	ref := start("--provider", "usa", "--own")
	require.Len(t, v.usa.Messages(), 1, "this vendor has no verification service")
	code := digitsOf(v.usa.Messages()[0].Text)
	assert.Len(t, code, 8)
	assert.Equal(t, ref, start("--ref", ref), "sent once more, now through the routes")
	require.Len(t, v.athens.Messages(), 1)
	assert.Equal(t, code, digitsOf(v.athens.Messages()[0].Text))

	got := check(ref, "0"+code[1:]+"0")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Equal(t, "wrong\n", got.stdout)
	got = anysms(t, "otp", "check", "--config", conf, "--ref", ref, "--code", code, "--format", "json")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.JSONEq(t, `{"ref":"`+ref+`","verdict":"right","attempts_left":0}`, got.stdout)
	assert.Equal(t, cli.ExitRefused, check(ref, code).code, "a code is valid once")

	for range 3 {
		start()
	}
	got = anysms(t, "otp", "start", "--config", conf, "--to", number)
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Regexp(t, `too many codes; try again in (1h0m0s|59m\d+s)`, got.stderr)
	assert.NotContains(t, got.stderr, strings.TrimPrefix(number, "+"))

	got = anysms(t, "otp", "start", "--config", v.config, "--to", number)
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, `has no database; codes that anysms makes itself are checked there: add a line such as "database: anysms.db"`)
	got = anysms(t, "otp", "check", "--config", conf, "--ref", "2f1c9a7e", "--code", "1")
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "a code of a vendor's service needs --provider too")
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

func TestInbox(t *testing.T) {
	usa := phonifytest.NewServer(phonifytest.Options{})
	defer usa.Close()
	config := write(t, "anysms.yaml", `
providers:
  usa: {driver: phonify, base_url: "`+usa.URL+`", api_key: "`+phonifytest.APIKey+`", own_numbers: ["+14560000000"]}
`)
	usa.Receive(number, "+14560000000", "STOP\x1b[31m\nplease")
	got := anysms(t, "inbox", "--config", config, "--provider", "usa", "--format", "json")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	var r struct {
		Messages []struct{ Text, To string }
		Next     string
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &r))
	require.Len(t, r.Messages, 1)
	assert.Equal(t, "STOP\x1b[31m\nplease", r.Messages[0].Text)
	assert.Equal(t, "+14560000000", r.Messages[0].To)
	require.NotEmpty(t, r.Next)

	got = anysms(t, "inbox", "--config", config, "--provider", "usa")
	assert.Contains(t, got.stdout, "STOP<U+001B>[31m␊please\n", "an incoming text has no control sequences")
	got = anysms(t, "inbox", "--config", config, "--provider", "usa", "--cursor", r.Next)
	assert.Empty(t, got.stdout)
}

// A part of a long message is not shown as if it were all of it.
func TestInboxShowsParts(t *testing.T) {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"messages":[
			{"id":"m-1","at":"2030-01-05T12:00:00Z","from":"306900000001","text":"first half, ","ref":"108","part":1,"parts":2},
			{"id":"m-2","at":"2030-01-05T12:00:01Z","from":"306900000001","text":"whole"}]}`)
	}))
	defer vendor.Close()
	recipe := write(t, "acme.yaml", `recipe: 1
name: acme
title: Acme
sources: {api: {page: acme.example}}
experimental: true
base_url: https://acme.example
auth: {none: true}
write: {to: digits}
send:
  request: {path: /messages, json: {to: "{to}", text: "{text}"}}
  receipt: {id: id}
inbox:
  request: {method: GET, path: /inbox}
  success: {where: [{path: messages, empty: false}]}
  each: messages[*]
  inbound:
    id: id
    from: from
    text: text
    at: at
    segment: {ref: ref, number: part, of: parts}
fixtures:
  - name: accepted
    message: {to: "+306900000001", text: Hello}
    reply: {status: 200, body: {id: abcdef}}
    receipt: {id: abcdef}
`)
	config := write(t, "anysms.yaml", "providers:\n  acme: {driver: rest, recipe: "+recipe+", base_url: \""+vendor.URL+"\", allow_private: true}\n")
	got := anysms(t, "inbox", "--config", config, "--provider", "acme")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "  [part 1 of 2] first half, \n")
	assert.Contains(t, got.stdout, "  whole\n")
	got = anysms(t, "inbox", "--config", config, "--provider", "acme", "--format", "json")
	assert.Contains(t, strings.Join(strings.Fields(got.stdout), ""), `"part":{"ref":"108","number":1,"of":2}`)
	assert.Equal(t, 1, strings.Count(got.stdout, `"part"`))
}
