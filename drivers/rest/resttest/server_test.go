package resttest_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// withoutIDs are the recipes whose vendors give a message no id.
var withoutIDs = []string{"kannel"}

func TestServerOfEveryRecipe(t *testing.T) {
	for _, name := range rest.Builtin() {
		t.Run(name, func(t *testing.T) {
			r, err := rest.Load(name)
			require.NoError(t, err)
			s, err := resttest.NewServer(r)
			require.NoError(t, err)
			defer s.Close()
			p, err := resttest.Open(r, s.URL)
			require.NoError(t, err)
			defer p.Close()

			account, err := resttest.NewAccount(r)
			require.NoError(t, err)
			to := e164.MustParse(cmp.Or(account.Numbers, "+3069") + "00000001")
			seen := make(map[string]bool)
			for _, text := range []string{"Hello {to}", "Γεια σου"} {
				m := &provider.Message{To: to, Text: text}
				receipt, err := p.Send(t.Context(), m)
				require.NoError(t, err)
				last := s.Messages()[len(s.Messages())-1]
				assert.Equal(t, m.To.String(), last.To)
				assert.Contains(t, []string{last.Text, last.Values["template_variables.text"]}, text)
				if slices.Contains(withoutIDs, name) {
					assert.Empty(t, receipt.ID)
					continue
				}
				assert.False(t, seen[receipt.ID], "each message has an id of its own")
				seen[receipt.ID] = true
				assert.True(t, strings.HasPrefix(receipt.ID, last.ID))
			}
			full := &provider.Message{To: to, Text: "Hello", Ref: "7"}
			caps := p.Capabilities()
			if caps.Has(provider.CanSchedule) {
				full.SendAt = time.Now().Add(2 * time.Hour).Truncate(time.Minute)
			}
			if caps.Has(provider.CanSetValidity) {
				full.Validity = 2 * time.Hour
			}
			_, err = p.Send(t.Context(), full)
			require.NoError(t, err, "with every option")
			s.Fail(http.StatusInternalServerError, "")
			_, err = p.Send(t.Context(), &provider.Message{To: to, Text: "Hello"})
			require.ErrorIs(t, err, provider.Indeterminate)
			assert.Len(t, s.Messages(), 3)
		})
	}
}

func TestServerRefusesOthers(t *testing.T) {
	r, err := rest.Load("transmitsms")
	require.NoError(t, err)
	s, err := resttest.NewServer(r)
	require.NoError(t, err)
	defer s.Close()
	p, err := r.NewProvider(rest.Config{
		Values: map[string]provider.Secret{"username": "apikey123", "password": "another one"}, Config: httpcall.Config{BaseURL: s.URL},
	})
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Send(t.Context(), &provider.Message{To: e164.MustParse("+306900000001"), Text: "Hello"})
	require.ErrorIs(t, err, provider.Unauthenticated)
	assert.Empty(t, s.Messages())

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/send-sms.json", strings.NewReader("to=1&message=x&what=2"))
	require.NoError(t, err)
	request.SetBasicAuth("apikey123", "secret456")
	answer, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusBadRequest, answer.StatusCode, "a key that the recipe does not send")
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// A recipe that does not do what a fixture says is found.
func TestReplayFindsFaults(t *testing.T) {
	source, err := rest.Source("transmitsms")
	require.NoError(t, err)
	for _, c := range []struct{ old, new, want string }{
		{`dlr_callback: "{callback_url}"`, `dlr: "{callback_url}"`, "request form"},
		{"LEDGER_ERROR: {is: insufficient_funds", "LEDGER_ERROR: {is: rejected", `want "insufficient_funds"`},
		{"segments: sms\n", "segments: parts\n", "receipt segments"},
		{"  delivered: delivered\n", "  delivered: sent\n", "event status"},
	} {
		changed := strings.Replace(string(source), c.old, c.new, 1)
		require.NotEqual(t, string(source), changed, c.old)
		r, err := rest.Parse("transmitsms.yaml", []byte(changed))
		require.NoError(t, err)
		var faults []string
		for _, result := range resttest.Replay(t.Context(), r) {
			faults = append(faults, result.Faults...)
		}
		assert.Contains(t, strings.Join(faults, "\n"), c.want)
	}
}
