package smpp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Config holds the settings of one account at one SMSC. A Profile gives defaults
// for what a kind of SMSC wants; the settings come before it.
type Config struct {
	Address    string          `json:"address" doc:"host and port of the SMSC, such as smsc.example.com:2775"`
	SystemID   string          `json:"system_id" doc:"the account's name, up to 15 characters"`
	Password   provider.Secret `json:"password" doc:"the account's password, up to 8 characters by the standard"`
	SystemType string          `json:"system_type" doc:"up to 12 characters, if the operator wants one"`
	TLS        string          `json:"tls" doc:"on, or off for a line that is private; must be set unless the SMSC is on this machine"`
	CAFile     string          `json:"ca_file" doc:"PEM file with the certificate authorities to trust instead of the system's"`

	Profile string `json:"profile" doc:"defaults for a kind of SMSC: standard, kannel, textlocal or vibes; default standard"`

	Binds       int               `json:"binds" doc:"connections; default 1"`
	Window      int               `json:"window" doc:"requests without a response on each connection; default 16"`
	Receive     string            `json:"receive" doc:"how events are received: transceiver, or receiver for a connection of its own; default transceiver"`
	EnquireLink provider.Duration `json:"enquire_link" doc:"a connection that was quiet for this long is tested; default 30s"`

	Sender    string            `json:"sender" doc:"default sender: a number, a short code, or up to 11 letters and digits; default none, which leaves it to the SMSC"`
	Addresses map[string]string `json:"addresses" doc:"type of number and numbering plan by form of address, such as {alphanumeric: 5/0, international: 1/1, short: 3/0, recipient: 1/1}"`

	Alphabet  string   `json:"alphabet" doc:"what the SMSC expects where UCS-2 is not needed: gsm7 (a septet per octet), gsm7_packed or latin1; default gsm7"`
	Segments  string   `json:"segments" doc:"how long texts are sent: udh8, udh16, sar, or payload (one request, the SMSC splits); default udh8"`
	Languages []string `json:"languages" doc:"national single shift tables that may be used, such as [tr, es]; only with udh8 and udh16; default none"`
	Locking   []string `json:"locking" doc:"national locking shift tables that may be used; default none"`

	ServiceType     string `json:"service_type" doc:"up to 5 characters, if the operator wants one"`
	Reports         string `json:"reports" doc:"delivery reports to request: final, failure, all (with intermediate ones) or none; default final"`
	Times           string `json:"times" doc:"how validity and send_at are written: relative or absolute (UTC); default relative"`
	IgnoresValidity bool   `json:"ignores_validity" doc:"the SMSC does not use validity_period; default false"`
	Schedule        bool   `json:"schedule" doc:"the SMSC honours schedule_delivery_time; default false"`
	Query           bool   `json:"query" doc:"the SMSC has query_sm; default false"`
	Cancel          bool   `json:"cancel" doc:"the SMSC has cancel_sm; default false"`

	SubmitIDs string `json:"submit_ids" doc:"how submit_sm_resp writes ids, if reports write them differently: same, hex or decimal; default same"`
	ReportIDs string `json:"report_ids" doc:"how delivery reports write ids: same, hex or decimal; default same"`
	TimeZone  string `json:"time_zone" doc:"zone of the times in delivery reports, such as Europe/Athens; default UTC"`

	StatusCodes map[string]provider.Code `json:"status_codes" doc:"what the operator's own command_status values mean, by value or range, such as {0x0400: no_route, 0x0410-0x041f: invalid_recipient}"`
	ReportCodes map[string]provider.Code `json:"report_codes" doc:"what the err values of the operator's delivery reports mean, such as {001: invalid_recipient}"`
	TLVs        map[string]string        `json:"tlvs" doc:"optional parameters of every submit_sm by tag, such as {0x1402: text} or {0x1402: hex:0A0B}"`
	DLTEntity   string                   `json:"dlt_entity" doc:"principal entity id of India's DLT, sent as parameter 0x1400"`
	DLTTemplate string                   `json:"dlt_template" doc:"template id of India's DLT, sent as parameter 0x1401; a message may have its own, smpp.dlt_template"`

	Timeout        provider.Duration `json:"timeout" doc:"for one request, response included; default 30s"`
	ConnectTimeout provider.Duration `json:"connect_timeout" doc:"to establish a connection, bind included; default 3s"`

	// Dial makes the connections, for tunnels and tests; nil = net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error) `json:"-"`
	// Now is the clock for relative times and unfinished inbound messages; nil =
	// time.Now.
	Now func() time.Time `json:"-"`
}

