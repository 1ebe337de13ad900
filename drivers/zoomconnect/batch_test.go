package zoomconnect_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/provider"
)

func TestBatch(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL, func(c *zoomconnect.Config) { c.MaxBatch, c.MessagesPerMinute = 3, 60 })
	batch := []*provider.Message{
		{To: alice, Text: "one", Ref: "1"},
		{To: alice, Text: "two", From: "Shop"},
		{To: alice, Text: "three", Ref: "3", SendAt: time.Date(2030, 1, 31, 18, 55, 0, 0, time.UTC)},
		{To: alice, Text: "four", Ref: "4"},
	}
	verdicts := provider.SendBatch(t.Context(), p, batch)
	require.Len(t, verdicts, 4)
	assert.Equal(t, 2, s.Requests(), "three, then one")
	require.ErrorIs(t, verdicts[1].Err, provider.Unsupported)
	sent := s.Messages()
	require.Len(t, sent, 3)
	for i, n := range []int{0, 2, 3} {
		require.NoError(t, verdicts[n].Err)
		assert.Equal(t, sent[i].ID, verdicts[n].Receipt.ID)
		assert.Equal(t, batch[n].Text, sent[i].Text)
		assert.Equal(t, batch[n].Ref, sent[i].DataField)
	}
	assert.Equal(t, batch[2].SendAt, sent[1].SendAt.UTC())
}

func TestBatchVerdicts(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   [2]provider.Code
	}{
		{"one of two", 200, `{"sendSmsResponses":[{"messageId":null,"error":"Invalid mobile number"},{"messageId":"2"}]}`, [2]provider.Code{provider.InvalidRecipient, ""}},
		{"one without anything", 200, `{"sendSmsResponses":[{"messageId":"1"},{}]}`, [2]provider.Code{"", provider.Indeterminate}},
		{"one that is not an object", 200, `{"sendSmsResponses":[{"messageId":"1"},7]}`, [2]provider.Code{"", provider.Indeterminate}},
		{"too few", 200, `{"sendSmsResponses":[{"messageId":"1"}]}`, [2]provider.Code{provider.Indeterminate, provider.Indeterminate}},
		{"too many", 200, `{"sendSmsResponses":[{"messageId":"1"},{"messageId":"2"},{"messageId":"3"}]}`, [2]provider.Code{provider.Indeterminate, provider.Indeterminate}},
		{"results and an error body", 200, `{"sendSmsResponses":[{"messageId":"1"},{"messageId":"2"}],"code":1,"message":"x"}`, [2]provider.Code{provider.Indeterminate, provider.Indeterminate}},
		{"error body without results", 200, `{"sendSmsResponses":null,"code":17,"message":"x"}`, [2]provider.Code{provider.Unavailable, provider.Unavailable}},
		{"page", 200, `<html>`, [2]provider.Code{provider.Indeterminate, provider.Indeterminate}},
		{"refused as a whole", 400, `{"code":2,"message":"Invalid mobile number"}`, [2]provider.Code{provider.Unavailable, provider.Unavailable}},
		{"no credentials", 401, ``, [2]provider.Code{provider.Unauthenticated, provider.Unauthenticated}},
		{"doubt", 500, ``, [2]provider.Code{provider.Indeterminate, provider.Indeterminate}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.Fail(tt.status, tt.body)
			verdicts := open(t, s.URL).SendBatch(t.Context(), []*provider.Message{{To: alice, Text: "1"}, {To: alice, Text: "2"}})
			require.Len(t, verdicts, 2)
			for i, v := range verdicts {
				assert.Equal(t, tt.want[i], provider.CodeOf(v.Err), "message %d", i)
				assert.Equal(t, v.Err == nil, v.Receipt != nil)
				assert.False(t, tt.want[i] == provider.Unavailable && errors.Is(v.Err, provider.InvalidRecipient), "the number of another message is no fault of this one")
			}
			assert.Equal(t, 1, s.Requests())
		})
	}
}
