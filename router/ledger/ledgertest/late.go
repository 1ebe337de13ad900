package ledgertest

import (
	"fmt"
	"sync"
	"time"

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
		if tt.want == before.Status {
			assert.Equal(l, before, after, "%s: it is no news", tt.name)
		}
		assert.Len(l, after.Attempts, len(before.Attempts), tt.name)
		if tt.taken == "" {
			require.NoError(l, l.Finish(l.Context(), bob, result(next, "sydney", provider.OutcomeAccepted, "S1")))
			assert.Equal(l, ledger.Accepted, l.only(tt.name).Status)
		}
	}
}

// testAbandoned: of a send that was cut short, only what was under way is in doubt.
func testAbandoned(l *lab) {
	slow := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	c := l.claim("r", "ann")
	first, second := slow.begin(c, "athens"), l.NewAttempt()
	refused := router.Attempt{ID: first, Provider: "athens", Outcome: provider.OutcomeRefused, Code: provider.NoRoute}
	c.Intent = &router.JournalEntry{Key: "r", Provider: "sydney", Attempt: second, Attempts: []router.Attempt{refused}}
	_, err := slow.Begin(l.Context(), c)
	require.NoError(l, err)
	other := l.begin(l.claim("mine", "bob"), "athens")
	require.NoError(l, slow.Close())

	prior, err := l.Look(l.Context(), l.claim("r", "bob"))
	require.NoError(l, err)
	require.NotNil(l, prior)
	require.NoError(l, l.Recover(l.Context()))
	m := l.only("r")
	assert.Equal(l, ledger.Unknown, m.Status)
	require.Len(l, m.Attempts, 2)
	assert.Equal(l, provider.OutcomeRefused, m.Attempts[0].Outcome)
	assert.Equal(l, provider.OutcomeUnknown, m.Attempts[1].Outcome)
	assert.Equal(l, second, m.Attempts[1].ID)
	mine := l.only("mine")
	assert.Equal(l, ledger.Sending, mine.Status, "this process is still at it")
	assert.Equal(l, other, mine.Attempts[0].ID)
}

// testFreed: another process may send what this one could not, as soon as it knows.
func testFreed(l *lab) {
	other := l.open(ledger.Options{})
	for _, o := range []provider.Outcome{provider.OutcomeNotSent, provider.OutcomeRefused} {
		ref := string(o)
		l.send(ref, "athens", o, "")
		prior, err := other.Begin(l.Context(), l.claim(ref, "bob"))
		require.NoError(l, err)
		assert.Nil(l, prior)
		_, err = l.Begin(l.Context(), l.claim(ref, "cat"))
		require.ErrorIs(l, err, router.ErrInFlight)
	}
	l.send("sent", "athens", provider.OutcomeAccepted, "A1")
	prior, err := other.Begin(l.Context(), l.claim("sent", "bob"))
	require.NoError(l, err)
	assert.Equal(l, provider.OutcomeAccepted, prior.Status)
}

// testBare is about a router that says neither what it sends nor by which attempt.
func testBare(l *lab) {
	c := l.claim("r", "ann")
	c.Message = nil
	for range 2 {
		_, err := l.Begin(l.Context(), c)
		require.NoError(l, err)
		m := l.only("r")
		assert.Equal(l, ledger.Sending, m.Status)
		assert.Len(l, m.Attempts, 1)
		assert.Empty(l, m.To)
	}
	r := result("", "athens", provider.OutcomeAccepted, "A1")
	require.NoError(l, l.Finish(l.Context(), c, r))
	m := l.only("r")
	assert.Equal(l, ledger.Accepted, m.Status)
	require.Len(l, m.Attempts, 1)
	assert.Equal(l, "athens", m.Attempts[0].Provider)
	l.record("athens", report("A1", provider.StatusDelivered))
	assert.Equal(l, ledger.Delivered, l.only("r").Status)
}

