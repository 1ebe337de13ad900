package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
)

// keys is the section serve with one key for each scope, named like it, and more.
func keys(more ...string) string {
	var list []string
	for _, scope := range settings.Scopes() {
		list = append(list, fmt.Sprintf("{name: %s, key: %q, scopes: [%s]}", scope, keyOf(scope), scope))
	}
	return "{keys: [" + strings.Join(append(list, more...), ", ") + "]}"
}

func key(name, settings string) string {
	return fmt.Sprintf("{name: %s, key: %q, %s}", name, keyOf(name), settings)
}

// TestAuthorization calls every operation with a key of every scope, and for messages of
// another key too.
func TestAuthorization(t *testing.T) {
	l := open(t, keys(key("shop", "scopes: [send, read]"), key("root", "scopes: [admin, all]")))
	mine := l.send("shop", "order-1")
	const body = `{"to":"+306900000001","text":"Hello"}`
	for _, c := range []struct {
		method, path, body string
		scopes             string // that let it in
		foreign            string // of these, the scopes that reach a message of another key
	}{
		{"POST", "/v1/messages", body, "send admin", "send admin"},
		{"POST", "/v1/messages/batch", `[` + body + `]`, "send admin", "send admin"},
		{"POST", "/v1/messages/" + mine + "/cancel", "", "send admin", ""},
		{"POST", "/v1/messages/" + mine + "/resolve", `{"as":"accepted"}`, "admin", ""},
		{"GET", "/v1/messages/" + mine, "", "read admin", ""},
		{"GET", "/v1/messages", "", "read admin", "read admin"},
		{"GET", "/v1/events", "", "read admin", "read admin"},
		{"POST", "/v1/verifications", `{"to":"+306900000001"}`, "send admin", "send admin"},
		{"POST", "/v1/verifications/otp_x/check", `{"code":"123456"}`, "send admin", "send admin"},
		{"POST", "/v1/analyse", `{"text":"a"}`, "send admin", "send admin"},
		{"GET", "/v1/providers", "", "read admin", "read admin"},
		{"PUT", "/v1/providers/athens/override", `{"mode":"auto"}`, "admin", "admin"},
		{"GET", "/v1/optouts", "", "optouts admin", "optouts admin"},
		{"POST", "/v1/optouts", `[{"number":"+306900000009"}]`, "optouts admin", "optouts admin"},
		{"PUT", "/v1/optouts/+306900000009", `{}`, "optouts admin", "optouts admin"},
		{"DELETE", "/v1/optouts/+306900000009", "", "optouts admin", "optouts admin"},
	} {
		t.Run(c.method+" "+c.path[:min(len(c.path), 24)], func(t *testing.T) {
			own := *l
			own.T = t
			ask := func(client string) int {
				if c.path == "/v1/events" {
					return own.stream(client).status
				}
				return own.call(client, c.method, c.path, c.body).status
			}
			assert.Equal(t, 401, ask(""), "without a key")
			assert.Contains(t, []int{401, 429}, ask("nobody"), "with a wrong key, which are limited")
			for _, scope := range settings.Scopes() {
				status := ask(scope)
				switch {
				case !contains(c.scopes, scope):
					assert.Equal(t, 403, status, scope)
				case !contains(c.foreign, scope):
					assert.Equal(t, 404, status, "%s: a message of another key", scope)
				default:
					assert.NotContains(t, []int{401, 403}, status, scope)
				}
			}
			assert.NotContains(t, []int{401, 403}, ask("root"), "admin and all")
		})
	}
	assert.Equal(t, mine, l.call("shop", "GET", "/v1/messages/"+mine, "").get("id"))
	assert.Equal(t, mine, l.call("root", "GET", "/v1/messages/"+mine, "").get("id"))
	assert.Len(t, l.call("shop", "GET", "/v1/messages", "").get("items"), 1, "its own")
	assert.Greater(t, len(l.call("root", "GET", "/v1/messages", "").get("items").([]any)), 3, "of all")
	assert.Equal(t, 200, l.call("", "GET", "/openapi.json", "").status, "to this machine")
	assert.Equal(t, 401, l.call("", "GET", "/openapi.json", "", "X-Forwarded-For", "192.0.2.1").status)
	assert.Equal(t, 401, l.call("", "GET", "/metrics", "", "X-Forwarded-For", "192.0.2.1").status)
	assert.Equal(t, 200, l.call("read", "GET", "/metrics", "", "X-Forwarded-For", "192.0.2.1").status)
}

func contains(words, word string) bool { return strings.Contains(" "+words+" ", " "+word+" ") }

func TestNamespaces(t *testing.T) {
	l := open(t, keys(key("one", "scopes: [send, read]"), key("two", "scopes: [send, read]")))
	a, b := l.send("one", "order-1"), l.send("two", "order-1")
	assert.NotEqual(t, a, b, "two clients' order-1 are two messages")
	assert.Equal(t, a, l.send("one", "order-1"))
	assert.Len(t, l.vendor.Messages(), 2)
	other := l.call("two", "POST", "/v1/messages", `{"to":"+306900000001","text":"Other","ref":"order-2"}`)
	assert.Equal(t, 202, other.status)
	found := l.call("one", "GET", "/v1/messages?ref=order-2", "")
	assert.Empty(t, found.get("items"))
}

func TestClassesAndRates(t *testing.T) {
	l := open(t, keys(key("codes", "scopes: [send], classes: [otp]"), key("slow", "scopes: [send], rate_limit: 1")))
	a := l.call("codes", "POST", "/v1/messages", `{"to":"+306900000001","text":"Hello"}`)
	assert.Equal(t, 403, a.status, "without a class it is transactional")
	assert.Equal(t, 202, l.call("codes", "POST", "/v1/messages", `{"to":"+306900000001","text":"1234","class":"otp"}`).status)
	assert.Equal(t, 201, l.call("codes", "POST", "/v1/verifications", `{"to":"+306900000001"}`).status)
	a = l.call("codes", "POST", "/v1/messages/batch", `[{"to":"+306900000001","text":"Hello"}]`)
	assert.Equal(t, "forbidden", a.get("items.0.error.code"))

	const batch = `[{"to":"+306900000001","text":"a"},{"to":"+306900000001","text":"b"},{"to":"+306900000001","text":"c"}]`
	assert.Equal(t, 207, l.call("slow", "POST", "/v1/messages/batch", batch).status)
	a = l.call("slow", "POST", "/v1/messages", `{"to":"+306900000001","text":"Hello"}`)
	assert.Equal(t, 429, a.status)
	assert.Equal(t, "rate_limited", a.get("code"))
	assert.Equal(t, "3", a.header.Get("Retry-After"), "each message of a batch counts")
}

// TestWrongKeys makes a thousand requests with wrong keys; the right one still works.
func TestWrongKeys(t *testing.T) {
	l := open(t, keys())
	seen := make(map[int]int)
	for i := range 1000 {
		r, err := http.NewRequestWithContext(t.Context(), "GET", l.url+"/v1/messages", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", fmt.Sprintf("Bearer wrong-%d", i))
		resp, err := l.client.Do(r)
		require.NoError(t, err)
		resp.Body.Close()
		seen[resp.StatusCode]++
		if i%100 == 0 {
			assert.Equal(t, 200, l.call("read", "GET", "/v1/messages", "").status)
		}
	}
	assert.Equal(t, 1000, seen[401]+seen[429])
	assert.Greater(t, seen[429], 500, "%v; on a slow machine more of them are given time", seen)
}
