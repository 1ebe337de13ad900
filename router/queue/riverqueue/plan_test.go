package riverqueue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/queue"
)

// TestFirstCampaign queues a campaign in a database that has just been made, while the
// server has no statistics of it: what a statement reads does not grow with the campaign,
// as whoever writes waits for it.
func TestFirstCampaign(t *testing.T) {
	s := newShop(t)
	const each, times = 400, 14
	for i := range times {
		items := make([]queue.Item, each)
		for j := range items {
			items[j].Message = order(fmt.Sprint("row-", i, "-", j), "Your parcel is here.")
		}
		done, err := s.queue.EnqueueAll(t.Context(), items...)
		require.NoError(t, err)
		for _, e := range done {
			require.NoError(t, e.Err)
		}
	}
	s.queue.Close()
	require.NoError(t, s.ledger.Close()) // what a session has counted is certain to be told when it ends
	var added, read int
	require.Eventually(t, func() bool {
		err := s.pool.QueryRow(t.Context(), `SELECT coalesce(sum(n_tup_ins), 0), coalesce(sum(seq_tup_read), 0) +
			(SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes WHERE schemaname = current_schema() AND relname = 'anysms_claims')
			FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname IN ('anysms_claims', 'anysms_messages', 'anysms_queue')`).Scan(&added, &read)
		return assert.NoError(t, err) && added >= 3*each*times
	}, time.Minute, 100*time.Millisecond)
	assert.Less(t, read, each*times, "rows that statements went through, where none is found")
}
