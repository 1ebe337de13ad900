package wire_test

import (
	"bytes"
	"testing"

	"github.com/linxGnu/gosmpp/pdu"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
)

func submit() *wire.Message {
	return &wire.Message{
		ServiceType: "CMT", Source: wire.Address{TON: 5, Addr: "Example"}, Dest: wire.Address{TON: 1, NPI: 1, Addr: "306900000001"},
		ESMClass: 0x40, ProtocolID: 1, Priority: 2, Schedule: "000000000101000R", Validity: "000001000000000R",
		RegisteredDelivery: 1, DataCoding: 8, ShortMessage: []byte("\x05\x00\x03\x07\x02\x01\x03\xb1"),
		TLVs: wire.TLVs{{Tag: 0x1401, Value: []byte("second")}, {Tag: 0x1400, Value: []byte("first")}, {Tag: 0x1401, Value: []byte("again")}, {Tag: 0x130C, Value: []byte{}}},
	}
}

func TestRoundTrip(t *testing.T) {
	m := submit()
	for _, write := range []func(uint32) ([]byte, error){m.Submit, m.Deliver} {
		frame, err := write(7)
		require.NoError(t, err)
		p, err := wire.Read(bytes.NewReader(frame))
		require.NoError(t, err)
		assert.EqualValues(t, 7, p.Sequence)
		got, err := wire.ParseMessage(p.Body)
		require.NoError(t, err)
		want := *m
		if p.Command == wire.DeliverSM { // they must be empty there
			want.Schedule, want.Validity = "", ""
		}
		assert.Equal(t, &want, got, "parameters in their order, repeated and empty ones too")
	}
}

// What gosmpp reads well it must read as we do.
func TestAgreesWithGosmpp(t *testing.T) {
	m := submit()
	m.TLVs = m.TLVs[:2]
	frame, err := m.Submit(7)
	require.NoError(t, err)
	parsed, err := pdu.Parse(bytes.NewReader(frame))
	require.NoError(t, err)
	theirs := parsed.(*pdu.SubmitSM)
	assert.Equal(t, m.Dest.Addr, theirs.DestAddr.Address())
	assert.Equal(t, m.Validity, theirs.ValidityPeriod)
	assert.Equal(t, "second", string(theirs.OptionalParameters[0x1401].Data))
	data, err := theirs.Message.GetMessageData()
	require.NoError(t, err)
	assert.Equal(t, m.ShortMessage[6:], data)
}

func TestDamage(t *testing.T) {
	frame, err := submit().Submit(7)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"length below the header": {func(b []byte) []byte { b[3] = 15; return b }, "command_length 15"},
		"length above the limit":  {func(b []byte) []byte { b[0] = 0x7F; return b }, "command_length 21307"},
		"cut off":                 {func(b []byte) []byte { return b[:40] }, "unexpected EOF"},
		"cut off in the header":   {func(b []byte) []byte { return b[:10] }, "unexpected EOF"},
		"cut off after it":        {func(b []byte) []byte { return b[:16] }, "unexpected EOF"},
		"nothing":                 {func([]byte) []byte { return nil }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wire.Read(bytes.NewReader(c.change(bytes.Clone(frame))))
			assert.ErrorContains(t, err, c.want)
		})
	}
	t.Run("body", func(t *testing.T) {
		p, err := wire.Read(bytes.NewReader(frame))
		require.NoError(t, err)
		whole, err := wire.ParseMessage(p.Body)
		require.NoError(t, err)
		for n := range p.Body {
			got, err := wire.ParseMessage(p.Body[:n])
			if err != nil {
				continue // within a mandatory field
			}
			require.Equal(t, whole.ShortMessage, got.ShortMessage)
			require.Equal(t, whole.TLVs[:len(got.TLVs)], append(wire.TLVs{}, got.TLVs...), "what can be read is there")
		}
	})
}

func TestID(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		id    string
		found bool
	}{
		"id": {"abc\x00", "abc", true}, "without NUL": {"abc", "abc", true}, "empty": {"\x00", "", true}, "no body": {"", "", false},
		"with a parameter": {"abc\x00\x02\x10\x00\x01\x34", "abc", true},
	} {
		t.Run(name, func(t *testing.T) {
			id, found := wire.PDU{Body: []byte(c.body)}.ID()
			assert.Equal(t, c.id, id)
			assert.Equal(t, c.found, found)
		})
	}
}

// FuzzRead reads any octets: no panic, and what was read is written the same.
func FuzzRead(f *testing.F) {
	frame, err := submit().Submit(7)
	require.NoError(f, err)
	f.Add(frame)
	f.Add(frame[:30])
	f.Add(wire.PDU{Command: wire.SubmitSM.Response(), Status: 0x58, Sequence: 1}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := wire.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		if !bytes.Equal(p.Append(nil), b[:wire.HeaderSize+len(p.Body)]) {
			t.Error("written differently")
		}
		p.ID()
		_, _ = wire.ParseBind(p.Body)
		_, _ = wire.ParseDataSM(p.Body)
		_, _ = wire.ParseQuery(p.Body)
		_, _ = wire.ParseQueryResult(p.Body)
		_, _ = wire.ParseCancel(p.Body)
		m, err := wire.ParseMessage(p.Body)
		if err == nil && !m.Damaged && len(m.Payload()) > len(p.Body) {
			t.Error("more octets than there are")
		}
	})
}
