package smpp_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/ledgertest"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

func TestEventSource(t *testing.T) {
	file := filepath.Join(t.TempDir(), "anysms.db")
	open := func(t *testing.T) *ledger.Ledger {
		l, err := sqlite.Open(t.Context(), file, ledger.Options{})
		require.NoError(t, err)
		return l
	}
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	ledgertest.EventSource(t, open, ledgertest.Source{
		Open:   func(t *testing.T) provider.Provider { return openAt(t, server, nil) },
		Listen: func() bool { _, _, transceivers := server.Bound(); return transceivers > 0 },
		Report: func(id string) error { return server.Report(id, smpptest.StateDelivered) },
		Mangle: func() error {
			return server.Deliver(smpptest.Delivery{ESMClass: 0x04, Octets: []byte("\x00\x01 no receipt")})
		},
		Early: func(report func(id string)) {
			server.OnSubmit(func(smpptest.Message) smpptest.Reply { return smpptest.Reply{Before: report} })
		},
	})
}

// The final statuses of the receipts of SMPP 3.4, appendix B, and the states of §5.2.28,
// each with the status that a message of the ledger then has.
func TestEveryReceipt(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	s := start(t, server, filepath.Join(t.TempDir(), "anysms.db"), nil)
	defer s.stop()
	const dates = " submit date:2611211200 done date:2611211201 stat:"
	for name, test := range map[string]struct {
		word  string
		state byte // message_state; 0 = it is not there
		want  ledger.Status
	}{
		"delivered":           {"DELIVRD", 0, ledger.Delivered},
		"expired":             {"EXPIRED", 0, ledger.Expired},
		"deleted":             {"DELETED", 0, ledger.Cancelled},
		"undeliverable":       {"UNDELIV", 0, ledger.Undelivered},
		"accepted":            {"ACCEPTD", 0, ledger.Accepted},
		"unknown":             {"UNKNOWN", 0, ledger.Accepted},
		"rejected":            {"REJECTD", 0, ledger.Rejected},
		"enroute":             {"ENROUTE", 0, ledger.Sent},
		"a word of its own":   {"FAILED!", 0, ledger.Accepted},
		"state enroute":       {"", 1, ledger.Sent},
		"state delivered":     {"", 2, ledger.Delivered},
		"state expired":       {"", 3, ledger.Expired},
		"state deleted":       {"", 4, ledger.Cancelled},
		"state undeliverable": {"", 5, ledger.Undelivered},
		"state accepted":      {"", 6, ledger.Accepted},
		"state unknown":       {"", 7, ledger.Accepted},
		"state rejected":      {"", 8, ledger.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			result := s.send(name, "Hello")
			d := smpptest.Delivery{From: "306941234567", FromTON: 1, To: "Example", ToTON: 5, ESMClass: 0x04}
			if test.word != "" {
				d.Octets = []byte("id:" + result.ID + " sub:001 dlvrd:001" + dates + test.word + " err:000 text:Hello")
			}
			if test.state != 0 {
				d.Params = []smpptest.Param{{Tag: 0x001e, Value: []byte(result.ID + "\x00")}, {Tag: 0x0427, Value: []byte{test.state}}}
			}
			for range 2 {
				require.NoError(t, server.Deliver(d))
			}
			assert.Equal(t, test.want, s.status(name))
		})
	}
	unmatched, err := s.ledger.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Zero(t, unmatched)
}
