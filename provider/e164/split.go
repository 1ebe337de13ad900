package e164

import "strconv"

// Split separates the country calling code from the national (significant)
// number: 30 and "6900000001". For the zero Number it returns 0 and "".
//
// Calling codes are prefix-free (ITU-T E.164 Annex to OB 1114): 1 and 7 stand
// alone, those that the annex lists with two digits have two, and every other code
// has three. A code that the ITU has not assigned is split by the same rule.
func (n Number) Split() (callingCode int, national string) {
	s := n.Digits()
	if s == "" {
		return 0, ""
	}
	size := codeSize(s)
	code, _ := strconv.Atoi(s[:size]) // s is digits by construction
	return code, s[size:]
}

func codeSize(digits string) int {
	if digits[0] == '1' || digits[0] == '7' {
		return 1
	}
	switch digits[:2] {
	case "20", "27",
		"30", "31", "32", "33", "34", "36", "39",
		"40", "41", "43", "44", "45", "46", "47", "48", "49",
		"51", "52", "53", "54", "55", "56", "57", "58",
		"60", "61", "62", "63", "64", "65", "66",
		"81", "82", "84", "86",
		"90", "91", "92", "93", "94", "95", "98":
		return 2
	}
	return 3
}

// HasPrefix reports whether the number's digits begin with prefix, which is
// written without a plus sign. Every number has the empty prefix, except the
// zero Number.
func (n Number) HasPrefix(prefix string) bool {
	if n.IsZero() {
		return false
	}
	var buf [MaxDigits]byte
	digits := strconv.AppendUint(buf[:0], n.digits, 10)
	return len(prefix) <= len(digits) && string(digits[:len(prefix)]) == prefix
}
