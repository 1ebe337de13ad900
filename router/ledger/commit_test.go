package ledger

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestGather counts the operations that share a transaction.
func TestGather(t *testing.T) {
	about := func(messages int) *op { return &op{needs: needs{numbers: make([]string, messages)}} }
	for name, tt := range map[string]struct {
		waiting []*op
		want    int
	}{
		"nobody waits":            {[]*op{about(1)}, 1},
		"all that wait":           {[]*op{about(1), about(0), about(1)}, 3},
		"a thousand at once":      {[]*op{about(1000), about(1)}, 1},
		"large ones one by one":   {[]*op{about(200), about(200), about(200)}, 2},
		"as many as fit":          {[]*op{about(200), about(56), about(1)}, 2},
		"about no message at all": {[]*op{about(0), about(0)}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			line := make(chan *op, len(tt.waiting))
			for _, o := range tt.waiting {
				line <- o
			}
			assert.Len(t, gather(<-line, line), tt.want)
		})
	}
}

// TestLine has the operations about many messages take turns with the others, and ends when
// both lines are closed and empty.
func TestLine(t *testing.T) {
	few, many := make(chan *op, 9), make(chan *op, 9)
	put := func(to chan *op, messages ...int) {
		for _, n := range messages {
			to <- &op{needs: needs{numbers: make([]string, n)}}
		}
	}
	l := line{few: few, many: many}
	next := func() (sizes []int) {
		for _, o := range l.next() {
			sizes = append(sizes, o.size())
		}
		return sizes
	}
	put(many, 500, 501, 502, 20, 21)
	assert.Equal(t, []int{500}, next())
	put(few, 1, 2)
	assert.Equal(t, []int{1, 2}, next(), "they came later, and do not wait for the rest")
	put(few, 3)
	assert.Equal(t, []int{501}, next(), "and do not hold it up")
	assert.Equal(t, []int{3}, next())
	assert.Equal(t, []int{502}, next())
	assert.Equal(t, []int{20, 21}, next(), "as nobody else waits")
	put(few, 4)
	put(many, 503)
	close(few)
	close(many)
	assert.Equal(t, []int{4}, next())
	assert.Equal(t, []int{503}, next())
	assert.Empty(t, next())
}

// TestLineEnds: what waits in one line is done although the other is closed and empty.
func TestLineEnds(t *testing.T) {
	for name, manyNext := range map[string]bool{"the turn of few": false, "the turn of many": true} {
		t.Run(name, func(t *testing.T) {
			few, many := make(chan *op, 3), make(chan *op, 3)
			l := line{few: few, many: many, manyNext: manyNext}
			waits, closed := few, many
			if !manyNext {
				waits, closed = many, few
			}
			close(closed)
			for range 3 {
				waits <- &op{needs: needs{numbers: make([]string, maxBatch)}}
			}
			close(waits)
			for range 3 {
				assert.Len(t, l.next(), 1)
			}
			assert.Empty(t, l.next())
		})
	}
}

// TestLines: an operation about so many messages stands in the line of its own.
func TestLines(t *testing.T) {
	for messages, many := range map[int]bool{1: false, manyMessages - 1: false, manyMessages: true} {
		l := &Ledger{ops: make(chan *op, 1), bulk: make(chan *op, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.do(ctx, needs{numbers: make([]string, messages)}, nil) }()
		select {
		case <-l.ops:
			assert.False(t, many, messages)
		case <-l.bulk:
			assert.True(t, many, messages)
		}
		cancel()
		assert.ErrorIs(t, <-done, context.Canceled)
	}
}
