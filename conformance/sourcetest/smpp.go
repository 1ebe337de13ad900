package sourcetest

import (
	"testing"

	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
)

// SMPP is an SMSC, and a driver for it that open opens.
func SMPP(server *smpptest.Server, open func(t *testing.T) provider.Provider) Source {
	receipt := func(text string) error {
		return server.Deliver(smpptest.Delivery{
			From: "306941234567", FromTON: 1, To: "Example", ToTON: 5, ESMClass: 0x04, Octets: []byte(text),
		})
	}
	return Source{
		Open:   open,
		Listen: func() bool { _, _, transceivers := server.Bound(); return transceivers > 0 },
		Report: func(id string) error {
			return receipt("id:" + id + " sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:Hello")
		},
		Mangle: func() error { return receipt("\x00\x01 no receipt") },
		Early: func(report func(id string)) {
			server.OnSubmit(func(smpptest.Message) smpptest.Reply { return smpptest.Reply{Before: report} })
		},
	}
}
