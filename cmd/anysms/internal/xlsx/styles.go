package xlsx

import "strings"

// format is a number format: one of the built-in ones, or a code such as "0.00%".
type format struct {
	id   int
	code string // "" = built in
}

// styles are the number formats of cell styles.
type styles []format

type stylesXML struct {
	Formats []struct {
		ID   int    `xml:"numFmtId,attr"`
		Code string `xml:"formatCode,attr"`
	} `xml:"numFmts>numFmt"`
	Cells []struct {
		Format int `xml:"numFmtId,attr"`
	} `xml:"cellXfs>xf"`
}

func (b *Workbook) readStyles(part string) (styles, error) {
	var read stylesXML
	if err := b.decode(part, &read); err != nil {
		return nil, err
	}
	codes := make(map[int]string, len(read.Formats))
	for _, f := range read.Formats {
		codes[f.ID] = f.Code
	}
	all := make(styles, len(read.Cells))
	for i, c := range read.Cells {
		all[i] = format{id: c.Format, code: codes[c.Format]}
	}
	return all, nil
}

func (s styles) of(style int) format {
	if style < 0 || style >= len(s) {
		return format{}
	}
	return s[style]
}

// general reports whether a number is shown with the digits that it has.
func (f format) general() bool {
	const builtInText = 49
	switch f.code {
	case "":
		return f.id == 0 || f.id == builtInText
	case "General", "GENERAL", "general", "@":
		return true
	}
	return false
}

// date reports whether a number is shown as a date or a time.
func (f format) date() bool {
	if f.code == "" {
		return f.id >= 14 && f.id <= 22 || f.id >= 27 && f.id <= 36 || f.id >= 45 && f.id <= 47 || f.id >= 50 && f.id <= 58
	}
	return strings.ContainsAny(strings.ToLower(withoutLiterals(f.code)), "ymdhs")
}

// shortDate is how a date is written whose format is the computer's own: the only
// form that means the same to everybody.
const shortDate = "yyyy-mm-dd"

// definition is the code of a format, "" for one that is not known.
func (f format) definition() string {
	if f.code != "" {
		return f.code
	}
	return builtIn(f.id)
}

// builtIn is the code of a built-in format (ECMA-376, part 1, section 18.8.30; 41 to 44
// are Excel's own). The dates of the computer's own format or an East Asian calendar are
// in the form that means the same to everybody.
func builtIn(id int) string {
	if id >= 27 && id <= 36 || id >= 50 && id <= 58 {
		return shortDate
	}
	return map[int]string{
		1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
		14: shortDate, 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: shortDate + " h:mm",
		37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)",
		41: `_(* #,##0_);_(* \(#,##0\);_(* "-"_);_(@_)`, 42: `_("$"* #,##0_);_("$"* \(#,##0\);_("$"* "-"_);_(@_)`,
		43: `_(* #,##0.00_);_(* \(#,##0.00\);_(* "-"??_);_(@_)`, 44: `_("$"* #,##0.00_);_("$"* \(#,##0.00\);_("$"* "-"??_);_(@_)`,
		45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
	}[id]
}

// sections splits a code at its semicolons: formats of positive numbers, negative
// numbers, zero, texts.
func sections(code string) (parts []string) {
	start, quoted := 0, false
	for at := 0; at < len(code); at++ {
		switch {
		case code[at] == '"':
			quoted = !quoted
		case code[at] == '\\' && !quoted:
			at++
		case code[at] == ';' && !quoted:
			parts = append(parts, code[start:at])
			start = at + 1
		}
	}
	return append(parts, code[start:])
}

// withoutLiterals removes from a format's code what is shown as it stands, and
// conditions, colours and locales; elapsed times such as [h] stay.
func withoutLiterals(code string) string {
	var rest strings.Builder
	for at := 0; at < len(code); at++ {
		switch code[at] {
		case '"':
			end := strings.IndexByte(code[at+1:], '"')
			if end < 0 {
				return rest.String()
			}
			at += end + 1
		case '\\', '_', '*':
			at++
		case '[':
			end := strings.IndexByte(code[at:], ']')
			if end < 0 {
				return rest.String()
			}
			if elapsed := code[at+1 : at+end]; elapsed != "" && strings.Trim(strings.ToLower(elapsed), "hms") == "" {
				rest.WriteString(elapsed)
			}
			at += end
		default:
			rest.WriteByte(code[at])
		}
	}
	return rest.String()
}
