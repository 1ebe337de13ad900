package ledger

import (
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
