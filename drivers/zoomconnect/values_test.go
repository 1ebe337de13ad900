package zoomconnect

import (
	"encoding/json"
	"testing"
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
		}
		for _, field := range []string{"T", "C", "I"} {
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
