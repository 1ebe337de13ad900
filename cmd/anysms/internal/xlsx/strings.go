package xlsx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// richXML is a text, whole or in runs with formats of their own. Phonetic hints are
// left out.
type richXML struct {
	Text string `xml:"t"`
	Runs []struct {
		Text string `xml:"t"`
	} `xml:"r"`
}

func (r *richXML) String() string {
	if len(r.Runs) == 0 {
		return unescape(r.Text)
	}
	var all strings.Builder
	for _, run := range r.Runs {
		all.WriteString(run.Text)
	}
	return unescape(all.String())
}

// escaped is a character that XML cannot hold, or an underscore that could be taken
// for the beginning of one.
var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// unescape also makes one newline of each line end.
func unescape(s string) string {
	if strings.Contains(s, "_x") {
		s = escaped.ReplaceAllStringFunc(s, func(code string) string {
			r, err := strconv.ParseUint(code[2:6], 16, 16)
			if err != nil {
				return code
			}
			return string(rune(r))
		})
	}
	return strings.ReplaceAll(s, "\r\n", "\n")
}

// readStrings reads the texts that cells refer to by number.
func (b *Workbook) readStrings(part string) ([]string, error) {
	r, err := b.open(part)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all []string
	d := xml.NewDecoder(r)
	read := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "si" {
			continue
		}
		var text richXML
		if err := d.DecodeElement(&text, &start); err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
		all = append(all, text.String())
		if read += len(all[len(all)-1]); read > maxPart {
			return nil, fmt.Errorf("%s: more than %d bytes of text", part, maxPart)
		}
	}
}
