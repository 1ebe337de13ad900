package phonifytest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// do makes a request as somebody would who writes a driver from the vendor's
// page.
func do(t *testing.T, method, url, contentType, body, user, password string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

const form = "application/x-www-form-urlencoded"

func TestStrictness(t *testing.T) {
	long := strings.Repeat("x", 161)
	tests := []struct {
		name, method, path, contentType, body string
		user, password                        string
		status                                int
		kind                                  string
	}{
		{"good", "POST", "/messages", form, "to=%2B14560000000&body=Hello", phonifytest.APIKey, "", 200, `"unconfirmed"`},
		{"key in the form", "POST", "/messages", form, "to=%2B14560000000&body=Hello&api_key=" + phonifytest.APIKey, "", "", 200, `"unconfirmed"`},
		{"no key", "POST", "/messages", form, "to=%2B14560000000&body=Hello", "", "", 401, "unauthorized"},
		{"a password", "POST", "/messages", form, "to=%2B14560000000&body=Hello", phonifytest.APIKey, "x", 401, "unauthorized"},
		{"key in the query of a POST", "POST", "/messages?api_key=" + phonifytest.APIKey, form, "to=%2B14560000000&body=Hello", "", "", 401, "unauthorized"},
		{"no plus", "POST", "/messages", form, "to=14560000000&body=Hello", phonifytest.APIKey, "", 402, "invalid_msisdn"},
		{"plus not encoded", "POST", "/messages", form, "to=+14560000000&body=Hello", phonifytest.APIKey, "", 402, "invalid_msisdn"},
		{"no body", "POST", "/messages", form, "to=%2B14560000000", phonifytest.APIKey, "", 402, "missing_parameter"},
		{"too long", "POST", "/messages", form, "to=%2B14560000000&body=" + long, phonifytest.APIKey, "", 402, "body_too_long"},
		{"broken text", "POST", "/messages", form, "to=%2B14560000000&body=%ff", phonifytest.APIKey, "", 402, "body_too_long"},
		{"a sender", "POST", "/messages", form, "to=%2B14560000000&body=Hello&from=Shop", phonifytest.APIKey, "", 402, "unknown_parameter"},
		{"twice", "POST", "/messages", form, "to=%2B14560000000&body=Hello&body=Hello", phonifytest.APIKey, "", 402, "unknown_parameter"},
		{"JSON", "POST", "/messages", "application/json", `{"to":"+14560000000","body":"Hello"}`, phonifytest.APIKey, "", 400, "bad_request"},
		{"in the query", "POST", "/messages?to=%2B14560000000&body=Hello", form, "", phonifytest.APIKey, "", 400, "bad_request"},
		{"broken form", "POST", "/messages", form, "to=%zz", phonifytest.APIKey, "", 400, "bad_request"},
		{"page too large", "GET", "/messages?limit=1001", "", "", phonifytest.APIKey, "", 402, "invalid_range"},
		{"offset that is none", "GET", "/messages?offset=-1", "", "", phonifytest.APIKey, "", 402, "invalid_range"},
		{"unknown filter", "GET", "/messages?state=sent", "", "", phonifytest.APIKey, "", 402, "unknown_parameter"},
		{"unknown message", "GET", "/messages/ch_1x", "", "", phonifytest.APIKey, "", 404, "not_found"},
		{"filter of one message", "GET", "/messages/ch_1?limit=1", "", "", phonifytest.APIKey, "", 402, "unknown_parameter"},
		{"unknown page", "DELETE", "/messages/ch_1", "", "", phonifytest.APIKey, "", 404, "not_found"},
	}
	s := phonifytest.NewServer(phonifytest.Options{})
	defer s.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(s.Messages())
			status, answer := do(t, tt.method, s.URL+tt.path, tt.contentType, tt.body, tt.user, tt.password)
			assert.Equal(t, tt.status, status)
			assert.Contains(t, answer, tt.kind)
			assert.Equal(t, tt.status == 200, len(s.Messages()) == before+1, "only what is accepted is in the ledger")
		})
	}
}

func TestFailures(t *testing.T) {
	s := phonifytest.NewServer(phonifytest.Options{APIKey: "another"})
	defer s.Close()
	send := func() (int, string) {
		return do(t, "POST", s.URL+"/messages", form, "to=%2B14560000000&body=Hello", "another", "")
	}
	s.Fail(503, "down")
	s.FailWith(httpcalltest.Failure{Status: 502, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>", After: true})
	status, answer := send()
	assert.Equal(t, 503, status)
	assert.Equal(t, "down", answer)
	assert.Empty(t, s.Messages())
	status, answer = send()
	assert.Equal(t, 502, status)
	assert.Equal(t, "<html>", answer)
	assert.Len(t, s.Messages(), 1, "taken, though it does not say so")
	status, _ = send()
	assert.Equal(t, 200, status)
	assert.False(t, s.SetState("nothing", "sent"))
}
