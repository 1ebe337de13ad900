package phonify

import "testing"

// FuzzParseMessages is inside the package: an answer that reaches it by HTTP
// would cost more than the parser.
func FuzzParseMessages(f *testing.F) {
	for _, s := range []string{
		`{"message":{"id":"ch_1","phone":{"number":1},"created_at":"2030-07-16T07:56:06.902Z"}}`,
		`{"messages":[{"id":1,"origin":[{}]}]}`, `[{}]`, `[null]`, `{"message":null}`, `[`, `{"messages":{}}`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		messages, err := parseMessages(body)
		if err != nil && messages != nil {
			t.Error("messages beside an error")
		}
		for i := range messages {
			var p position
			p.extend(&messages[i])
			_, _ = parseCursor(p.String())
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("2030-07-16T07:56:06.902Z ch_1 ch_2")
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := parseCursor(cursor)
		if err != nil || cursor == "" {
			return
		}
		again, err := parseCursor(p.String())
		if err != nil || !again.at.Equal(p.at) || len(again.ids) != len(p.ids) {
			t.Errorf("%q gives %v, which reads back as %v, %v", cursor, p, again, err)
		}
	})
}