// testWhichAttempt: of several attempts the one that was accepted gets the vendor's id.
func testWhichAttempt(l *lab) {
	const accepted, unknown, refused = provider.OutcomeAccepted, provider.OutcomeUnknown, provider.OutcomeRefused
	type made struct {
		provider string
		outcome  provider.Outcome
	}
	for i, tt := range []struct {
		made []made
		want int // the attempt that athens has accepted; -1 = another than these
	}{
		{[]made{{"athens", unknown}, {"athens", accepted}}, 1},
		{[]made{{"athens", accepted}, {"athens", unknown}}, 0},
		{[]made{{"athens", unknown}, {"athens", unknown}}, 0},
		{[]made{{"sydney", unknown}, {"athens", unknown}}, 1},
		{[]made{{"athens", unknown}, {"sydney", unknown}}, 0},
		{[]made{{"athens", refused}, {"athens", unknown}}, 1},
		{[]made{{"athens", refused}, {"sydney", unknown}}, -1},
	} {
		ref := fmt.Sprint("r", i)
		c := l.claim(ref, "ann")
		var attempts []router.Attempt
		for _, m := range tt.made {
			id := l.NewAttempt()
			c.Intent = &router.JournalEntry{Key: ref, Provider: m.provider, Attempt: id, Attempts: attempts}
			_, err := l.Begin(l.Context(), c)
			require.NoError(l, err)
			attempts = append(attempts, router.Attempt{ID: id, Provider: m.provider, Outcome: m.outcome})
		}
		r := &router.Result{Status: accepted, Provider: "athens", ID: "A" + ref, Attempts: attempts}
		require.NoError(l, l.Finish(l.Context(), c, r))
		got := l.only(ref)
		assert.Equal(l, ledger.Accepted, got.Status)
		if tt.want < 0 {
			tt.want = len(tt.made)
			tt.made = append(tt.made, made{"athens", accepted})
		}
		require.Len(l, got.Attempts, len(tt.made), ref)
		for k, a := range got.Attempts {
			assert.Equal(l, k == tt.want, a.ProviderID == "A"+ref, "%s, attempt %d", ref, k)
			assert.Equal(l, k == tt.want, a.Outcome == accepted, "%s, attempt %d", ref, k)
			assert.Equal(l, tt.made[k].provider, a.Provider, "%s, attempt %d", ref, k)
		}
	}
}

// testOthersAtWork: what another process that lives has under way stays so, even if nobody
// has claimed the message.
func testOthersAtWork(l *lab) {
	other := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	m := l.message("")
	require.NoError(l, other.Intent(l.Context(), router.JournalEntry{Key: "k", Provider: "athens", Attempt: other.NewAttempt(), Message: m}))
	other.begin(l.claim("r", "ann"), "athens")
	underWay := func() int {
		page, _, err := l.Messages(l.Context(), ledger.Filter{Status: ledger.Sending})
		require.NoError(l, err)
		return len(page)
	}
	require.NoError(l, l.Recover(l.Context()))
	assert.Equal(l, 2, underWay())
	require.NoError(l, other.Close())
	require.NoError(l, l.Recover(l.Context()))
	assert.Zero(l, underWay())
}

// testManyAbandoned: a process ends while more messages are under way than are recovered
// in one change.
func testManyAbandoned(l *lab) {
	const many = 501
	other := l.open(ledger.Options{})
	var sends sync.WaitGroup
	for i := range many {
		sends.Go(func() {
			c := l.claim(fmt.Sprint("r", i), "ann")
			c.Intent = &router.JournalEntry{Key: c.Ref, Provider: "athens", Attempt: other.NewAttempt(), Message: c.Message}
			_, err := other.Begin(l.Context(), c)
			assert.NoError(l, err)
		})
	}
	sends.Wait()
	require.NoError(l, other.Close())
	require.NoError(l, l.Recover(l.Context()))
	list, err := l.Stats(l.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	require.NoError(l, err)
	require.Len(l, list, 1)
	assert.Equal(l, []int{many, 0}, []int{list[0].Unknown, list[0].UnderWay})
}
