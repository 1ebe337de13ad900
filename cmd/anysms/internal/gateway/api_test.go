package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// TestOperations calls every operation of the document with success.
func TestOperations(t *testing.T) {
	l := open(t, "{}")
	a := l.call("", "POST", "/v1/messages", `{"to":"690 000 0001","text":"Γεια","ref":"order-1","tag":"orders","delivery":"at_most_once","class":"transactional"}`)
	require.Equal(t, 202, a.status, string(a.body))
	assert.Equal(t, "queued", a.get("status"))
	assert.Equal(t, "+306900000001", a.get("to"))
	id := a.get("id").(string)
	assert.Equal(t, "/v1/messages/"+id, a.header.Get("Location"))

	a = l.call("", "POST", "/v1/messages?wait=30s", `{"to":"+306900000002","text":"Hello"}`)
	require.Equal(t, 200, a.status)
	assert.Equal(t, "accepted", a.get("status"))
	assert.Equal(t, "athens", a.get("provider"))
	assert.NotEmpty(t, a.get("provider_id"))
	assert.Len(t, a.get("attempts"), 1)

	a = l.call("", "POST", "/v1/messages/batch", `[{"to":"+306900000003","text":"a","ref":"b1"},{"to":"69","text":"b","ref":"b2"},{"to":1,"nope":2},{"to":"+306900000003","text":"a","ref":"b1"}]`)
	require.Equal(t, http.StatusMultiStatus, a.status, string(a.body))
	assert.Equal(t, "queued", a.get("items.0.status"))
	assert.Equal(t, "b1", a.get("items.0.ref"))
	assert.Equal(t, "invalid_recipient", a.get("items.1.error.code"))
	assert.Equal(t, "bad_request", a.get("items.2.error.code"))
	assert.Equal(t, "/to", a.get("items.2.error.errors.0.pointer"))
	assert.Equal(t, a.get("items.0.id"), a.get("items.3.id"))
	assert.Equal(t, true, a.get("items.3.replayed"))

	l.eventually("sent", func() bool { return l.call("", "GET", "/v1/messages/"+id, "").get("status") == "accepted" })
	a = l.call("", "GET", "/v1/messages?ref=order-1&status=accepted&to=%2B306900000001&provider=athens&class=transactional&tag=orders&since=2020-01-01T00:00:00Z&limit=1", "")
	assert.Equal(t, id, a.get("items.0.id"))
	assert.Nil(t, a.get("items.0.attempts"))
	assert.Nil(t, a.get("items.0.text"))

	a = l.call("", "POST", "/v1/messages", `{"to":"+306900000004","text":"later","send_at":"2099-01-01T00:00:00Z"}`)
	later := a.get("id").(string)
	a = l.call("", "POST", "/v1/messages/"+later+"/cancel", "")
	assert.Equal(t, 200, a.status, string(a.body))
	assert.Equal(t, "cancelled", a.get("status"))
	a = l.call("", "POST", "/v1/messages/"+id+"/cancel", "")
	assert.Equal(t, 409, a.status)
	assert.Equal(t, "accepted", a.get("message_status"))

	a = l.call("", "POST", "/v1/verifications", `{"to":"+306900000005","ref":"login-7","length":4,"ttl":"2m","text":"Code {code}"}`)
	require.Equal(t, 201, a.status, string(a.body))
	verification := a.get("id").(string)
	var code string
	l.eventually("the code", func() bool {
		for _, m := range l.vendor.Messages() {
			if rest, found := strings.CutPrefix(m.Text, "Code "); found {
				code = rest
			}
		}
		return code != ""
	})
	require.Len(t, code, 4)
	a = l.call("", "POST", "/v1/verifications/"+verification+"/check", `{"code":"x"}`)
	assert.Equal(t, false, a.get("valid"))
	a = l.call("", "POST", "/v1/verifications/"+verification+"/check", fmt.Sprintf(`{"code":%q}`, code))
	assert.Equal(t, true, a.get("valid"), string(a.body))
	a = l.call("", "POST", "/v1/verifications/"+verification+"/check", fmt.Sprintf(`{"code":%q}`, code))
	assert.Equal(t, false, a.get("valid"), "it is used")
	a = l.call("", "GET", "/v1/messages?class=otp", "")
	assert.NotContains(t, string(a.body), code)

	a = l.call("", "POST", "/v1/analyse", `{"text":"Γεια σου 👋","language":"tr"}`)
	assert.Equal(t, "ucs2", a.get("encoding"), string(a.body))

	a = l.call("", "GET", "/v1/providers", "")
	assert.Equal(t, "athens", a.get("items.0.name"))
	assert.Equal(t, true, a.get("items.0.healthy"))
	a = l.call("", "PUT", "/v1/providers/athens/override", `{"mode":"out"}`)
	assert.Equal(t, "out", a.get("override"), string(a.body))
	assert.Equal(t, 503, l.call("", "GET", "/readyz", "").status)
	l.call("", "PUT", "/v1/providers/athens/override", `{"mode":"auto"}`)
	assert.Equal(t, 200, l.call("", "GET", "/readyz", "").status)
	assert.Equal(t, 200, l.call("", "GET", "/healthz", "").status)

	a = l.call("", "PUT", "/v1/optouts/+306900000009", `{"scope":"class","value":"marketing"}`)
	assert.InDelta(t, 1, a.get("added"), 0)
	l.call("", "PUT", "/v1/optouts/+306900000006", `{"source":"import","at":"2026-01-02T03:04:05Z"}`)
	a = l.call("", "GET", "/v1/optouts?number=%2B306900000006", "")
	assert.Equal(t, []any{"import", "2026-01-02T03:04:05Z"}, []any{a.get("items.0.source"), a.get("items.0.at")})
	l.call("", "DELETE", "/v1/optouts/+306900000006", "")
	a = l.call("", "PUT", "/v1/optouts/+306900000008", `{"source":"reply"}`)
	assert.Equal(t, 400, a.status, "that is what a person has sent")
	l.call("", "PUT", "/v1/optouts/+306900000008", `{}`)
	a = l.call("", "POST", "/v1/optouts", `[{"number":"+306900000008"},{"number":"+306900000007","source":"import","at":"2026-01-02T03:04:05Z"}]`)
	assert.Equal(t, 1.0, a.get("added"), string(a.body))
	a = l.call("", "GET", "/v1/optouts?number=%2B306900000007", "")
	assert.Equal(t, []any{"import", "2026-01-02T03:04:05Z"}, []any{a.get("items.0.source"), a.get("items.0.at")})
	l.call("", "DELETE", "/v1/optouts/+306900000007", "")
	a = l.call("", "GET", "/v1/optouts?limit=1", "")
	assert.Equal(t, "+306900000008", a.get("items.0.number"))
	a = l.call("", "GET", "/v1/optouts?limit=1&cursor="+a.get("next").(string), "")
	assert.Equal(t, "+306900000009", a.get("items.0.number"))
	assert.Empty(t, a.get("next"))
	a = l.call("", "POST", "/v1/messages", `{"to":"+306900000008","text":"x"}`)
	assert.Equal(t, 422, a.status)
	assert.Equal(t, "opted_out", a.get("code"))
	assert.Equal(t, "/to", a.get("errors.0.pointer"))
	a = l.call("", "DELETE", "/v1/optouts/+306900000008", "")
	assert.InDelta(t, 1, a.get("removed"), 0)
	assert.Equal(t, 404, l.call("", "DELETE", "/v1/optouts/+306900000008", "").status)

	require.NoError(t, l.vendor.SetMode(httpcalltest.Drop))
	a = l.call("", "POST", "/v1/messages?wait=30s", `{"to":"+306900000010","text":"perhaps"}`)
	require.Equal(t, "unknown", a.get("status"), string(a.body))
	a = l.call("", "POST", "/v1/messages/"+a.get("id").(string)+"/resolve", `{"as":"not_sent"}`)
	assert.Equal(t, "not_sent", a.get("status"), string(a.body))

	a = l.call("", "GET", "/metrics", "")
	assert.Contains(t, string(a.body), `route="POST /v1/messages"`)
	l.checks.seen["streamEvents"] = true // TestEvents
	assert.Len(t, l.checks.seen, l.checks.operations, "of the document: %v", l.checks.seen)
}

