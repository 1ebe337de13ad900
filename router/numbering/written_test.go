package numbering_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/numbering"
)

// TestWritten has numbers as people write them, and as programs spoil them.
func TestWritten(t *testing.T) {
	for _, tt := range []struct{ raw, region, want string }{ // want: the number, or words of the error
		{"+30.694.123.4567", "", "+306941234567"},
		{"+30/694/1234567", "", "+306941234567"},
		{"(+30) 694 1234567", "", "+306941234567"},
		{"[+30] 694 1234567", "", "+306941234567"},
		{"+30 (694) 1234567", "", "+306941234567"},
		{"+30–694—123‑4567", "", "+306941234567"},
		{"+30\u00a0694\u202f123\u30004567", "", "+306941234567"},
		{"\u202a+30 694 123 4567\u202c", "", "+306941234567"},
		{"\u200e+306941234567\u200b", "", "+306941234567"},
		{"\ufeff+30694\u00ad1234567", "", "+306941234567"},
		{"+30\t694 1234567", "", "+306941234567"},
		{"'+306941234567", "", "+306941234567"},
		{"'6941234567", "GR", "+306941234567"},
		{"694-123-4567.", "GR", "+306941234567"},
		{"06.12.34.56.78", "FR", "+33612345678"},
		{"06.12.34.56.70", "FR", "+33612345670"},
		{"+33.612345678", "", "+33612345678"},
		{"0171/1234567", "DE", "+491711234567"},
		{"0171.1234567", "DE", "+491711234567"},
		{"(201) 555-0123", "US", "+12015550123"},
		{"1.201.555.0123", "US", "+12015550123"},
		{"+1 201 555 0100", "", "+12015550100"},
		{"09012345678", "JP", "+819012345678"},
		{"０９０−１２３４−５６７８", "JP", "+819012345678"},
		{"۰۹۱۲۳۴۵۶۷۸۹", "IR", "+989123456789"},
		{"TEL:+30-694-123-4567", "", "+306941234567"},
		{"tel:694-123-4567;phone-context=+30", "", "+306941234567"},
		{"00306941234567", "GR", "+306941234567"},
		{"306941234567", "GR", "+306941234567"},
		{"011 44 7400 123456", "US", "+447400123456"},

		{"+306941234567.0", "", "decimals"},
		{"+491711234567.0", "", "decimals"},
		{"306941234567.00", "GR", "decimals"},
		{"6941234567.000000", "GR", "decimals"},
		{"6941234567.5", "GR", "decimals"},
		{"6941234567.25", "GR", "decimals"},
		{"1712345.00", "DE", "decimals"}, // the fewest digits of an amount
		{"171234.56", "DE", "+4917123456"},
		{"+49 171 1234567.0", "", "decimals"},
		{"+49.1711234567.0", "", "decimals"},
		{"+30 694 1234567．0", "", "decimals"},
		{"tel:+306941234567.0", "", "decimals"},
		{"6941234567,0", "GR", "decimals"},
		{"3.06941234567E+11", "GR", "scientific"},
		{"3.06941E11", "GR", "scientific"},
		{"3,06941E+11", "GR", "scientific"},
		{"6941234567x", "GR", "letters"},
		{"ABCDE +306941234567", "", "letters"},
		{"+306941234567 Ann", "", "letters"},
		{"Tel. +306941234567", "", "letters"},
		{"+3069412E4567", "", "letters"},
		{"+30694123456O", "", "letters"},
		{"+30694123456l", "", "letters"},
		{"1-800-FLOWERS", "US", "letters"},
		{"+306941234567α", "", "letters"},
		{"nan", "GR", "not a telephone number"},
		{"#N/A", "GR", "not a telephone number"},
		{"+306941234567 ext 5", "", "extension"},
		{"+12125550123x7", "", "extension"},
		{"+1 212 555 0123 #7", "", "extension"},
		{"tel:+1-212-555-0123;ext=7", "", "extension"},
		{"09012345678～5", "JP", "extension"},
		{"tel:+306941234567;colour=red", "", `unknown parameter "colour"`},
		{"+306941234567, +306941234568", "", `','`},
		{"+306941234567;+306941234568", "", `';'`},
		{"+306941234567 +306941234568", "", "plus sign"},
		{"+306941234567\n+306941234568", "", "line break"},
		{"30+6941234567", "GR", "plus sign"},
		{"++306941234567", "", "plus sign"},
		{"-306941234567", "GR", `'-'`},
		{"=\"306941234567\"", "GR", `'='`},
		{"\"+306941234567\"", "", `'"'`},
		{"*100#", "GR", `'*'`},
		{"$6941234567", "GR", `'$'`},
		{"694123456²", "GR", `'²'`},
		{"69412345\xff67", "GR", "UTF-8"},
		{"69412345\x0067", "GR", `'\x00'`},
	} {
		t.Run(tt.raw, func(t *testing.T) {
			n, _, err := numbering.Parse(tt.raw, tt.region)
			if strings.HasPrefix(tt.want, "+") {
				require.NoError(t, err)
				assert.Equal(t, tt.want, n.String())
				return
			}
			require.ErrorIs(t, err, provider.InvalidRecipient, "%s", n)
			assert.Contains(t, err.Error(), tt.want)
			assert.NotContains(t, err.Error(), "41234567", "the error does not repeat the number")
		})
	}
}

// What is accepted has no letter, and ends in the digits of the number.
func FuzzWritten(f *testing.F) {
	for _, s := range []string{"+306941234567.0", "6941234567x", "+30 (694) 123-4567", "'694 1234567", "٠٦٩٤١٢٣٤٥٦٧", "3.06941E+11", "694\u200b1234567"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		n, _, err := numbering.Parse(raw, "GR")
		if err != nil || len(raw) > 4 && strings.EqualFold(raw[:4], "tel:") {
			return
		}
		var digits strings.Builder
		for _, r := range raw {
			if unicode.IsLetter(r) {
				t.Fatalf("%q has a letter", raw)
			}
			if r >= '0' && r <= '9' {
				digits.WriteRune(r)
			} else if unicode.IsDigit(r) {
				return // of another script
			}
		}
		if _, national := n.Split(); !strings.HasSuffix(digits.String(), national) {
			t.Fatalf("%q became %s", raw, n)
		}
	})
}
