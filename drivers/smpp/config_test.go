package smpp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/provider"
)

func TestSettings(t *testing.T) {
	const account = `"address": "127.0.0.1:2775", "system_id": "esme", "password": "s3cret"`
	for name, c := range map[string]struct{ settings, path, want string }{
		"least":                 {`{` + account + `}`, "", ""},
		"with TLS":              {`{"address": "smsc.example.com:3550", "system_id": "esme", "password": "s3cret", "tls": "on"}`, "", ""},
		"without TLS":           {`{"address": "smsc.example.com:2775", "system_id": "esme", "password": "s3cret", "tls": "off"}`, "", ""},
		"TLS not decided":       {`{"address": "smsc.example.com:2775", "system_id": "esme", "password": "s3cret"}`, "tls", "must be set"},
		"TLS misspelt":          {`{` + account + `, "tls": "yes"}`, "tls", "want on or off"},
		"no address":            {`{"system_id": "esme"}`, "address", "smsc.example.com:2775"},
		"no port":               {`{"address": "127.0.0.1", "system_id": "esme"}`, "address", "host and port"},
		"no account":            {`{"address": "127.0.0.1:2775"}`, "system_id", "must not be empty"},
		"long account":          {`{"address": "127.0.0.1:2775", "system_id": "a-name-of-16-char"}`, "system_id", "room for 15"},
		"CA without TLS":        {`{` + account + `, "ca_file": "ca.pem"}`, "ca_file", "no effect"},
		"CA missing":            {`{` + account + `, "tls": "on", "ca_file": "no-such-file.pem"}`, "ca_file", "no-such-file.pem"},
		"too many binds":        {`{` + account + `, "binds": 2000}`, "binds", "1 to 1000"},
		"negative timeout":      {`{` + account + `, "timeout": "-1s"}`, "timeout", "negative"},
		"unknown alphabet":      {`{` + account + `, "alphabet": "ascii"}`, "alphabet", "gsm7_packed"},
		"unknown segments":      {`{` + account + `, "segments": "udh"}`, "segments", "udh16"},
		"languages":             {`{` + account + `, "languages": ["tr", "es"]}`, "", ""},
		"languages without UDH": {`{` + account + `, "languages": ["tr"], "segments": "sar"}`, "languages", "user data header"},
		"unknown language":      {`{` + account + `, "languages": ["xx"]}`, "languages", "xx"},
		"addresses":             {`{` + account + `, "addresses": {"short": "0/1"}}`, "", ""},
		"unknown address form":  {`{` + account + `, "addresses": {"long": "0/1"}}`, "addresses.long", "short or recipient"},
		"bad address form":      {`{` + account + `, "addresses": {"short": "1"}}`, "addresses.short", "such as 1/1"},
		"sender":                {`{` + account + `, "sender": "+306900000001"}`, "", ""},
		"long sender":           {`{` + account + `, "sender": "A long sender"}`, "sender", "11 characters"},
		"sender with Greek":     {`{` + account + `, "sender": "Ωmega"}`, "sender", "letters, digits"},
		"ids of one side":       {`{` + account + `, "submit_ids": "hex"}`, "report_ids", "both"},
		"ids and query":         {`{` + account + `, "submit_ids": "hex", "report_ids": "decimal", "query": true}`, "submit_ids", "query"},
		"profile":               {`{` + account + `, "profile": "kannel"}`, "", ""},
		"unknown profile":       {`{` + account + `, "profile": "jasmine"}`, "profile", "standard, textlocal"},
		"unknown zone":          {`{` + account + `, "time_zone": "Athens"}`, "time_zone", "Europe/Athens"},
		"status codes":          {`{` + account + `, "status_codes": {"0x400": "no_route", "1040-1055": "opted_out"}}`, "", ""},
		"bad status":            {`{` + account + `, "status_codes": {"ESME_X": "no_route"}}`, "status_codes.ESME_X", "0x0400"},
		"bad status code":       {`{` + account + `, "status_codes": {"1024": "lost"}}`, "status_codes.1024", "such as no_route"},
		"bad report code":       {`{` + account + `, "report_codes": {"001": "lost"}}`, "report_codes.001", "invalid_recipient"},
		"parameters":            {`{` + account + `, "tlvs": {"0x1402": "hex:0aFF", "5123": "text"}}`, "", ""},
		"bad tag":               {`{` + account + `, "tlvs": {"0x12345": "x"}}`, "tlvs.0x12345", "tag"},
		"bad octets":            {`{` + account + `, "tlvs": {"0x1402": "hex:0"}}`, "tlvs.0x1402", "hexadecimal"},
	} {
		t.Run(name, func(t *testing.T) {
			drivertest.CheckSettings(t, smpp.Driver, c.settings, c.path, c.want, "s3cret")
		})
	}
}

func TestProfiles(t *testing.T) {
	for name, c := range map[string]struct {
		config           smpp.Config
		source           []byte // TON and NPI of a short code
		schedule, expiry bool
	}{
		"standard":          {smpp.Config{}, []byte{3, 0}, false, true},
		"kannel":            {smpp.Config{Profile: "kannel"}, []byte{2, 1}, false, true},
		"textlocal":         {smpp.Config{Profile: "textlocal"}, []byte{3, 0}, true, true},
		"vibes":             {smpp.Config{Profile: "vibes"}, []byte{0, 0}, false, false},
		"settings go first": {smpp.Config{Profile: "kannel", Addresses: map[string]string{"short": "6/9"}}, []byte{6, 9}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			server, p := open(t, func(config *smpp.Config) { config.Profile, config.Addresses = c.config.Profile, c.config.Addresses })
			assert.Equal(t, c.schedule, p.Capabilities().Has(provider.CanSchedule))
			assert.Equal(t, c.expiry, p.Capabilities().Has(provider.CanSetValidity))
			m := message("Hello")
			m.From = "12345"
			_, err := p.Send(t.Context(), m)
			require.NoError(t, err)
			got := server.Messages()[0]
			assert.Equal(t, c.source, []byte{got.SourceTON, got.SourceNPI})
			m.Validity = time.Hour
			_, err = p.Send(t.Context(), m)
			assert.Equal(t, c.expiry, err == nil, "%v", err)
		})
	}
}
