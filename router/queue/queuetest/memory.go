package queuetest

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/queue"
)

// RunLong sends many messages in ten rounds through a provider that keeps none, and checks
// that the memory in use after the last round is about that after the second. It needs
// ANYSMS_LONG.
func RunLong(t *testing.T, h Harness, p provider.Provider, messages int) {
	if os.Getenv("ANYSMS_LONG") == "" {
		t.Skip("ANYSMS_LONG is not set")
	}
	l := &lab{T: t, h: h, open: h.Open(t)}
	l.openLedger()
	l.over(p, queue.Options{}, &router.Options{})
	l.run()
	var used []uint64
	for round := range 10 {
		for i := 0; i < messages/10; i += 500 {
			items := make([]queue.Item, 500)
			for j := range items {
				to := e164.MustParse(fmt.Sprintf("+1212%07d", i+j))
				items[j].Message = &provider.Message{To: to, Text: "Your parcel is here.", Ref: fmt.Sprint(round, "-", i+j), Class: queue.Classes()[j%3]}
			}
			_, err := l.queue.EnqueueAll(t.Context(), items...)
			require.NoError(t, err)
		}
		require.Eventually(t, func() bool { d := l.depth(); return d.Ready+d.Later == 0 }, 10*time.Minute, 50*time.Millisecond)
		runtime.GC()
		runtime.GC() // what finalizers and pools held
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		used = append(used, m.HeapAlloc)
		t.Logf("%d messages: %d KB in use", (round+1)*messages/10, m.HeapAlloc>>10)
	}
	assert.LessOrEqual(t, used[9], used[1]+used[1]/4+1<<20, "memory is flat")
	assert.Zero(t, l.depth())
}