func TestIdempotency(t *testing.T) {
	l := open(t, "{}")
	const body = `{"to":"+306900000001","text":"Hello"}`
	first := l.call("", "POST", "/v1/messages?wait=30s", body, "Idempotency-Key", "k1")
	require.Equal(t, 200, first.status, string(first.body))
	assert.Empty(t, first.header.Get("Idempotency-Replayed"))
	again := l.call("", "POST", "/v1/messages", body, "Idempotency-Key", "k1")
	assert.Equal(t, 202, again.status)
	assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	assert.Equal(t, first.get("id"), again.get("id"))
	assert.Equal(t, "accepted", again.get("status"))
	byRef := l.call("", "POST", "/v1/messages", `{"to":"+306900000001","text":"Hello","ref":"k1"}`, "Idempotency-Key", "k1")
	assert.Equal(t, first.get("id"), byRef.get("id"), "the key is the ref")
	other := l.call("", "POST", "/v1/messages", `{"to":"+306900000001","text":"Bye"}`, "Idempotency-Key", "k1")
	assert.Equal(t, 409, other.status)
	assert.Equal(t, "conflict", other.get("code"))
	differ := l.call("", "POST", "/v1/messages", `{"to":"+306900000001","text":"Hello","ref":"k2"}`, "Idempotency-Key", "k1")
	assert.Equal(t, 400, differ.status)
	assert.Equal(t, "/ref", differ.get("errors.0.pointer"))
	batch := l.call("", "POST", "/v1/messages/batch", `[`+body+`]`, "Idempotency-Key", "k1")
	assert.Equal(t, 400, batch.status)
	assert.Len(t, l.vendor.Messages(), 1)

	l.vendor.Fail(400, `{"error":{"type":"invalid_msisdn","message":"no"}}`)
	refused := l.call("", "POST", "/v1/messages?wait=30s", body, "Idempotency-Key", "k3")
	require.Equal(t, "refused", refused.get("status"), string(refused.body))
	retried := l.call("", "POST", "/v1/messages?wait=30s", body, "Idempotency-Key", "k3")
	assert.Equal(t, refused.get("id"), retried.get("id"), "the same id")
	assert.Empty(t, retried.header.Get("Idempotency-Replayed"))
	assert.Equal(t, "accepted", retried.get("status"), "a new attempt")
}

