package smpp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// status is a command_status with the standard's words (SMPP 3.4 §5.1.3) and
// what it says about a submit_sm: a response with an error means that the
// request has failed.
type status struct {
	name, says string
	is         provider.Code
}

// statuses are all that the standard defines. The values between them are
// reserved, except 0x0400 to 0x04FF, which each SMSC's vendor defines.
var statuses = map[uint32]status{
	0x01: {"ESME_RINVMSGLEN", "Message Length is invalid", provider.InvalidMessage},
	0x02: {"ESME_RINVCMDLEN", "Command Length is invalid", provider.Rejected},
	0x03: {"ESME_RINVCMDID", "Invalid Command ID", provider.Unsupported},
	0x04: {"ESME_RINVBNDSTS", "Incorrect BIND Status for given command", provider.Unavailable},
	0x05: {"ESME_RALYBND", "ESME Already in Bound State", provider.Unavailable},
	0x06: {"ESME_RINVPRTFLG", "Invalid Priority Flag", provider.Unsupported},
	0x07: {"ESME_RINVREGDLVFLG", "Invalid Registered Delivery Flag", provider.Unsupported},
	0x08: {"ESME_RSYSERR", "System Error", provider.Unavailable},
	0x0A: {"ESME_RINVSRCADR", "Invalid Source Address", provider.SenderRejected},
	0x0B: {"ESME_RINVDSTADR", "Invalid Dest Addr", provider.InvalidRecipient},
	0x0C: {"ESME_RINVMSGID", "Message ID is invalid", provider.Rejected},
	0x0D: {"ESME_RBINDFAIL", "Bind Failed", provider.Unauthenticated},
	0x0E: {"ESME_RINVPASWD", "Invalid Password", provider.Unauthenticated},
	0x0F: {"ESME_RINVSYSID", "Invalid System ID", provider.Unauthenticated},
	0x11: {"ESME_RCANCELFAIL", "Cancel SM Failed", provider.Rejected},
	0x13: {"ESME_RREPLACEFAIL", "Replace SM Failed", provider.Rejected},
	0x14: {"ESME_RMSGQFUL", "Message Queue Full", provider.RateLimited},
	0x15: {"ESME_RINVSERTYP", "Invalid Service Type", provider.Unsupported},
	0x33: {"ESME_RINVNUMDESTS", "Invalid number of destinations", provider.Rejected},
	0x34: {"ESME_RINVDLNAME", "Invalid Distribution List name", provider.Rejected},
	0x40: {"ESME_RINVDESTFLAG", "Destination flag is invalid", provider.Rejected},
	0x42: {"ESME_RINVSUBREP", "Invalid 'submit with replace' request", provider.Unsupported},
	0x43: {"ESME_RINVESMCLASS", "Invalid esm_class field data", provider.Unsupported},
	0x44: {"ESME_RCNTSUBDL", "Cannot Submit to Distribution List", provider.Rejected},
	0x45: {"ESME_RSUBMITFAIL", "submit_sm or submit_multi failed", provider.Rejected},
	0x48: {"ESME_RINVSRCTON", "Invalid Source address TON", provider.SenderRejected},
	0x49: {"ESME_RINVSRCNPI", "Invalid Source address NPI", provider.SenderRejected},
	0x50: {"ESME_RINVDSTTON", "Invalid Destination address TON", provider.Unsupported},
	0x51: {"ESME_RINVDSTNPI", "Invalid Destination address NPI", provider.Unsupported},
	0x53: {"ESME_RINVSYSTYP", "Invalid system_type field", provider.Unauthenticated},
	0x54: {"ESME_RINVREPFLAG", "Invalid replace_if_present flag", provider.Unsupported},
	0x55: {"ESME_RINVNUMMSGS", "Invalid number of messages", provider.Rejected},
	0x58: {"ESME_RTHROTTLED", "Throttling error (ESME has exceeded allowed message limits)", provider.RateLimited},
	0x61: {"ESME_RINVSCHED", "Invalid Scheduled Delivery Time", provider.Unsupported},
	0x62: {"ESME_RINVEXPIRY", "Invalid message validity period (Expiry time)", provider.Unsupported},
	0x63: {"ESME_RINVDFTMSGID", "Predefined Message Invalid or Not Found", provider.Unsupported},
	0x64: {"ESME_RX_T_APPN", "ESME Receiver Temporary App Error Code", provider.Unavailable},
	0x65: {"ESME_RX_P_APPN", "ESME Receiver Permanent App Error Code", provider.Rejected},
	0x66: {"ESME_RX_R_APPN", "ESME Receiver Reject Message Error Code", provider.Rejected},
	0x67: {"ESME_RQUERYFAIL", "query_sm request failed", provider.Rejected},
	0xC0: {"ESME_RINVOPTPARSTREAM", "Error in the optional part of the PDU Body", provider.Unsupported},
	0xC1: {"ESME_ROPTPARNOTALLWD", "Optional Parameter not allowed", provider.Unsupported},
	0xC2: {"ESME_RINVPARLEN", "Invalid Parameter Length", provider.Unsupported},
	0xC3: {"ESME_RMISSINGOPTPARAM", "Expected Optional Parameter missing", provider.Unsupported},
	0xC4: {"ESME_RINVOPTPARAMVAL", "Invalid Optional Parameter Value", provider.Unsupported},
	0xFE: {"ESME_RDELIVERYFAILURE", "Delivery Failure (used for data_sm_resp)", provider.Rejected},
	0xFF: {"ESME_RUNKNOWNERR", "Unknown Error", provider.Rejected},
}

