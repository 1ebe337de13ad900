package queuetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Rate queues k.Messages, lets k.Workers processes send them, and returns how many a second
// they sent together, the first tenth left out, as the processes begin then. No message is
// sent twice.
func Rate(b testing.TB, k Kill) float64 {
	v := NewVendor(b)
	l := k.Open()
	q, closeAll, err := assemble(l, v.URL, k.New)
	require.NoError(b, err)
	defer func() { require.NoError(b, closeAll()) }()
	ids := enqueueAll(b, q, k.Messages)
	workers := make([]*process, k.Workers)
	for i := range workers {
		workers[i] = startWorker(b, v.URL, k.Args)
	}
	first := k.Messages / 10
	for v.Total() < first {
		time.Sleep(time.Millisecond)
	}
	began, from := time.Now(), v.Total()
	for v.Total() < k.Messages {
		time.Sleep(time.Millisecond)
	}
	rate := float64(k.Messages-from) / time.Since(began).Seconds()
	for _, w := range workers {
		w.stop(b) // what is under way ends before
	}
	checkHonest(b, l, v, ids, false)
	return rate
}
