package numbering

import (
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering/internal/plan"
)

// What phonenumbers is asked for, where there is no plan, it says of the same number:
// its verdict is the plan's, zeros at the beginning of the national part included.
func TestAsk(t *testing.T) {
	numbers := []string{
		"+390612345678", "+3900612345678", "+390000000000", "+39000000000", "+378054912345", "+441212345678", "+4401212345678",
		"+306941234567", "+30694123456", "+99912345678", "+80012345678", "+870773111632",
	}
	for region := range phonenumbers.GetSupportedRegions() {
		if n := phonenumbers.GetExampleNumber(region); n != nil {
			numbers = append(numbers, phonenumbers.Format(n, phonenumbers.E164))
		}
	}
	valid := 0
	for _, s := range numbers {
		n, err := e164.Parse(s)
		if err != nil {
			continue // a short one
		}
		want, known := plan.Lookup(n)
		want.Prefixed = false
		got := ask(n)
		if known {
			assert.Equal(t, want, got, s)
		} else {
			assert.False(t, got.Valid, s)
		}
		if got.Valid {
			valid++
		}
	}
	require.Greater(t, valid, 150)
	zeros := phoneNumber(e164.MustParse("+3900612345678"))
	assert.True(t, zeros.GetItalianLeadingZero())
	assert.EqualValues(t, 2, zeros.GetNumberOfLeadingZeros())
	none := phoneNumber(e164.MustParse("+306941234567"))
	assert.Nil(t, none.ItalianLeadingZero)
	assert.Nil(t, none.NumberOfLeadingZeros)
	alone := phoneNumber(e164.MustParse("+39000000000"))
	assert.EqualValues(t, 8, alone.GetNumberOfLeadingZeros())
}
