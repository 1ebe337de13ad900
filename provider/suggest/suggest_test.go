package suggest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider/suggest"
)

func ExampleDidYouMean() {
	fmt.Println("unknown key baseurl" + suggest.DidYouMean("baseurl", []string{"api_key", "base_url", "timeout"}))
	// Output: unknown key baseurl (did you mean "base_url"?)
}

func TestNearest(t *testing.T) {
	names := []string{"to", "text", "api_key", "base_url", "max-segments", "windows-1253", "Mobile", "providers"}
	for word, want := range map[string]string{
		"To": "to", " text": "text", "TEXT": "text", "txet": "text", "tect": "text", "apikey": "api_key", "API-KEY": "api_key",
		"base_ulr": "base_url", "maxsegment": "max-segments", "windows1253": "windows-1253", "mobile": "Mobile", "provider": "providers",
		"\ufefftext": "text",
		"":           "", "body": "", "number": "", "x": "", "sms": "", "max": "", "api": "",
	} {
		t.Run(word, func(t *testing.T) {
			got, ok := suggest.Nearest(word, names)
			assert.Equal(t, want, got)
			assert.Equal(t, want != "", ok)
		})
	}
	_, ok := suggest.Nearest("text", nil)
	assert.False(t, ok)
}
