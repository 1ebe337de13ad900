package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Money is an exact amount: millionths of a currency's major unit, or of a
// vendor's credits. It is never a float.
type Money struct {
	Micros   int64  // 1.50 EUR = 1_500_000
	Currency string // ISO 4217 in capitals, or [Credits]
}

// Credits is the Currency of vendors that count in their own units.
const Credits = "credits"

// ErrMoney is wrapped by every error about amounts.
var ErrMoney = errors.New("money")

const (
	microDigits  = 6
	microsInUnit = 1_000_000
)

// ParseMoney reads a decimal amount such as "0.087" or "-3". It accepts at most
// six decimals (apart from trailing zeros), no exponent, no blanks and no
// separators.
func ParseMoney(amount, currency string) (Money, error) {
	digits, negative := strings.CutPrefix(amount, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if whole == "" || dotted && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return Money{}, fmt.Errorf("%w: amount %q is not a decimal number such as 0.087", ErrMoney, amount)
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > microDigits {
		return Money{}, fmt.Errorf("%w: amount %q has more than %d decimals", ErrMoney, amount, microDigits)
	}
	micros, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", microDigits-len(fraction)), 10, 64)
	if err != nil {
		return Money{}, fmt.Errorf("%w: amount %q is too large", ErrMoney, amount)
	}
	if negative {
		micros = -micros
	}
	return Money{Micros: micros, Currency: currency}, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Amount returns the decimal number with as many decimals as it needs: "0.087".
func (m Money) Amount() string {
	magnitude := uint64(m.Micros)
	sign := ""
	if m.Micros < 0 {
		magnitude, sign = -magnitude, "-"
	}
	s := sign + strconv.FormatUint(magnitude/microsInUnit, 10)
	if rest := magnitude % microsInUnit; rest != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%06d", rest), "0")
	}
	return s
}

// String returns the amount and its currency: "0.087 AUD".
func (m Money) String() string { return m.Amount() + " " + m.Currency }

// Add returns m + n. It fails for different currencies and on overflow.
func (m Money) Add(n Money) (Money, error) {
	if m.Currency != n.Currency {
		return Money{}, fmt.Errorf("%w: cannot add %s to %s", ErrMoney, n.Currency, m.Currency)
	}
	sum := m.Micros + n.Micros
	if (sum > m.Micros) != (n.Micros > 0) {
		return Money{}, fmt.Errorf("%w: %s plus %s is too large", ErrMoney, m, n)
	}
	return Money{Micros: sum, Currency: m.Currency}, nil
}

// Mul returns m times n. It fails on overflow.
func (m Money) Mul(n int) (Money, error) {
	hi, lo := bits.Mul64(magnitude(m.Micros), magnitude(int64(n)))
	if hi != 0 || lo > math.MaxInt64 {
		return Money{}, fmt.Errorf("%w: %d times %s is too large", ErrMoney, n, m)
	}
	product := int64(lo)
	if (m.Micros < 0) != (n < 0) {
		product = -product
	}
	return Money{Micros: product, Currency: m.Currency}, nil
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// Compare orders two amounts of one currency: -1, 0 or +1.
func (m Money) Compare(n Money) (int, error) {
	if m.Currency != n.Currency {
		return 0, fmt.Errorf("%w: cannot compare %s with %s", ErrMoney, m.Currency, n.Currency)
	}
	return cmp.Compare(m.Micros, n.Micros), nil
}

type moneyJSON struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// MarshalJSON writes {"amount":"0.087","currency":"AUD"}.
func (m Money) MarshalJSON() ([]byte, error) {
	return json.Marshal(moneyJSON{m.Amount(), m.Currency})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Money) UnmarshalJSON(b []byte) error {
	var v moneyJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	parsed, err := ParseMoney(v.Amount, v.Currency)
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}
