package table

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestJSONLine(t *testing.T) {
	tests := []struct{ name, line, to, text, problem string }{
		{"plain", `{"to":"+30","text":"Hi"}`, "+30", "Hi", ""},
		{"order and blanks", ` { "text" : "Hi" , "to":"+30" } `, "+30", "Hi", ""},
		{"escapes", `{"text":"a\"b\\c\/d\n\u20ac\ud83d\ude00"}`, "", "a\"b\\c/d\n€😀", ""},
		{"number and null", `{"to":306900000001,"text":null}`, "306900000001", "", ""},
		{"others are skipped", `{"x":{"a":[1,-2.5e+3,{"b":null}],"c":""},"text":"Hi","y":[]}`, "", "Hi", ""},
		{"key twice", `{"text":"a","text":"b"}`, "", "", `the key "text" is there twice`},
		{"escaped key", `{"t\u0065xt":"a"}`, "", "a", ""},
		{"empty", `{}`, "", "", ""},
		{"list", `["a"]`, "", "", "the line is not a JSON object"},
		{"text is a list", `{"text":["a"]}`, "", "", `key "text": got a list or an object; want a string`},
		{"cut", `{"text":"a`, "", "", `key "text": unterminated string`},
		{"cut in an escape", `{"text":"a\`, "", "", `key "text": unterminated string`},
		{"half a surrogate", `{"text":"\ud83d"}`, "", "", `key "text": invalid escape sequence in a string`},
		{"two", `{"text":"a"}{}`, "", "", "the line has more text after its JSON object"},
		{"no comma", `{"to":1 "text":"a"}`, "", "", "invalid JSON at byte 8"},
		{"too deep", `{"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, "", "", "invalid JSON at byte 1006"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := object{names: []string{"to", "text"}}
			values := []string{"left over", "left over"}
			problem := o.fields(tt.line, values)
			assert.Equal(t, tt.problem, problem)
			if problem == "" {
				assert.Equal(t, []string{tt.to, tt.text}, values)
			}
		})
	}
}

// The reader must accept what encoding/json accepts as an object, with the same
// text, and nothing else. Unpaired surrogates and invalid UTF-8 are excepted:
// encoding/json replaces them silently.
func FuzzJSONLine(f *testing.F) {
	f.Add(`{"to":"+30","text":"Hi\n€"}`)
	f.Add(`{"a":[1,{"b":2.5e-3}],"text":"\ud83d\ude00"}`)
	f.Fuzz(func(t *testing.T, line string) {
		o := object{names: []string{"text"}}
		values := make([]string, 1)
		problem := o.fields(line, values)
		var want map[string]any
		err := json.Unmarshal([]byte(line), &want)
		if err != nil || want == nil {
			if problem == "" {
				t.Fatalf("accepted %q; encoding/json: %v", line, err)
			}
			return
		}
		text, isText := want["text"].(string)
		if !isText || strings.Contains(text, "\ufffd") || strings.Contains(line, `\u`) {
			return
		}
		if problem != "" && strings.Count(line, "[")+strings.Count(line, "{") < maxDepth {
			t.Fatalf("refused %q: %s", line, problem)
		}
		if problem == "" && values[0] != text {
			t.Fatalf("%q gives %q, encoding/json %q", line, values[0], text)
		}
	})
}
