package ledgertest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// testLateDoubt: who lost the claim does not know what became of its attempt, and says so
// after somebody else has taken the message over.
func testLateDoubt(l *lab) {
	for _, tt := range []struct {
		name string
		// taken is what the message came to for the one who took it over; "" = that send
		// is under way.
		taken provider.Outcome
		want  ledger.Status
	}{
		{"under way", "", ledger.Sending},
		{"accepted", provider.OutcomeAccepted, ledger.Accepted},
		{"not sent", provider.OutcomeNotSent, ledger.Unknown},
		{"unknown", provider.OutcomeUnknown, ledger.Unknown},
	} {
		slow := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
		ann, bob := l.claim(tt.name, "ann"), l.claim(tt.name, "bob")
		id := slow.begin(ann, "athens")
		require.NoError(l, slow.Close()) // its lock is lost, as when its connection is
		next := l.begin(bob, "sydney")
		if tt.taken != "" {
			require.NoError(l, l.Finish(l.Context(), bob, result(next, "sydney", tt.taken, "")))
		}
		before := l.only(tt.name)
		err := l.Finish(l.Context(), ann, result(id, "athens", provider.OutcomeUnknown, ""))
		require.ErrorIs(l, err, router.ErrNotOwner)
		after := l.only(tt.name)
		assert.Equal(l, tt.want, after.Status, tt.name)
		assert.Len(l, after.Attempts, len(before.Attempts), tt.name)
		if tt.taken == "" {
			require.NoError(l, l.Finish(l.Context(), bob, result(next, "sydney", provider.OutcomeAccepted, "S1")))
			assert.Equal(l, ledger.Accepted, l.only(tt.name).Status)
		}
	}
}
