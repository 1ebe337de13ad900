package otp

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/anysms/anysms/encoding/segment"
)

// placeholder stands for the code in a text.
const placeholder = "{code}"

// word matches what looks like a placeholder.
var word = regexp.MustCompile(`\{[\pL_][\pL\pN_.]*\}`)

// fits checks a text that is sent with codes of a length.
func (c *Config) fits(text string, length int) error {
	if !strings.Contains(text, placeholder) {
		return errors.New("has no {code}, which stands for the code")
	}
	for _, found := range word.FindAllString(text, -1) {
		if found != placeholder {
			return fmt.Errorf("%s is no placeholder; want {code}", found)
		}
	}
	a, err := segment.Analyze(c.render(text, strings.Repeat("0", length)), nil)
	if err != nil {
		return err
	}
	if a.Segments <= c.MaxSegments {
		return nil
	}
	room := fmt.Sprintf("takes %d segments as %s with a code of %d digits; want at most %d", a.Segments, a.Encoding, length, c.MaxSegments)
	if a.Encoding == segment.UCS2 {
		room += ": characters outside the GSM alphabet leave room for 70 in a segment, not 160"
	}
	return errors.New(room)
}

// render puts a code into a text.
func (c *Config) render(text, code string) string {
	text = strings.ReplaceAll(text, placeholder, code)
	if c.Domain == "" {
		return text
	}
	return text + "\n@" + c.Domain + " #" + code
}
