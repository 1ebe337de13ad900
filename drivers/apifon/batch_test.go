package apifon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// people makes messages of one text to n distinct recipients.
func people(n int) []*provider.Message {
	ms := make([]*provider.Message, n)
	for i := range ms {
		ms[i] = &provider.Message{To: e164.MustParse(fmt.Sprintf("+3069%08d", i)), Text: "hello", Ref: fmt.Sprintf("r-%d", i)}
	}
	return ms
}

func TestBatchIsOneRequest(t *testing.T) {
	server, p := open(t)
	ms := people(7)
	verdicts := provider.SendBatch(t.Context(), p, ms)
	require.Len(t, verdicts, len(ms))
	require.Equal(t, 1, server.Requests())
	ledger := server.Messages()
	for i, v := range verdicts {
		require.NoError(t, v.Err)
		m := ledger[i]
		assert.Equal(t, ms[i].To.String(), m.To)
		assert.Equal(t, fmt.Sprintf("%s:%d", m.RequestID, i+1), v.Receipt.ID)

		body, err := server.ReportBody(m.ID, apifontest.Report{Code: 7})
		require.NoError(t, err)
		e := parse(t, p, string(body))[0]
		assert.Equal(t, v.Receipt.ID, e.ID, "reports name the receipt")
		assert.Equal(t, ms[i].Ref, e.Ref)
		require.ErrorIs(t, p.Cancel(t.Context(), v.Receipt.ID), provider.Unsupported)
	}
}

func TestBatchOfUnlikeMessages(t *testing.T) {
	server, p := open(t)
	ms := people(10)
	ms[1].Text = "Καλημέρα"
	ms[2].To = ms[0].To                                           // a number twice
	ms[3].Text = ""                                               // refused
	ms[4].Ref = strings.Repeat("x", 256)                          // refused
	ms[5].Extra = map[string]string{"apifon.im_text": "hi"}       // Viber
	ms[6].Extra = map[string]string{"other.colour": "red"}        // of another driver
	ms[7].Text, ms[8].Text = "see {apifon_lp}", "see {apifon_lp}" // refused together
	verdicts := provider.SendBatch(t.Context(), p, ms)
	require.Len(t, verdicts, len(ms))
	refused := map[int]provider.Code{
		3: provider.InvalidMessage, 4: provider.Unsupported, 7: provider.Unsupported, 8: provider.Unsupported,
	}
	ids := map[string]bool{}
	for i, v := range verdicts {
		if code, bad := refused[i]; bad {
			require.ErrorIs(t, v.Err, code, "message %d", i)
			continue
		}
		require.NoError(t, v.Err, "message %d", i)
		assert.False(t, ids[v.Receipt.ID], "ids are unique")
		ids[v.Receipt.ID] = true
	}
	assert.Len(t, server.Messages(), 6)
	assert.Equal(t, 5, server.Requests(), "equal texts, greek, the second time, Viber, and the one with an extra")
}

// Whoever calls the method itself with messages that cannot share a request gets
// no other request, and nobody gets a text that was meant for another.
func TestBatchMethodMakesOneRequest(t *testing.T) {
	tests := map[string]func(m *provider.Message){
		"text":      func(m *provider.Message) { m.Text = "other" },
		"sender":    func(m *provider.Message) { m.From = "Other" },
		"time":      func(m *provider.Message) { m.SendAt = time.Now().Add(time.Hour) },
		"validity":  func(m *provider.Message) { m.Validity = time.Hour },
		"extra":     func(m *provider.Message) { m.Extra = map[string]string{"apifon.im_text": "other"} },
		"recipient": func(m *provider.Message) { m.To = people(1)[0].To },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			server, p := open(t)
			ms := people(3)
			change(ms[1])
			verdicts := p.SendBatch(t.Context(), ms)
			require.NoError(t, verdicts[0].Err)
			require.ErrorIs(t, verdicts[1].Err, provider.Unsupported)
			require.NoError(t, verdicts[2].Err)
			assert.Equal(t, 1, server.Requests())
			assert.Len(t, server.Messages(), 2)

			for _, v := range provider.SendBatch(t.Context(), p, ms) {
				require.NoError(t, v.Err)
			}
			assert.Equal(t, 3, server.Requests(), "the helper makes two batches of them")
		})
	}
}

func TestBatchOfInstantMessages(t *testing.T) {
	server, p := open(t)
	ms := people(3)
	for _, m := range ms {
		m.Extra = map[string]string{"apifon.im_text": "on Viber"}
	}
	verdicts := provider.SendBatch(t.Context(), p, ms)
	require.Equal(t, 1, server.Requests())
	for i, v := range verdicts {
		require.NoError(t, v.Err)
		m := server.Messages()[i]
		assert.Equal(t, ms[i].To.String(), m.To)
		body, err := server.ReportBody(m.ID, apifontest.Report{Code: 7})
		require.NoError(t, err)
		e := parse(t, p, string(body))[0]
		assert.Equal(t, v.Receipt.ID, e.ID, "reports name the receipt")
		assert.Equal(t, ms[i].Ref, e.Ref)
	}
}

func TestBatchVerdicts(t *testing.T) {
	server, p := open(t)
	ms := people(2)

	server.Fail(200, `{"request_id":"q","results":{"+306900000000":[{"message_id":"m"}]},"result_info":{"status_code":200}}`)
	verdicts := p.SendBatch(t.Context(), ms)
	require.NoError(t, verdicts[0].Err)
	require.ErrorIs(t, verdicts[1].Err, provider.Indeterminate, "the response does not say what happened to the second")

	server.Fail(403, `{"result_info":{"status_code":403,"description":"Invalid subscriber"}}`)
	for _, v := range p.SendBatch(t.Context(), ms) {
		require.ErrorIs(t, v.Err, provider.Unavailable, "which of the numbers is at fault is not told")
		require.NotErrorIs(t, v.Err, provider.InvalidRecipient)
		require.ErrorContains(t, v.Err, "Invalid subscriber")
	}
	server.Fail(403, `{"result_info":{"status_code":403,"description":"Invalid sender"}}`)
	for _, v := range p.SendBatch(t.Context(), ms) {
		require.ErrorIs(t, v.Err, provider.SenderRejected, "all have the same sender")
	}
	server.Fail(429, "")
	for _, v := range p.SendBatch(t.Context(), ms) {
		require.ErrorIs(t, v.Err, provider.RateLimited)
	}
	require.NoError(t, server.SetMode(httpcalltest.Drop))
	for _, v := range p.SendBatch(t.Context(), ms) {
		require.ErrorIs(t, v.Err, provider.Indeterminate)
	}
	require.NoError(t, server.SetMode(httpcalltest.Down))
	for _, v := range p.SendBatch(t.Context(), ms) {
		require.ErrorIs(t, v.Err, provider.Unavailable)
	}
}

func TestLargeBatchIsSplit(t *testing.T) {
	server, p := open(t)
	for _, v := range provider.SendBatch(t.Context(), p, people(250)) {
		require.NoError(t, v.Err)
	}
	assert.Equal(t, 3, server.Requests())
	assert.Len(t, server.Messages(), 250)
	require.ErrorIs(t, p.SendBatch(t.Context(), people(101))[100].Err, provider.Unsupported)
}
