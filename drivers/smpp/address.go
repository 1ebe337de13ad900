package smpp

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// form is the form of an address, which decides its type of number and its
// numbering plan.
type form string

const (
	formAlphanumeric  form = "alphanumeric"
	formInternational form = "international"
	formShort         form = "short" // digits that are not an international number
	formRecipient     form = "recipient"
)

// tonNPI is a type of number and a numbering plan, SMPP 3.4 §5.2.5 and §5.2.6.
type tonNPI struct{ ton, npi byte }

// defaultAddresses are the values that most SMSCs expect: international ISDN
// numbers, alphanumeric names of no plan, network-specific short codes.
var defaultAddresses = map[form]tonNPI{
	formAlphanumeric:  {5, 0},
	formInternational: {1, 1},
	formShort:         {3, 0},
	formRecipient:     {1, 1},
}

func (s *settings) parseAddresses() error {
	s.addresses = maps.Clone(defaultAddresses)
	for key, value := range s.Addresses {
		if _, known := defaultAddresses[form(key)]; !known {
			return provider.ConfigErrorf("addresses."+key, "unknown form; want alphanumeric, international, short or recipient")
		}
		ton, npi, _ := strings.Cut(value, "/")
		t, err1 := strconv.ParseUint(ton, 10, 8)
		n, err2 := strconv.ParseUint(npi, 10, 8)
		if err1 != nil || err2 != nil {
			return provider.ConfigErrorf("addresses."+key, "%q is not a type of number and a numbering plan such as 1/1", value)
		}
		s.addresses[form(key)] = tonNPI{byte(t), byte(n)}
	}
	if s.Sender == "" {
		return nil
	}
	if _, err := s.source(s.Sender); err != nil {
		return provider.ConfigErrorf("sender", "%q %s", s.Sender, badSender(s.Sender))
	}
	return nil
}

func (s *settings) address(f form, digits string) wire.Address {
	t := s.addresses[f]
	return wire.Address{TON: t.ton, NPI: t.npi, Addr: digits}
}

// source returns the source address of a sender, "" being the account's own.
func (s *settings) source(from string) (wire.Address, error) {
	if from == "" {
		from = s.Sender
	}
	if from == "" {
		return wire.Address{}, nil
	}
	if strings.HasPrefix(from, "+") {
		if number, err := e164.Parse(from); err == nil {
			return s.address(formInternational, number.Digits()), nil
		}
	}
	if reason := badSender(from); reason != "" {
		return wire.Address{}, provider.NewError(provider.SenderRejected, "the sender "+reason)
	}
	if digitsOnly(from) {
		return s.address(formShort, from), nil
	}
	return s.address(formAlphanumeric, from), nil
}

// badSender says what is wrong with a sender, or nothing. The address is sent
// as octets without a declared alphabet, so it is kept to those that ASCII and
// the GSM alphabet share.
func badSender(from string) string {
	if digitsOnly(from) {
		if len(from) > 15 {
			return "has more than 15 digits"
		}
		return ""
	}
	if len(from) > 11 {
		return "has more than 11 characters"
	}
	for _, r := range from {
		if r >= 0x7F || r < ' ' || slices.Contains([]rune{'$', '@', '_'}, r) || (gsm7.Tables{}).Septets(r) != 1 {
			return fmt.Sprintf("contains %q; want letters, digits and spaces", r)
		}
	}
	return ""
}

func digitsOnly(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// party converts an address that the SMSC gives to E.164 if it is an
// international number, and else leaves it.
func party(a wire.Address) string {
	digits := strings.TrimPrefix(a.Addr, "+")
	if a.TON != 1 && digits == a.Addr {
		return a.Addr
	}
	if number, err := e164.ParseDigits(digits); err == nil {
		return number.String()
	}
	return a.Addr
}
