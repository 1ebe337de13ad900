package memory_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// A message that was accepted is found, whatever else is accepted at the time:
// absence is proof after FindSettles.
func TestFindAmongConcurrentSends(t *testing.T) {
	p, err := memory.New(memory.Config{})
	require.NoError(t, err)
	var senders sync.WaitGroup
	for s := range 16 {
		senders.Go(func() {
			for i := range 500 {
				m := &provider.Message{To: e164.MustParse("+306900000001"), Text: "x", Ref: strconv.Itoa(s) + "-" + strconv.Itoa(i)}
				since := time.Now()
				_, err := p.Send(t.Context(), m)
				assert.NoError(t, err)
				found, err := p.Find(t.Context(), m, since)
				assert.NoError(t, err)
				if !assert.NotNil(t, found, "accepted and not found") {
					return
				}
			}
		})
	}
	senders.Wait()
}
