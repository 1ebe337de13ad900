package memory_test

import (
	"os"
	"testing"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, conformance.Harness{
		Open: func(string) (provider.Provider, error) {
			return memory.New(memory.Config{CallbackSecret: "s3cret-of-the-callbacks"})
		},
		Replies: os.DirFS("testdata/conformance"),
		Secrets: []string{"s3cret-of-the-callbacks"},
	})
}
