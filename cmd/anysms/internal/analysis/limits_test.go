package analysis_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/provider"
)

func TestLimits(t *testing.T) {
	totals := file(t, "to,text\n+306900000001,"+strings.Repeat("ж", 71)+"\n+4915123456789,a\n", analysis.Options{
		ToColumn: "to", Number: number, Prices: prices(t, "a,GR,,EUR,0.05\nb,,,EUR,0.01\n", "a", "b"),
	})
	tests := []struct {
		name   string
		limits analysis.Limits
		want   []analysis.Violation
	}{
		{"none", analysis.Limits{}, []analysis.Violation{}},
		{"within", analysis.Limits{MaxSegments: 2, MaxCost: map[string]string{"b": "0.03"}}, []analysis.Violation{}},
		{"segments", analysis.Limits{MaxSegments: 1}, []analysis.Violation{{"max_segments", "1", "2"}}},
		{"gsm7", analysis.Limits{GSM7: true}, []analysis.Violation{{"require", "gsm7", "1 message in ucs2"}}},
		{"cost", analysis.Limits{MaxCost: map[string]string{"b": "0.02"}}, []analysis.Violation{{"max_cost", "0.02 EUR", "b 0.03 EUR"}}},
		{"an unpriced message exceeds it", analysis.Limits{MaxCost: map[string]string{"": "1"}},
			[]analysis.Violation{{"max_cost", "1 EUR", "a 0.1 EUR and 1 message without a price"}}},
		{"baseline", analysis.Limits{Baseline: &analysis.Totals{Messages: 10, Segments: 10, TotalCost: map[string]provider.Money{"b": {Micros: 100_000, Currency: "EUR"}}}},
			[]analysis.Violation{
				{"baseline", "1.0000 segments per message", "1.5000 segments per message"},
				{"baseline", "b 0.0100 EUR per message", "b 0.0150 EUR per message"}}},
		{"baseline unchanged", analysis.Limits{Baseline: totals}, []analysis.Violation{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.limits.Check(totals)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	for limit, want := range map[string]string{"nobody": `no prices for provider "nobody"`, "a": "is not a decimal number"} {
		_, err := (&analysis.Limits{MaxCost: map[string]string{limit: "x"}}).Check(totals)
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, (&analysis.Limits{MaxCost: map[string]string{"a": "1"}}).CheckPrices(prices(t, "a,,,EUR,1\n", "a")))
	assert.Error(t, (&analysis.Limits{MaxCost: map[string]string{"b": "1"}}).CheckPrices(prices(t, "a,,,EUR,1\n", "a")))
	_, err := (&analysis.Limits{MaxCost: map[string]string{"": "1"}}).Check(&analysis.Totals{})
	assert.ErrorContains(t, err, "max-cost needs prices")
}

func TestReadBaseline(t *testing.T) {
	b, err := json.Marshal(file(t, "text\na\n", analysis.Options{}))
	require.NoError(t, err)
	old, err := analysis.ReadBaseline(b)
	require.NoError(t, err)
	assert.Equal(t, 1, old.Messages)
	old, err = analysis.ReadBaseline([]byte(`{"encoding":"gsm7","segments":2}`))
	require.NoError(t, err)
	assert.Equal(t, 1, old.Messages, "the analysis of one text")
	for _, bad := range []string{"", "[]", "{}", `{"rows":0}`} {
		_, err := analysis.ReadBaseline([]byte(bad))
		assert.ErrorContains(t, err, "not the JSON of an analysis", "%q", bad)
	}
}
