package phonify

import (
	"testing"

	"github.com/anysms/anysms/drivers/internal/inbox"
)

// FuzzParseMessages is inside the package: a response that reaches it by HTTP
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
			var p inbox.Position
			extend(&p, &messages[i])
			_, _ = inbox.ParsePosition(p.String())
		}
	})
}
