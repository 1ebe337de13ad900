package ledgertest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// testReported asks another process what a vendor has reported, by the vendor's id alone.
func testReported(l *lab) {
	other := l.open(ledger.Options{Namespace: "another"})
	ask := func(name, id string) *provider.Event {
		l.Helper()
		e, err := other.Reported(l.Context(), name, id)
		require.NoError(l, err)
		return e
	}
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	assert.Nil(l, ask("athens", "A1"), "nothing was reported")
	l.record("athens", report("A1", provider.StatusUnknown))
	assert.Nil(l, ask("athens", "A1"), "a word that says nothing")

	l.record("athens", report("A1", provider.StatusSent))
	assert.Equal(l, provider.StatusSent, ask("athens", "A1").Status)
	assert.False(l, ask("athens", "A1").Final)
	done := priced("A1", provider.StatusDelivered, time.Minute, euros(40_000))
	done.VendorStatus, done.VendorCode = "DELIVRD", "000"
	l.record("athens", done, report("A1", provider.StatusSent))
	assert.Equal(l, &provider.Event{
		Kind: provider.Report, ID: "A1", Status: provider.StatusDelivered, Final: true, At: done.At, VendorStatus: "DELIVRD", VendorCode: "000", Cost: euros(40_000),
	}, ask("athens", "A1"))
	assert.Nil(l, ask("sydney", "A1"), "another provider's message")

	l.record("athens", report("nobody's", provider.StatusExpired))
	assert.Equal(l, provider.StatusExpired, ask("athens", "nobody's").Status, "of a message that the ledger does not have")

	l.send("s", "athens", provider.OutcomeAccepted, "S1,S2")
	l.record("athens", report("S1", provider.StatusDelivered))
	assert.Equal(l, provider.StatusSent, ask("athens", "S1,S2").Status)
	l.record("athens", report("S2", provider.StatusDelivered))
	assert.Equal(l, provider.StatusDelivered, ask("athens", "S1,S2").Status)
	assert.True(l, ask("athens", "S1,S2").Final)
}