// Statuses that this package itself uses.
const (
	statusOK         = 0x00
	statusInvCmdLen  = 0x02
	statusInvCmdID   = 0x03
	statusSysErr     = 0x08
	statusTemporary  = 0x64 // ESME_RX_T_APPN: the SMSC shall try again
	statusSysErrName = "ESME_RSYSERR"
)

// statusRange is a row of the setting status_codes.
type statusRange struct {
	first, last uint32
	is          provider.Code
}

func (s *settings) parseCodes() error {
	for _, key := range slices.Sorted(maps.Keys(s.StatusCodes)) {
		path := "status_codes." + key
		first, last, ranged := strings.Cut(key, "-")
		if !ranged {
			last = first
		}
		from, err1 := parseNumber(first)
		to, err2 := parseNumber(last)
		if err1 != nil || err2 != nil || from == 0 || to < from {
			return provider.ConfigErrorf(path, "is not a command_status such as 0x0400, or a range such as 0x0400-0x040f")
		}
		code := s.StatusCodes[key]
		if !slices.Contains(provider.Codes(), code) {
			return provider.ConfigErrorf(path, "%q is not a code; want one such as no_route", code)
		}
		s.statusCodes = append(s.statusCodes, statusRange{from, to, code})
	}
	for _, key := range slices.Sorted(maps.Keys(s.ReportCodes)) {
		if !slices.Contains(provider.Codes(), s.ReportCodes[key]) {
			return provider.ConfigErrorf("report_codes."+key, "%q is not a code; want one such as invalid_recipient", s.ReportCodes[key])
		}
	}
	return nil
}

// failure makes the error of a response whose command_status is not zero. What
// neither the settings nor the standard define is a failure for an unknown
// reason.
func (s *settings) failure(commandStatus uint32) *provider.Error {
	known, ok := statuses[commandStatus]
	err := &provider.Error{Code: provider.Rejected, VendorCode: statusText(commandStatus)}
	if ok {
		err.Code, err.VendorMessage = known.is, known.name+": "+known.says
	}
	for _, r := range s.statusCodes {
		if r.first <= commandStatus && commandStatus <= r.last {
			err.Code = r.is
		}
	}
	return err
}

// bindFailure is failure for a response to bind. Codes that would be a verdict
// on a message say here that the account cannot be used.
func (s *settings) bindFailure(commandStatus uint32) *provider.Error {
	err := s.failure(commandStatus)
	if err.Code.Outcome() != provider.OutcomeNotSent {
		err.Code = provider.Unavailable
	}
	return err
}

// statusText has four digits, as in the setting status_codes: eight zeros and digits would be
// masked in errors like a telephone number.
func statusText(commandStatus uint32) string { return fmt.Sprintf("0x%04X", commandStatus) }
