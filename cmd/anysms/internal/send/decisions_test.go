package send

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Two clients of a gateway may have a message with the same ref: the id says which is meant.
func TestDecisionsByARefOfTwoClients(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{"ref,outcome\norder-1,accepted\n", `line 2: 2 messages of unknown outcome have ref "order-1": name the one that is meant by its id (msg_1, msg_2)`},
		{"id,ref,outcome\nmsg_2,order-1,accepted\n", ""},
		{"ref,id,outcome\norder-1,msg_2,accepted\n", ""},
		{"ref,id,outcome\n,msg_2,accepted\n", ""},
		{"ref,id,outcome\n,,\n,msg_2,accepted\n", ""},
		{"ref,id,outcome\norder-1,msg_3,accepted\n", `line 2: id "msg_3" and ref "order-1" are different messages`},
		{"ref,outcome\n,accepted\n", "line 2: it has an outcome, but no ref"},
	} {
		var doubts []*doubt
		for i, ref := range []string{"order-1", "order-1", "order-3", ""} {
			doubts = append(doubts, &doubt{JournalEntry: router.JournalEntry{Key: fmt.Sprint("msg_", i+1)}, ref: ref})
		}
		rows, err := table.Text(strings.NewReader(tt.file), "s.csv", nil, []string{"outcome", "key", "id", "ref"})
		require.NoError(t, err)
		d, err := newDecisions(rows, doubts, namesInLedger)
		require.NoError(t, err)
		err = d.read()
		if tt.want != "" {
			assert.EqualError(t, err, tt.want, tt.file)
			continue
		}
		require.NoError(t, err, tt.file)
		for _, one := range doubts {
			assert.Equal(t, one.Key == "msg_2", one.decision == provider.OutcomeAccepted, "%s of %q", one.Key, tt.file)
		}
	}
}
