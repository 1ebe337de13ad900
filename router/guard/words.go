package guard

import (
	"strings"
	"time"
)

// spell writes a duration without zeros at the end: 1h, not 1h0m0s.
func spell(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// about says which messages a rule is about.
func about(m *Match) string {
	if s := m.String(); s != "" {
		return " (" + s + ")"
	}
	return ""
}
