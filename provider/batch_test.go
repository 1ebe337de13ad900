package provider_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// bulkVendor records the refs of each request.
type bulkVendor struct {
	caps     provider.Capabilities
	requests []string
}

func (v *bulkVendor) Capabilities() provider.Capabilities { return v.caps }

func (v *bulkVendor) Send(context.Context, *provider.Message) (*provider.Receipt, error) {
	return nil, provider.NewError(provider.Unsupported, "batches only")
}

func (v *bulkVendor) SendBatch(_ context.Context, ms []*provider.Message) []provider.Verdict {
	refs := make([]string, len(ms))
	verdicts := make([]provider.Verdict, len(ms))
	for i, m := range ms {
		refs[i] = m.Ref
		verdicts[i].Receipt = &provider.Receipt{ID: "id-" + m.Ref}
	}
	v.requests = append(v.requests, strings.Join(refs, " "))
	return verdicts
}

func TestSendBatchMakesOneRequestPerCall(t *testing.T) {
	var (
		at  = time.Date(2030, 1, 2, 15, 4, 5, 0, time.UTC)
		ann = must(e164.Parse("+306900000001"))
		bob = must(e164.Parse("+306900000002"))
	)
	// Messages a to h differ from a in one field each.
	messages := []*provider.Message{
		{Ref: "a", To: ann, Text: "hello"},
		{Ref: "b", To: bob, Text: "hello"},
		{Ref: "c", To: bob, Text: "other"},
		{Ref: "d", To: bob, Text: "hello", From: "Shop"},
		{Ref: "e", To: bob, Text: "hello", SendAt: at},
		{Ref: "f", To: bob, Text: "hello", Validity: time.Minute},
		{Ref: "g", To: bob, Text: "hello", Class: provider.Marketing},
		{Ref: "h", To: bob, Text: "hello", Extra: map[string]string{"acme.k": "v", "acme.l": "w"}},
	}
	tests := []struct {
		name  string
		max   int
		rules []provider.BatchRule
		want  []string
	}{
		{"no rule", 9, nil, []string{"a b c d e f g h"}},
		{"a size", 3, nil, []string{"a b c", "d e f", "g h"}},
		{"text", 9, []provider.BatchRule{provider.SameText}, []string{"a b d e f g h", "c"}},
		{"from", 9, []provider.BatchRule{provider.SameFrom}, []string{"a b c e f g h", "d"}},
		{"send_at", 9, []provider.BatchRule{provider.SameSendAt}, []string{"a b c d f g h", "e"}},
		{"validity", 9, []provider.BatchRule{provider.SameValidity}, []string{"a b c d e g h", "f"}},
		{"class", 9, []provider.BatchRule{provider.SameClass}, []string{"a b c d e f h", "g"}},
		{"extra", 9, []provider.BatchRule{provider.SameExtra}, []string{"a b c d e f g", "h"}},
		{"recipients", 9, []provider.BatchRule{provider.DistinctTo}, []string{"a b", "c", "d", "e", "f", "g", "h"}},
		{"two rules and a size", 2, []provider.BatchRule{provider.SameText, provider.SameFrom}, []string{"a b", "c", "d", "e f", "g h"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &bulkVendor{caps: provider.Capabilities{Features: provider.HasBatch, MaxBatch: tt.max, BatchRules: tt.rules}}
			require.NoError(t, provider.CheckCapabilities(v))
			verdicts := provider.SendBatch(t.Context(), v, messages)
			assert.Equal(t, tt.want, v.requests)
			require.Len(t, verdicts, len(messages))
			for i, m := range messages {
				require.NoError(t, verdicts[i].Err)
				assert.Equal(t, "id-"+m.Ref, verdicts[i].Receipt.ID, "each message has its own verdict")
			}
		})
	}
}

func TestBatchKey(t *testing.T) {
	all := provider.Capabilities{BatchRules: []provider.BatchRule{
		provider.SameText, provider.SameFrom, provider.SameSendAt, provider.SameValidity, provider.SameClass, provider.SameExtra,
	}}
	at := time.Date(2030, 1, 2, 15, 4, 5, 0, time.UTC)
	one := &provider.Message{Text: "hello", SendAt: at, Extra: map[string]string{"a.b": "1", "c.d": "2"}}
	same := &provider.Message{
		Text: "hello", SendAt: at.In(time.FixedZone("", 3600)), Extra: map[string]string{"c.d": "2", "a.b": "1"},
		Ref: "other", Tag: "other", Deadline: at, Delivery: provider.AtLeastOnce, To: must(e164.Parse("+306900000001")),
	}
	assert.Equal(t, all.BatchKey(one), all.BatchKey(same), "what no rule names does not count")

	shifted := &provider.Message{Text: "hello", SendAt: at, Extra: map[string]string{"a.b": `1","c.d"="2`}}
	assert.NotEqual(t, all.BatchKey(one), all.BatchKey(shifted), "values cannot imitate keys")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