// TestBadInput sends what no client should.
func TestBadInput(t *testing.T) {
	l := open(t, "{}")
	const good = `{"to":"+306900000001","text":"Hello"}`
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		code, pointer      string
	}{
		"empty":                  {"POST", "/v1/messages", " ", nil, 400, "bad_request", ""},
		"not JSON":               {"POST", "/v1/messages", "to=1", nil, 400, "bad_request", ""},
		"unknown member":         {"POST", "/v1/messages", `{"to":"+306900000001","text":"a","txt":"b"}`, nil, 400, "bad_request", "/txt"},
		"wrong type":             {"POST", "/v1/messages", `{"to":306900000001,"text":"a"}`, nil, 400, "bad_request", "/to"},
		"invalid UTF-8":          {"POST", "/v1/messages", "{\"to\":\"+306900000001\",\"text\":\"\xff\"}", nil, 400, "bad_request", ""},
		"an array":               {"POST", "/v1/messages", `[]`, nil, 400, "bad_request", ""},
		"too large":              {"POST", "/v1/messages", `{"text":"` + strings.Repeat("x", 300<<10) + `"}`, nil, 413, "too_large", ""},
		"form":                   {"POST", "/v1/messages", good, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "bad_request", ""},
		"plain text":             {"POST", "/v1/messages", good, []string{"Content-Type", "text/plain"}, 415, "bad_request", ""},
		"other charset":          {"POST", "/v1/messages", good, []string{"Content-Type", "application/json; charset=utf-16"}, 415, "bad_request", ""},
		"method":                 {"PATCH", "/v1/messages", good, nil, 405, "bad_request", ""},
		"path":                   {"POST", "/v1/message", good, nil, 404, "not_found", ""},
		"no recipient":           {"POST", "/v1/messages", `{"text":"a"}`, nil, 400, "bad_request", "/to"},
		"no number":              {"POST", "/v1/messages", `{"to":"ten","text":"a"}`, nil, 422, "invalid_recipient", "/to"},
		"a landline":             {"POST", "/v1/messages", `{"to":"+302101234567","text":"a"}`, nil, 422, "invalid_recipient", "/to"},
		"no text":                {"POST", "/v1/messages", `{"to":"+306900000001"}`, nil, 400, "bad_request", "/text"},
		"empty text":             {"POST", "/v1/messages", `{"to":"+306900000001","text":""}`, nil, 422, "invalid_message", "/text"},
		"too long":               {"POST", "/v1/messages", `{"to":"+306900000001","text":"` + strings.Repeat("x", 20_000) + `"}`, nil, 422, "invalid_message", "/text"},
		"class":                  {"POST", "/v1/messages", `{"to":"+306900000001","text":"a","class":"spam"}`, nil, 400, "bad_request", "/class"},
		"delivery":               {"POST", "/v1/messages", `{"to":"+306900000001","text":"a","delivery":"always"}`, nil, 400, "bad_request", "/delivery"},
		"validity":               {"POST", "/v1/messages", `{"to":"+306900000001","text":"a","validity":"soon"}`, nil, 400, "bad_request", "/validity"},
		"negative validity":      {"POST", "/v1/messages", `{"to":"+306900000001","text":"a","validity":"-1m"}`, nil, 400, "bad_request", "/validity"},
		"long ref":               {"POST", "/v1/messages", `{"to":"+306900000001","text":"a","ref":"` + strings.Repeat("x", 256) + `"}`, nil, 400, "bad_request", "/ref"},
		"past":                   {"POST", "/v1/messages", `{"to":"+306900000001","text":"a","send_at":"2001-01-01T00:00:00Z"}`, nil, 422, "invalid_message", "/text"},
		"wait":                   {"POST", "/v1/messages?wait=10", good, nil, 400, "bad_request", "wait"},
		"long wait":              {"POST", "/v1/messages?wait=31s", good, nil, 400, "bad_request", "wait"},
		"parameter":              {"POST", "/v1/messages?wiat=1s", good, nil, 400, "bad_request", "wiat"},
		"parameter twice":        {"GET", "/v1/messages?limit=1&limit=2", "", nil, 400, "bad_request", "limit"},
		"broken query":           {"GET", "/v1/messages?%zz=1", "", nil, 400, "bad_request", "query"},
		"empty parameter":        {"GET", "/v1/messages?limit=", "", nil, 400, "bad_request", "limit"},
		"limit":                  {"GET", "/v1/messages?limit=501", "", nil, 400, "bad_request", "limit"},
		"status":                 {"GET", "/v1/messages?status=lost", "", nil, 400, "bad_request", "status"},
		"since":                  {"GET", "/v1/messages?since=yesterday", "", nil, 400, "bad_request", "since"},
		"cursor":                 {"GET", "/v1/optouts?cursor=!", "", nil, 400, "bad_request", "cursor"},
		"unknown message":        {"GET", "/v1/messages/msg_x", "", nil, 404, "not_found", ""},
		"cancel unknown":         {"POST", "/v1/messages/msg_x/cancel", "", nil, 404, "not_found", ""},
		"resolve unknown":        {"POST", "/v1/messages/msg_x/resolve", `{"as":"accepted"}`, nil, 404, "not_found", ""},
		"empty batch":            {"POST", "/v1/messages/batch", `[]`, nil, 400, "bad_request", ""},
		"batch is an object":     {"POST", "/v1/messages/batch", good, nil, 400, "bad_request", ""},
		"batch is null":          {"POST", "/v1/messages/batch", "null", nil, 400, "bad_request", ""},
		"large batch":            {"POST", "/v1/messages/batch", `[` + strings.Repeat(`{},`, 1000) + `{}]`, nil, 400, "bad_request", ""},
		"language":               {"POST", "/v1/analyse", `{"text":"a","language":"xx"}`, nil, 400, "bad_request", "/language"},
		"mode":                   {"PUT", "/v1/providers/athens/override", `{"mode":"off"}`, nil, 400, "bad_request", "/mode"},
		"unknown provider":       {"PUT", "/v1/providers/sparta/override", `{"mode":"out"}`, nil, 404, "not_found", ""},
		"opt-out of no number":   {"PUT", "/v1/optouts/ten", `{}`, nil, 400, "bad_request", "number"},
		"opt-outs, one wrong":    {"POST", "/v1/optouts", `[{"number":"+306900000001"},{"number":"ten"}]`, nil, 400, "bad_request", "/1/number"},
		"opt-outs, none":         {"POST", "/v1/optouts", `[]`, nil, 400, "bad_request", ""},
		"opt-outs, a value":      {"POST", "/v1/optouts", `[{"number":"+306900000001","value":"x"}]`, nil, 400, "bad_request", "/0"},
		"opt-outs, source":       {"POST", "/v1/optouts", `[{"number":"+306900000001","source":"reply"}]`, nil, 400, "bad_request", "/0/source"},
		"opt-out scope":          {"PUT", "/v1/optouts/+306900000001", `{"scope":"sender"}`, nil, 400, "bad_request", ""},
		"verification length":    {"POST", "/v1/verifications", `{"to":"+306900000001","length":3}`, nil, 400, "bad_request", "/length"},
		"verification ttl":       {"POST", "/v1/verifications", `{"to":"+306900000001","ttl":"2h"}`, nil, 400, "bad_request", "/ttl"},
		"verification text":      {"POST", "/v1/verifications", `{"to":"+306900000001","text":"no code"}`, nil, 422, "invalid_message", "/text"},
		"verification of nobody": {"POST", "/v1/verifications", `{"to":"ten"}`, nil, 422, "invalid_recipient", "/to"},
		"event id":               {"GET", "/v1/events", "", []string{"Last-Event-ID", "x"}, 400, "bad_request", "Last-Event-ID"},
		"event to come":          {"GET", "/v1/events", "", []string{"Last-Event-ID", "99999999"}, 410, "not_found", ""},
		"message cursor":         {"GET", "/v1/messages?cursor=zzz", "", nil, 400, "bad_request", "cursor"},
		"method of the health":   {"POST", "/healthz", "", nil, 405, "bad_request", ""},
		"method of the metrics":  {"DELETE", "/metrics", "", nil, 405, "bad_request", ""},
		"method of the document": {"PUT", "/openapi.json", "", nil, 405, "bad_request", ""},
		"method of the page":     {"PUT", "/costs", "", nil, 405, "bad_request", ""},
		"another host":           {"GET", "/v1/messages", "", []string{"Host", "sms.example.com"}, 403, "forbidden", ""},
		"rebound host":           {"POST", "/v1/messages", good, []string{"Host", "127.0.0.1.example.com"}, 403, "forbidden", ""},
		"another origin":         {"POST", "/v1/messages", good, []string{"Origin", "https://example.com"}, 403, "forbidden", ""},
		"null origin":            {"POST", "/v1/messages", good, []string{"Origin", "null"}, 403, "forbidden", ""},
		"cross-site":             {"GET", "/v1/messages", "", []string{"Sec-Fetch-Site", "cross-site"}, 403, "forbidden", ""},
		"metrics of a proxy":     {"GET", "/metrics", "", []string{"X-Forwarded-For", "192.0.2.1", "Host", "sms.example.com"}, 403, "forbidden", ""},
	} {
		t.Run(name, func(t *testing.T) {
			own := *l
			own.T = t
			a := own.call("", c.method, c.path, c.body, c.header...)
			assert.Equal(t, c.status, a.status, string(a.body))
			assert.Equal(t, c.code, a.get("code"), string(a.body))
			if c.pointer != "" {
				assert.Equal(t, c.pointer, a.get("errors.0.pointer"), string(a.body))
			}
		})
	}
	assert.Empty(t, l.vendor.Messages(), "nothing was sent")
}
