// Package smpplab is the lab of SMPP 3.4 for package conformance: a driver for an
// SMSC is tested with
//
//	conformance.Harness{Lab: smpplab.New(), Open: …, Replies: …}
//
// Its reply files end in .smpp. They have a response's name and command_status, and
// the fields of its body:
//
//	# source: SMPP 3.4, §4.4.2
//	submit_sm_resp 0x00000000
//	message_id: {{id}}
//
// The fields of query_sm_resp are message_id, final_date, message_state and
// error_code. A response with an error has no body.
//
// Event files have deliver_sm and its fields; data_coding is 0 or 8 (UCS-2):
//
//	# source: SMPP 3.4, appendix B
//	# event: {"kind":"report","id":"a1","status":"delivered","final":true}
//	deliver_sm
//	source_addr: 306900000001
//	destination_addr: 54321
//	esm_class: 0x04
//	short_message: id:a1 stat:DELIVRD err:000
//
// The SMSC accepts every account. A message of several segments is one request, which
// is complete with its last segment; the others are accepted with ids of the lab.
package smpplab

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
)

// New returns the lab.
func New() conformance.Lab { return lab{} }

type lab struct{}

func (lab) Name() string      { return "SMPP" }
func (lab) Extension() string { return "smpp" }

func (lab) CheckReply(reply []byte) error {
	_, err := parseReply(reply)
	return err
}

func (lab) Start(respond conformance.Respond) (conformance.Vendor, error) { return start(respond) }

const spec = "SMPP 3.4"

// Faults lists how a connection to an SMSC and its responses fail.
func (lab) Faults() []conformance.Fault {
	doubt := []provider.Code{provider.Indeterminate}
	const (
		whyDoubt = "the SMSC may have accepted the message; reporting not sent risks a duplicate, reporting accepted may be wrong"
		whyGood  = "the SMSC has accepted the message; reporting anything else stops it needlessly, or sends it twice"
	)
	return []conformance.Fault{
		{Name: conformance.FaultRefused, Codes: []provider.Code{provider.Unavailable}, Why: "nothing was written, so that another attempt is safe"},
		{Name: conformance.FaultClose, Codes: doubt, Why: whyDoubt},
		{Name: "reset-after-read", Codes: doubt, Why: whyDoubt},
		{Name: "reset-in-request", Codes: doubt, Why: whyDoubt},
		{Name: conformance.FaultHang, Codes: doubt, Silent: true, Why: whyDoubt},
		{Name: "hang-in-response", Codes: doubt, Silent: true, Why: whyDoubt},
		{Name: "close-in-response", Codes: doubt, Why: whyDoubt},
		{Name: "slow-response", Why: whyGood},
		{Name: "enquire-before-response", Why: whyGood, Source: spec + " §4.11"},
		{Name: "unbind-before-response", Why: whyGood, Source: spec + " §4.2"},
		{Name: "two-responses", Why: whyGood},
		{Name: "unknown-parameter", Why: whyGood, Source: spec + " §3.3"},
		{Name: "id-without-nul", Why: whyGood, Source: spec + " §3.1, which SMSCs in use do not keep to"},
		{Name: "generic-nack", Codes: doubt, Why: "it says that the request was not understood, and not that nothing came of it", Source: spec + " §4.3"},
		{Name: "other-number", Codes: doubt, Silent: true, Why: "a response to another request says nothing about this one", Source: spec + " §2.7"},
		{Name: "other-response", Codes: doubt, Silent: true, Why: "a response to another command says nothing about this one", Source: spec + " §3.2"},
		{Name: "length-too-small", Codes: doubt, Why: whyDoubt, Source: spec + " §3.2"},
		{Name: "length-too-large", Codes: doubt, Why: "a driver that reads without a limit can exhaust the memory of the program", Source: spec + " §3.2"},
		{Name: "gibberish", Codes: doubt, Why: whyDoubt},
		{Name: "no-body", Codes: doubt, Content: true, Why: "an acceptance without an id proves nothing", Source: spec + " §4.4.2"},
	}
}

// reply is a parsed reply file.
type reply struct {
	command data.CommandIDType
	status  data.CommandStatusType
	fields  map[string]string
}

var responses = map[string]data.CommandIDType{
	"submit_sm_resp": data.SUBMIT_SM_RESP, "query_sm_resp": data.QUERY_SM_RESP, "cancel_sm_resp": data.CANCEL_SM_RESP,
	"enquire_link_resp": data.ENQUIRE_LINK_RESP,
}

func parseReply(text []byte) (*reply, error) {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	name, status, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	command, known := responses[name]
	n, err := strconv.ParseUint(strings.TrimSpace(status), 0, 32)
	if !known || err != nil {
		return nil, fmt.Errorf("%q; want a response and its command_status, such as submit_sm_resp 0x00000000", lines[0])
	}
	r := &reply{command: command, status: data.CommandStatusType(uint32(n)), fields: make(map[string]string)}
	for _, line := range lines[1:] {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%q; want a field such as message_id: 1", line)
		}
		r.fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return r, nil
}

// frame writes the reply to a request.
func (r *reply) frame(sequence int32) []byte {
	var body []byte
	if r.status == data.ESME_ROK {
		switch r.command {
		case data.SUBMIT_SM_RESP:
			body = append([]byte(r.fields["message_id"]), 0)
		case data.QUERY_SM_RESP:
			state, _ := strconv.ParseUint(r.fields["message_state"], 0, 8)
			code, _ := strconv.ParseUint(r.fields["error_code"], 0, 8)
			body = append(append([]byte(r.fields["message_id"]), 0), r.fields["final_date"]...)
			body = append(body, 0, byte(state), byte(code))
		}
	}
	return frame(pdu.Header{CommandID: r.command, CommandStatus: r.status, SequenceNumber: sequence}, body)
}

// frame writes a PDU.
func frame(h pdu.Header, body []byte) []byte {
	h.CommandLength = int32(16 + len(body))
	buffer := &pdu.ByteBuffer{Buffer: new(bytes.Buffer)}
	h.Marshal(buffer)
	_, _ = buffer.Write(body)
	return buffer.Bytes()
}
