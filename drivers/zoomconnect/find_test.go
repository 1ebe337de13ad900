package zoomconnect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

func TestStatus(t *testing.T) {
	tests := []struct {
		word  string
		want  provider.Status
		final bool
		code  provider.Code
	}{
		{zoomconnect.StatusScheduled, provider.StatusQueued, false, ""},
		{zoomconnect.StatusSent, provider.StatusSent, false, ""},
		{zoomconnect.StatusDelivered, provider.StatusDelivered, true, ""},
		{zoomconnect.StatusFailed, provider.StatusUndelivered, true, ""},
		{zoomconnect.StatusFailedRefunded, provider.StatusUndelivered, true, ""},
		{zoomconnect.StatusFailedOptOut, provider.StatusRejected, true, provider.OptedOut},
		{zoomconnect.StatusUnknown, provider.StatusUnknown, false, ""},
		{"TELEPORTED", provider.StatusUnknown, false, ""},
	}
	s := newServer(t)
	p := open(t, s.URL)
	id := send(t, p, provider.Message{Ref: "order-17", Tag: "spring"})
	for _, tt := range tests {
		t.Run(tt.word, func(t *testing.T) {
			require.True(t, s.SetStatus(id, tt.word))
			event, err := provider.ReadStatus(t.Context(), p, id)
			require.NoError(t, err)
			assert.NotEmpty(t, event.Raw)
			event.Raw = nil
			assert.Equal(t, &provider.Event{
				Kind: provider.Report, ID: id, Ref: "order-17", Status: tt.want, Final: tt.final, Code: tt.code, VendorStatus: tt.word,
				To: alice.String(), Text: "Hello", Segments: 1, Cost: &provider.Money{Micros: 1e6, Currency: provider.Credits},
				Extra: map[string]string{"campaign": "spring"},
			}, event)
		})
	}
	for _, id := range []string{"nothing", "", ".", "..", "a/b"} {
		_, err := p.Status(t.Context(), id)
		require.ErrorIs(t, err, provider.Rejected, "id %q", id)
	}
}

func TestFind(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	start := time.Now()
	send(t, p, provider.Message{Ref: "order-17-b"})
	id := send(t, p, provider.Message{Ref: "order-17"})
	find := func(m provider.Message, since time.Time) (*provider.Receipt, error) {
		return provider.Find(t.Context(), p, &m, since)
	}

	receipt, err := find(provider.Message{To: alice, Ref: "order-17"}, start)
	require.NoError(t, err)
	require.NotNil(t, receipt)
	assert.Equal(t, id, receipt.ID)
	assert.Equal(t, 1, receipt.Segments)

	absent := map[string]provider.Message{
		"only part of a ref": {To: alice, Ref: "order-1"},
		"another number":     {To: e164.MustParse("+27820000002"), Ref: "order-17"},
	}
	for name, m := range absent {
		receipt, err := find(m, start)
		require.NoError(t, err)
		assert.Nil(t, receipt, name)
	}
	receipt, err = find(provider.Message{To: alice, Ref: "order-17"}, start.Add(time.Hour))
	require.NoError(t, err)
	assert.Nil(t, receipt, "sent before")

	id = send(t, p, provider.Message{Ref: "later", SendAt: time.Date(2030, 1, 31, 18, 55, 0, 0, time.UTC)})
	receipt, err = find(provider.Message{To: alice, Ref: "later"}, start)
	require.NoError(t, err)
	require.NotNil(t, receipt, "scheduled")
	assert.Equal(t, id, receipt.ID)

	_, err = find(provider.Message{To: alice}, start)
	require.ErrorIs(t, err, provider.Unsupported)
	s.Fail(500, "")
	_, err = find(provider.Message{To: alice, Ref: "order-17"}, start)
	require.Error(t, err)
}

// Only the id, the ref and the number decide whether a listed message is ours.
func TestFindReadsLoosely(t *testing.T) {
	const known = `{"messageId":17,"userDataField":"order-17","toNumber":27820000001,`
	for name, rest := range map[string]string{
		"strings":      `"creditCost":"0.5","numberOfMessages":"2","deleted":"no","messageStatus":5}`,
		"objects":      `"creditCost":{},"numberOfMessages":[],"contact":"x","dateTimeSent":{},"campaign":false}`,
		"nonsense":     `"creditCost":"n/a","numberOfMessages":"two","repliedToMessage":[],"fromNumber":1.5}`,
		"text":         `"message":{"a":1}}`,
		"not a number": `"creditCost":"NaN"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.Fail(200, `{"page":"1","totalPages":"1","webServiceMessages":[`+known+rest+`]}`)
			receipt, err := open(t, s.URL).Find(t.Context(), &provider.Message{To: alice, Ref: "order-17"}, time.Now())
			require.NoError(t, err)
			require.NotNil(t, receipt)
			assert.Equal(t, "17", receipt.ID)
		})
	}
	t.Run("number of pages unreadable", func(t *testing.T) {
		s := newServer(t)
		s.Fail(200, `{"page":1,"totalPages":"many","webServiceMessages":[]}`)
		_, err := open(t, s.URL).Find(t.Context(), &provider.Message{To: alice, Ref: "order-17"}, time.Now())
		require.Error(t, err, "the message may be on a page that was not read")
	})
}

// A vendor that takes the message and loses the response makes the send indeterminate, and Find
// finds the message.
func TestFindSettlesIndeterminateSend(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	m := &provider.Message{To: alice, Text: "Hello", Ref: "order-17"}
	start := time.Now()
	s.FailWith(httpcalltest.Failure{Status: 502, After: true})
	_, err := p.Send(t.Context(), m)
	require.ErrorIs(t, err, provider.Indeterminate)
	receipt, err := p.Find(t.Context(), m, start)
	require.NoError(t, err)
	require.NotNil(t, receipt)
	assert.Equal(t, s.Messages()[0].ID, receipt.ID)
}
