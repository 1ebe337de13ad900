package numbering_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

func TestParse(t *testing.T) {
	tests := []struct{ name, raw, region, want string }{
		{"international", "+306941234567", "", "+306941234567"},
		{"blanks and dashes", " +30 694-123 4567 ", "", "+306941234567"},
		{"double zero", "0030 694 123 4567", "GR", "+306941234567"},
		{"national", "694 123 4567", "GR", "+306941234567"},
		{"national with trunk zero", "07400 123456", "GB", "+447400123456"},
		{"trunk zero after the calling code", "+44 (0)7400 123456", "", "+447400123456"},
		{"trunk zero after the calling code, no blanks", "+4407400123456", "", "+447400123456"},
		{"italian zero stays", "+390612345678", "", "+390612345678"},
		{"tel uri", "tel:+30-694-123-4567", "", "+306941234567"},
		{"full width digits", "＋３０６９４１２３４５６７", "", "+306941234567"},
		{"only the plus sign is missing", "306941234567", numbering.International, "+306941234567"},
		{"only the plus sign is missing, with blanks", " 30 694 123 4567", numbering.International, "+306941234567"},
		{"announced calling code, with a plus sign", "+306941234567", numbering.International, "+306941234567"},
		{"announced calling code, with zeros", "00306941234567", numbering.International, "+306941234567"},
		{"arabic digits", "٠٧٤٠٠١٢٣٤٥٦", "GB", "+447400123456"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, v, err := numbering.Parse(tt.raw, tt.region)
			require.NoError(t, err)
			assert.Equal(t, tt.want, n.String())
			assert.True(t, v.Valid)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, raw, region, want string }{
		{"empty", "", "GR", "empty"},
		{"blank", "   ", "GR", "empty"},
		{"words", "hello", "GR", "not a telephone number"},
		{"vanity", "+1 800 FLOWERS", "", "letters"},
		{"extension", "+1 212 555 0123 ext. 7", "", "extension"},
		{"national without region", "6941234567", "", "calling code"},
		{"unassigned calling code", "+9991234567 8", "GR", "calling code"},
		{"too long", "+30 6941234567 6941234567", "", "too long"},
		{"national, with zeros alone", "000000000", "", "calling code"},
		{"calling code of no country", "999 123 4567", numbering.International, "the number has no known calling code"},
		{"national form, but its calling code was announced", "0694 123 4567", numbering.International, "the number has no known calling code"},
		{"calling code of a region", "+999 123 4567", "GR", "the number has no known calling code"},
		{"no region", "+999 123 4567", "", "write it with one, such as +30"},
		{"longest", "+30 69" + strings.Repeat("-", 94), "GR", "too short"},
		{"longer", "+30 69" + strings.Repeat("-", 95), "GR", "the number is too long"},
		{"much too long", fmt.Sprintf("%0200d", 7), "GR", "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, _, err := numbering.Parse(tt.raw, tt.region)
			require.ErrorIs(t, err, provider.InvalidRecipient)
			assert.Contains(t, err.Error(), tt.want)
			assert.True(t, n.IsZero())
		})
	}
	_, _, err := numbering.Parse("6941234567", "Greece")
	require.ErrorContains(t, err, `unknown region "Greece"`)
	assert.NotErrorIs(t, err, provider.InvalidRecipient, "the region is the program's mistake, not the number's")
}

func TestVerdict(t *testing.T) {
	tests := []struct {
		number   string
		textable bool
		kind     numbering.Type
		region   string
	}{
		{"+306941234567", true, numbering.Mobile, "GR"},
		{"+302101234567", false, numbering.FixedLine, "GR"},
		{"+12015550123", true, numbering.FixedLineOrMobile, "US"},
		{"+14165550123", true, numbering.FixedLineOrMobile, "CA"},
		{"+447400123456", true, numbering.Mobile, "GB"},
		{"+4407400123456", false, numbering.Unknown, ""},
		{"+35796123456", true, numbering.Mobile, "CY"},
		{"+77710009998", true, numbering.Mobile, "KZ"},
		{"+79123456789", true, numbering.Mobile, "RU"},
		{"+8001234567", false, numbering.Unknown, ""},
		{"+80012345678", false, numbering.TollFree, ""},
		{"+306900000001", true, numbering.Mobile, "GR"},
		{"+3069412345", false, numbering.Unknown, "GR"},
	}
	for _, tt := range tests {
		t.Run(tt.number, func(t *testing.T) {
			n := e164.MustParse(tt.number)
			v := numbering.Judge(n)
			assert.Equal(t, tt.textable, v.Textable(), "%+v", v)
			assert.Equal(t, tt.kind, v.Type)
			assert.Equal(t, tt.region, v.Region)
			assert.Equal(t, tt.region, numbering.Region(n))
			assert.Equal(t, tt.textable, v.Reason() == "", v.Reason())
		})
	}
	assert.False(t, numbering.Judge(e164.Number{}).Possible)
	assert.Empty(t, numbering.Region(e164.Number{}))
}

// The verdict must be the library's own on its example of every type in every
// region.
func TestVerdictOfEveryExample(t *testing.T) {
	seen := 0
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := range phonenumbers.UNKNOWN {
			p := phonenumbers.GetExampleNumberForType(region, kind)
			if p == nil {
				continue
			}
			n, err := e164.Parse(phonenumbers.Format(p, phonenumbers.E164))
			if err != nil {
				continue // longer or shorter than E.164 has them
			}
			v := numbering.Judge(n)
			assert.Equal(t, phonenumbers.IsValidNumber(p), v.Valid, "%s %v", region, kind)
			assert.Equal(t, phonenumbers.IsPossibleNumberWithReason(p) == phonenumbers.IS_POSSIBLE, v.Possible, "%s %v", region, kind)
			if v.Valid {
				assert.Equal(t, phonenumbers.GetRegionCodeForNumber(p), numbering.Region(n), "%s %v", region, kind)
			}
			seen++
		}
	}
	assert.Greater(t, seen, 500)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+306941234567", "694 123 4567", "tel:+30;ext=1", "\xff", "+"} {
		f.Add(s, "GR")
	}
	f.Fuzz(func(t *testing.T, raw, region string) {
		n, _, err := numbering.Parse(raw, region)
		if err == nil && n.IsZero() {
			t.Error("neither a number nor an error")
		}
	})
}

func ExampleParse() {
	n, verdict, err := numbering.Parse("694 123 4567", "GR")
	fmt.Println(n, verdict.Type, verdict.Textable(), err)
	// Output: +306941234567 mobile true <nil>
}

func ExampleJudge() {
	for _, s := range []string{"+306941234567", "+302101234567", "+3012345678"} {
		if verdict := numbering.Judge(e164.MustParse(s)); verdict.Textable() {
			fmt.Println(s, verdict.Region, verdict.Type)
		} else {
			fmt.Println(s, verdict.Region, verdict.Reason())
		}
	}
	// Output:
	// +306941234567 GR mobile
	// +302101234567 GR the number is valid, but its type is fixed_line, which receives no messages
	// +3012345678 GR no number with its calling code has this length
}

func TestRegions(t *testing.T) {
	assert.Equal(t, []string{"GR"}, numbering.Regions("3069"))
	assert.Contains(t, numbering.Regions("1"), "CA")
	assert.Contains(t, numbering.Regions("44"), "GB")
	assert.Nil(t, numbering.Regions("3"))
	assert.Nil(t, numbering.Regions(""))
	assert.Nil(t, numbering.Regions("x"))
	assert.Empty(t, numbering.Regions("800"))
	assert.NotNil(t, numbering.Regions("800"), "a calling code of no country")
}
