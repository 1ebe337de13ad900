package smpp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
)

// Receipts as SMSCs write them. Each names where it was published.
var receipts = map[string]struct {
	source, text string
	want         report
}{
	"standard": {
		"vendor's help page of Nexmo, How to read an SMPP delivery receipt",
		"id:0000000012345678 sub:001 dlvrd:001 submit date:1601010100 done date:1601010101 stat:DELIVRD err:000 text:none",
		report{id: "0000000012345678", stat: "DELIVRD", err: "000", done: time.Date(2016, 1, 1, 1, 1, 0, 0, time.UTC), text: "none"},
	},
	"with seconds": {
		"smppcenter.com, How to read an SMPP delivery receipt",
		"id:64567564356765435676 sub:001 dlvrd:001 submit date:190608165232 done date:190608165237 stat:DELIVRD err:000 text:Hello World",
		report{id: "64567564356765435676", stat: "DELIVRD", err: "000", done: time.Date(2019, 6, 8, 16, 52, 37, 0, time.UTC), text: "Hello World"},
	},
	"without sub and dlvrd": {
		"github.com/opentelecoms-org/jsmpp issue 62",
		"id:1526758174 submit date:1701240904 done date:1701240904 stat:DELIVRD err:000 text:hellow",
		report{id: "1526758174", stat: "DELIVRD", err: "000", done: time.Date(2017, 1, 24, 9, 4, 0, 0, time.UTC), text: "hellow"},
	},
	"without stat": {
		"github.com/kneodev/ksmppd issue 108",
		"id:ce5bc5a9-4f7d-4282-9244-2e1022a9335c sub:000 dlvrd:000 submit date:180903120815 done date:180903120816 DELIVRD err:000 Text:",
		report{id: "ce5bc5a9-4f7d-4282-9244-2e1022a9335c", stat: "DELIVRD", err: "000", done: time.Date(2018, 9, 3, 12, 8, 16, 0, time.UTC)},
	},
	"year of four digits, no text": {
		"github.com/jookies/jasmin issue 753",
		"id:dbd1d8e8-d2a4-4efe-b508-60761b1ae484 submit date:201906190720 done date:201906190720 stat:EXPIRED err:030",
		report{id: "dbd1d8e8-d2a4-4efe-b508-60761b1ae484", stat: "EXPIRED", err: "030", done: time.Date(2019, 6, 19, 7, 20, 0, 0, time.UTC)},
	},
	"dates with tenths and offset": {
		"github.com/funbox/smppex issue 46",
		"id:rdwjwxns18krxr9936ey96ymcw sub:000 dlvrd:000 submit date:180711070003912+ done date:180711070000012+ stat:UNDELIV err:000",
		report{id: "rdwjwxns18krxr9936ey96ymcw", stat: "UNDELIV", err: "000", done: time.Date(2018, 7, 11, 4, 0, 0, 0, time.UTC)},
	},
	"dates without a space": {
		"openmarket.com, SMPP Global SMS, Delivery receipt examples: a failed delivery",
		"id:0118Z-0122I-2309U-57DGB sub:000 dlvrd:000 submitdate:180122230957 donedate:000000000000 stat:REJECTED err:375 text:",
		report{id: "0118Z-0122I-2309U-57DGB", stat: "REJECTED", err: "375"},
	},
	"long err": {
		"github.com/onlinecity/php-smpp issue 70",
		"id:117062714244798261 sub:001 dlvrd:001 submit date:1706271624 done date:1706271624 stat:DELIVRD err:0000 text:Hllo world",
		report{id: "117062714244798261", stat: "DELIVRD", err: "0000", done: time.Date(2017, 6, 27, 16, 24, 0, 0, time.UTC), text: "Hllo world"},
	},
	"numbers without zeros": {
		"github.com/linxGnu/gosmpp issue 124",
		"id:123A456B sub:1 dlvrd:1 submit date:1702281424 done date:1702281424 stat:DELIVRD err:0 text: hello how are you there",
		report{id: "123A456B", stat: "DELIVRD", err: "0", done: time.Date(2017, 2, 28, 14, 24, 0, 0, time.UTC), text: "hello how are you there"},
	},
}

