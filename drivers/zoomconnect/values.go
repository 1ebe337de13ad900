package zoomconnect

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// The vendor's date formats, all in its own time zone.
const (
	minuteForm     = "200601021504"   // dateToSend, and the date of a reply
	secondForm     = "20060102150405" // nonce-date
	dayForm        = "20060102"       // filters of messages
	statisticsForm = "02-01-2006"     // filters of statistics
)

// date formats a time; the zero time is "".
func (c *Config) date(t time.Time, form string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(c.zone).Format(form)
}

// minute formats the time to send. It is never earlier than requested: the
// vendor has no seconds.
func (c *Config) minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return c.date(t.Add(time.Minute-1).Truncate(time.Minute), minuteForm)
}

// Time is a time in a response: milliseconds since 1970, or an ISO 8601 string.
// Anything else, null, and times beyond the year 9999 are the zero time.
type Time struct{ time.Time }

// maxMillis is the end of the year 9999, the last year of RFC 3339.
const maxMillis = 253402300799999

// UnmarshalJSON never fails, because no decision depends on a date.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && ms >= 0 && ms <= maxMillis {
		*t = Time{time.UnixMilli(ms).UTC()}
		return nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(form, s); err == nil {
			*t = Time{at.UTC()}
			return nil
		}
	}
	return nil
}

// Credits is an amount in the vendor's credits, which are not money.
type Credits struct{ provider.Money }

// UnmarshalJSON reads a JSON number; null is nothing. More than six decimals are
// rounded.
func (c *Credits) UnmarshalJSON(b []byte) error {
	amount := string(bytes.TrimSpace(b))
	if amount == "null" {
		return nil
	}
	credits, err := parseCredits(amount)
	if err == nil {
		*c = credits
	}
	return err
}

func parseCredits(amount string) (Credits, error) {
	money, err := provider.ParseMoney(amount, provider.Credits)
	if err == nil {
		return Credits{money}, nil
	}
	// With an exponent, or an artefact such as 0.30000000000000004.
	f, err := strconv.ParseFloat(amount, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return Credits{}, fmt.Errorf("%q is not an amount of credits", amount)
	}
	money, err = provider.ParseMoney(strconv.FormatFloat(f, 'f', 6, 64), provider.Credits)
	return Credits{money}, err
}

// MarshalJSON writes a JSON number.
func (c Credits) MarshalJSON() ([]byte, error) { return []byte(c.Amount()), nil }

// ID is the vendor's opaque id. It comes as a string or as a number.
type ID string

// UnmarshalJSON never fails; a value of another type, or of blanks, is "".
func (id *ID) UnmarshalJSON(b []byte) error {
	*id = ID(loosejson.IDOf(b))
	return nil
}

// international returns a number in E.164 form, whether it has its plus sign,
// no plus sign, or the space that a plus sign becomes in a query; anything else
// is returned unchanged.
func international(s string) string {
	n, err := e164.ParseDigits(strings.TrimLeft(s, " +"))
	if err != nil {
		return s
	}
	return n.String()
}
