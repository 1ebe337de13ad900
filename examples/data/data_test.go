package data_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/examples/data"
)

func TestMessagesAreMixed(t *testing.T) {
	texts := data.Messages()
	assert.Len(t, texts, 254)
	long, ucs2 := 0, 0
	for _, text := range texts {
		a, err := segment.Analyze(text, nil)
		require.NoError(t, err)
		if a.Encoding == segment.UCS2 {
			ucs2++
		}
		if a.Segments > 1 {
			long++
		}
	}
	assert.GreaterOrEqual(t, ucs2, 25)
	assert.GreaterOrEqual(t, long, 25)
}
