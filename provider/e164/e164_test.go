package e164_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/e164"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, in string
		ok       bool
	}{
		{"greek mobile", "+306900000001", true},
		{"seven digits", "+6834000", true},
		{"fifteen digits", "+123456789012345", true},
		{"empty", "", false},
		{"plus alone", "+", false},
		{"no plus", "306900000001", false},
		{"six digits", "+683400", false},
		{"sixteen digits", "+1234567890123456", false},
		{"leading zero", "+0690000000", false},
		{"blank inside", "+30 6900000001", false},
		{"letter", "+30690000000a", false},
		{"two plus signs", "++30690000000", false},
		{"arabic digits", "+٣٠٦٩٠٠٠٠٠٠٠١", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := e164.Parse(tt.in)
			if !tt.ok {
				require.ErrorIs(t, err, e164.ErrSyntax)
				assert.True(t, n.IsZero(), "a bad number must come back as the zero Number")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.in, n.String())
			assert.Equal(t, tt.in[1:], n.Digits())
		})
	}
}

func TestParseErrorDoesNotRepeatTheNumber(t *testing.T) {
	_, err := e164.Parse("+30690000000x")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "690000000")
}

func TestSplit(t *testing.T) {
	tests := map[string]struct {
		code     int
		national string
	}{
		"+12025550123":   {1, "2025550123"},
		"+79161234567":   {7, "9161234567"},
		"+306900000001":  {30, "6900000001"},
		"+447700900123":  {44, "7700900123"},
		"+35799123456":   {357, "99123456"},
		"+27820000001":   {27, "820000001"},
		"+61491570156":   {61, "491570156"},
		"+6834000":       {683, "4000"},
		"+8801712345678": {880, "1712345678"},
		"+9991234567":    {999, "1234567"},
	}
	for in, want := range tests {
		t.Run(in, func(t *testing.T) {
			code, national := e164.MustParse(in).Split()
			assert.Equal(t, want.code, code)
			assert.Equal(t, want.national, national)
		})
	}
	code, national := e164.Number{}.Split()
	assert.Zero(t, code)
	assert.Empty(t, national)
}

func TestHasPrefix(t *testing.T) {
	n := e164.MustParse("+306900000001")
	for prefix, want := range map[string]bool{"": true, "3": true, "30": true, "3069": true, "306900000001": true, "3069000000011": false, "31": false} {
		assert.Equal(t, want, n.HasPrefix(prefix), "prefix %q", prefix)
	}
	assert.False(t, e164.Number{}.HasPrefix(""), "no number has no prefix")
}

func TestTextForms(t *testing.T) {
	type row struct {
		To e164.Number `json:"to"`
	}
	b, err := json.Marshal(row{e164.MustParse("+306900000001")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"to":"+306900000001"}`, string(b))

	var back row
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, e164.MustParse("+306900000001"), back.To)
	require.NoError(t, json.Unmarshal([]byte(`{"to":""}`), &back))
	assert.True(t, back.To.IsZero())
	require.Error(t, json.Unmarshal([]byte(`{"to":"6900000001"}`), &back))
}

func TestLogIsMasked(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("send", "to", e164.MustParse("+306900000001"))
	assert.NotContains(t, out.String(), "6900000001")
	assert.Contains(t, out.String(), "+30***")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+306900000001", "+1", "", "+00", "306900000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := e164.Parse(s)
		if err != nil {
			return
		}
		if n.String() != s {
			t.Errorf("Parse(%q).String() = %q", s, n.String())
		}
		code, national := n.Split()
		if got := fmt.Sprintf("+%d%s", code, national); got != s || strings.Contains(national, "+") {
			t.Errorf("Split(%q) joins to %q", s, got)
		}
	})
}

func ExampleParse() {
	n, err := e164.Parse("+306900000001")
	if err != nil {
		fmt.Println(err)
		return
	}
	code, national := n.Split()
	fmt.Println(n, code, national, n.Masked())
	// Output: +306900000001 30 6900000001 +30***
}