func TestReceiptTexts(t *testing.T) {
	for name, c := range receipts {
		t.Run(name, func(t *testing.T) {
			r, ok := parseReceipt(c.text, time.UTC)
			require.True(t, ok)
			assert.Equal(t, c.want, r, c.source)
		})
	}
}

func TestReceiptTextOfThePerson(t *testing.T) {
	r, ok := parseReceipt("id:1 stat:DELIVRD err:000 text:stat:UNDELIV id:2", time.UTC)
	require.True(t, ok)
	assert.Equal(t, report{id: "1", stat: "DELIVRD", err: "000", text: "stat:UNDELIV id:2"}, r)
	_, ok = parseReceipt("Your parcel will be delivered: text us", time.UTC)
	assert.False(t, ok)
}

func TestReceiptZone(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Athens")
	require.NoError(t, err)
	r, _ := parseReceipt("id:1 done date:2601151200 stat:DELIVRD", zone)
	assert.Equal(t, time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC), r.done)
}

// The words are those of appendix B; the numbers of message_state those of
// §5.2.28 of the standard, written down a second time.
func TestEveryState(t *testing.T) {
	for word, number := range map[string]byte{
		"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8,
	} {
		assert.Equal(t, word, messageStates[number].word)
		assert.Equal(t, messageStates[number], stateWords[word])
	}
	finals := map[provider.Status]bool{provider.StatusDelivered: true, provider.StatusExpired: true, provider.StatusUndelivered: true, provider.StatusRejected: true, provider.StatusCancelled: true}
	for _, s := range messageStates {
		assert.Equal(t, finals[s.is], s.final, s.word)
	}
}

func TestIDsInTwoForms(t *testing.T) {
	assert.Equal(t, "11259375", decimalID(idsHex, "ABCDEF"))
	assert.Equal(t, "11259375", decimalID(idsHex, "00abcdef"))
	assert.Equal(t, "11259375", decimalID(idsDecimal, "0011259375"))
	assert.Equal(t, "00abcdef", decimalID(idsSame, "00abcdef"))
	assert.Equal(t, "not-a-number", decimalID(idsHex, "not-a-number"))
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 500, time.UTC)
	s := &settings{Config: Config{Times: timesRelative, Now: func() time.Time { return now }}}
	for d, want := range map[time.Duration]string{
		0: "", time.Second: "000000000001000R", 90*time.Minute + 1500*time.Millisecond: "000000013001000R", 26 * time.Hour: "000001020000000R",
	} {
		got, err := s.validity(d)
		require.NoError(t, err)
		assert.Equal(t, want, got, d)
	}
	_, err := s.validity(31 * 24 * time.Hour)
	require.ErrorIs(t, err, provider.Unsupported)
	_, err = s.validity(time.Millisecond)
	require.ErrorIs(t, err, provider.Unsupported)
	got, err := s.schedule(now.Add(time.Minute + time.Millisecond))
	require.NoError(t, err)
	assert.Equal(t, "000000000101000R", got, "not earlier than asked")
	got, err = s.schedule(now.Add(-time.Minute))
	require.NoError(t, err)
	assert.Empty(t, got)

	s.Times = timesAbsolute
	got, err = s.validity(40 * 24 * time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "261231120000000+", got)
	got, err = s.schedule(time.Date(2026, 11, 22, 2, 0, 0, 0, time.FixedZone("", 2*3600)))
	require.NoError(t, err)
	assert.Equal(t, "261122000000000+", got)

	// The examples of the standard, §7.1.1.
	assert.Equal(t, now.AddDate(2, 6, 10).Add(23*time.Hour+34*time.Minute+29*time.Second), parseTime("020610233429000R", now))
	assert.Equal(t, time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC), parseTime("991231235959000+", now).AddDate(100, 0, 0))
	assert.Zero(t, parseTime("tomorrow", now))
}

func FuzzReceipt(f *testing.F) {
	for _, c := range receipts {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := parseReceipt(text, time.UTC)
		if ok != (r.id != "" || r.stat != "") {
			t.Error("ok without an id or a state, or the reverse")
		}
	})
}
