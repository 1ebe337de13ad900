package zoomconnect

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzValues is inside the package: each parser on its own is what may panic.
func FuzzValues(f *testing.F) {
	for _, s := range []string{`1704164645000`, `"2024-01-02T05:04:05.000+0200"`, `null`, `1e300`, `-0.0000001`, `"17"`, `{}`, `[`, `999999999999999999`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v struct {
			T Time
			C Credits
			I ID
			L looseText
		}
		for _, field := range []string{"T", "C", "I", "L"} {
			_ = json.Unmarshal([]byte(`{"`+field+`":`+string(b)+`}`), &v)
		}
		_ = international(string(b))
		_, _ = parseMessage(b)
		if _, err := json.Marshal(v.C); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(v.T); err != nil {
			t.Error(err)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("2030-01-31T20:55:00Z 17 18")
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := parseCursor(cursor)
		if err != nil {
			return
		}
		next := p.advance([]*Message{{MessageID: "x", DateTimeReceived: Time{time.Unix(1, 0)}}}, time.Minute)
		again, err := parseCursor(p.String())
		if err != nil || !again.at.Equal(p.at) || len(again.ids) != len(p.ids) || next.at.Before(p.at) {
			t.Errorf("%q gives %v, which reads back as %v, %v", cursor, p, again, err)
		}
	})
}