// Defaults of [Config].
const (
	DefaultBinds       = 1
	DefaultWindow      = 16
	DefaultEnquireLink = 30 * time.Second
)

const driverName = "smpp"

// Driver opens accounts from settings.
var Driver = provider.NewDriver(driverName, "SMPP 3.4: operators' and aggregators' SMSCs over a lasting connection", New)

// settings is a Config with its defaults, checked and parsed.
type settings struct {
	Config
	tls         *tls.Config // nil = off
	split       splitter
	addresses   map[form]tonNPI
	zone        *time.Location
	statusCodes []statusRange
	tlvs        []parameter
}

// parse fills in what was left out and names the first bad setting.
func (c Config) parse() (*settings, error) {
	if err := c.applyProfile(); err != nil {
		return nil, err
	}
	c.defaults()
	s := &settings{Config: c}
	for _, step := range []func() error{
		s.parseAccount, s.parseLine, s.parseWords, s.parseAddresses, s.parseText, s.parseCodes, s.parseTLVs,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (c *Config) defaults() {
	orWord := func(s *string, def string) {
		if *s == "" {
			*s = def
		}
	}
	orWord(&c.Receive, receiveTransceiver)
	orWord(&c.Alphabet, alphabetGSM7)
	orWord(&c.Segments, segmentsUDH8)
	orWord(&c.Reports, "final")
	orWord(&c.Times, timesRelative)
	orWord(&c.SubmitIDs, idsSame)
	orWord(&c.ReportIDs, idsSame)
	if c.Binds == 0 {
		c.Binds = DefaultBinds
	}
	if c.Window == 0 {
		c.Window = DefaultWindow
	}
	c.EnquireLink = provider.Duration(c.EnquireLink.Or(DefaultEnquireLink))
	c.Timeout = provider.Duration(c.Timeout.Or(httpcall.DefaultTimeout))
	c.ConnectTimeout = provider.Duration(c.ConnectTimeout.Or(httpcall.DefaultConnectTimeout))
	if c.Dial == nil {
		c.Dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

func (s *settings) parseAccount() error {
	for _, field := range []struct {
		name, value string
		max         int
	}{
		{"system_id", s.SystemID, 15},
		{"password", s.Password.Reveal(), 63}, // the standard has 8, and operators have more
		{"system_type", s.SystemType, 12},
		{"service_type", s.ServiceType, 5},
	} {
		if len(field.value) > field.max {
			return provider.ConfigErrorf(field.name, "has %d characters; SMPP has room for %d", len(field.value), field.max)
		}
		if strings.ContainsRune(field.value, 0) {
			return provider.ConfigErrorf(field.name, "must not contain a NUL character")
		}
	}
	if s.SystemID == "" {
		return provider.ConfigErrorf("system_id", "must not be empty; want the account's name")
	}
	return nil
}

func (s *settings) parseLine() error {
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil || host == "" || port == "" {
		return provider.ConfigErrorf("address", "%q is not a host and port such as smsc.example.com:2775", s.Address)
	}
	for name, n := range map[string]int{"binds": s.Binds, "window": s.Window} {
		if n < 0 || n > 1000 {
			return provider.ConfigErrorf(name, "is %d; want 1 to 1000", n)
		}
	}
	for name, d := range map[string]provider.Duration{"timeout": s.Timeout, "connect_timeout": s.ConnectTimeout, "enquire_link": s.EnquireLink} {
		if d < 0 {
			return provider.ConfigErrorf(name, "%s is negative; want a duration such as 30s", d)
		}
	}
	switch {
	case s.TLS == "off", s.TLS == "" && httpcall.IsLoopback(host):
		if s.CAFile != "" {
			return provider.ConfigErrorf("ca_file", "has no effect without tls: on")
		}
		return nil
	case s.TLS == "":
		return provider.ConfigErrorf("tls", "must be set; want on, or off if the line to %s is private, as without TLS the password and the texts can be read", host)
	case s.TLS != "on":
		return provider.ConfigErrorf("tls", "%q; want on or off", s.TLS)
	}
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	return s.readCA()
}

func (s *settings) readCA() error {
	if s.CAFile == "" {
		return nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return provider.ConfigErrorf("ca_file", "%v", err)
	}
	s.tls.RootCAs = x509.NewCertPool()
	if !s.tls.RootCAs.AppendCertsFromPEM(pem) {
		return provider.ConfigErrorf("ca_file", "%s contains no PEM certificate", s.CAFile)
	}
	return nil
}

// The words of the settings.
const (
	receiveTransceiver = "transceiver"
	receiveReceiver    = "receiver"

	alphabetGSM7   = "gsm7"
	alphabetPacked = "gsm7_packed"
	alphabetLatin1 = "latin1"

	segmentsUDH8    = "udh8"
	segmentsUDH16   = "udh16"
	segmentsSAR     = "sar"
	segmentsPayload = "payload"

	timesRelative = "relative"
	timesAbsolute = "absolute"

	idsSame    = "same"
	idsHex     = "hex"
	idsDecimal = "decimal"
)

// registeredDelivery are the values of registered_delivery, SMPP 3.4 §5.2.17.
var registeredDelivery = map[string]byte{"none": 0x00, "final": 0x01, "failure": 0x02, "all": 0x11}

func (s *settings) parseWords() error {
	for _, word := range []struct {
		name, value string
		known       []string
	}{
		{"receive", s.Receive, []string{receiveTransceiver, receiveReceiver}},
		{"alphabet", s.Alphabet, []string{alphabetGSM7, alphabetPacked, alphabetLatin1}},
		{"segments", s.Segments, []string{segmentsUDH8, segmentsUDH16, segmentsSAR, segmentsPayload}},
		{"reports", s.Reports, []string{"final", "failure", "all", "none"}},
		{"times", s.Times, []string{timesRelative, timesAbsolute}},
		{"submit_ids", s.SubmitIDs, []string{idsSame, idsHex, idsDecimal}},
		{"report_ids", s.ReportIDs, []string{idsSame, idsHex, idsDecimal}},
	} {
		if !slices.Contains(word.known, word.value) {
			return provider.ConfigErrorf(word.name, "%q; want %s", word.value, strings.Join(word.known, ", "))
		}
	}
	if (s.SubmitIDs == idsSame) != (s.ReportIDs == idsSame) {
		return provider.ConfigErrorf("report_ids", "and submit_ids: set both to hex or decimal, or neither")
	}
	if s.SubmitIDs != idsSame && (s.Query || s.Cancel) {
		return provider.ConfigErrorf("submit_ids", "cannot be %s together with query or cancel, which need the ids as the SMSC writes them", s.SubmitIDs)
	}
	var err error
	if s.zone, err = time.LoadLocation(s.TimeZone); err != nil {
		return provider.ConfigErrorf("time_zone", "%q is not a zone such as Europe/Athens", s.TimeZone)
	}
	return nil
}

func (s *settings) parseText() error {
	single, err := parseLanguages("languages", s.Languages)
	if err != nil {
		return err
	}
	locking, err := parseLanguages("locking", s.Locking)
	if err != nil {
		return err
	}
	udh := s.Segments == segmentsUDH8 || s.Segments == segmentsUDH16
	if single|locking != 0 && (!udh || s.Alphabet == alphabetLatin1) {
		return provider.ConfigErrorf("languages", "and locking need a user data header; want segments udh8 or udh16, and alphabet gsm7 or gsm7_packed")
	}
	s.split = splitter{alphabet: s.Alphabet, segments: s.Segments, single: single, locking: locking}
	return nil
}

func parseLanguages(setting string, names []string) (gsm7.Languages, error) {
	languages, err := gsm7.ParseLanguages(strings.Join(names, ","))
	if err != nil {
		return 0, provider.ConfigErrorf(setting, "%v", err)
	}
	return languages, nil
}

// parseNumber reads a tag or a command_status in decimal or hexadecimal.
func parseNumber(s string) (uint32, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 0, 32)
	return uint32(n), err
}
