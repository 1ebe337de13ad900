package apifon

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// OTP is a request of the OTP gateway: create a one-time code and send it. With
// neither Message nor Channels the code is sent alone by SMS; with Message it
// is sent by SMS; with Channels by instant message; with both, the SMS is sent
// if the instant message is not delivered.
type OTP struct {
	ReferenceID string       `json:"reference_id"` // what [Client.VerifyOTP] takes
	Number      string       `json:"subscriber"`   // digits only
	CodeLength  int          `json:"code_length,omitempty"`
	CodeType    CodeType     `json:"code_type,omitempty"`
	CallbackURL string       `json:"callback_url,omitempty"` // https
	Expire      int          `json:"expire,omitempty"`       // seconds; 0 = 300
	Message     *Text        `json:"message,omitempty"`      // may contain {apifon_otp}
	Channels    []OTPChannel `json:"im_channels,omitempty"`
}

// OTPChannel is the instant message that carries a code.
type OTPChannel struct {
	Text         string       `json:"text"` // must contain {apifon_otp}
	SenderID     string       `json:"sender_id,omitempty"`
	TTL          int          `json:"ttl,omitempty"` // seconds, at least 30; above Expire there is no SMS
	DeviceTarget DeviceTarget `json:"device_target,omitempty"`
}

// CodeType is the alphabet of a code.
type CodeType string

// The code types; the vendor's default is numeric.
const (
	Numeric      CodeType = "numeric"
	Alpha        CodeType = "alpha"
	Alphanumeric CodeType = "alphanumeric"
)

// CodePlaceholder marks the place of the code in a text.
const CodePlaceholder = "{apifon_otp}"

// The OTP gateway's limits and its default.
const (
	minCodeLength = 5
	maxCodeLength = 20
	defaultExpire = 300
)

// OTPResult is the gateway's response to a request that it accepted.
type OTPResult struct {
	RequestID   string          `json:"request_id"`
	ReferenceID string          `json:"reference_id"`
	Result      []MessageResult `json:"result"` // one entry per segment
	ResultInfo  ResultInfo      `json:"result_info"`
	Raw         json.RawMessage `json:"-"` // the response as it came
}

// UnmarshalJSON leaves out what is not of the documented type, and takes ids that
// are numbers: only the request id is needed.
func (r *OTPResult) UnmarshalJSON(b []byte) error {
	var v struct {
		RequestID   loosejson.ID   `json:"request_id"`
		ReferenceID loosejson.Word `json:"reference_id"`
		Result      messageResults `json:"result"`
		ResultInfo  ResultInfo     `json:"result_info"`
	}
	err := loosejson.Unmarshal(b, &v)
	*r = OTPResult{RequestID: string(v.RequestID), ReferenceID: string(v.ReferenceID), Result: v.Result, ResultInfo: v.ResultInfo}
	return err
}

// CreateOTP creates and sends a code (POST /otp/create, scope otpGateway).
func (c *Client) CreateOTP(ctx context.Context, otp OTP) (*OTPResult, error) {
	if err := checkOTP(otp); err != nil {
		return nil, err
	}
	r, err := c.call(ctx, "POST", api+"/otp/create", otp)
	if err != nil {
		return nil, err
	}
	if !r.OK() {
		return nil, c.failure(r, gatewayCodes)
	}
	var result OTPResult
	if err := r.Decode(&result); err != nil {
		return nil, c.unread(r, gatewayCodes, err)
	}
	if parseError(r) != nil { // also beside an acceptance
		return nil, c.failure(r, gatewayCodes)
	}
	if result.RequestID == "" {
		return nil, c.unread(r, gatewayCodes, errNoID)
	}
	result.Raw = r.Raw()
	return &result, nil
}

func checkOTP(otp OTP) error {
	if otp.ReferenceID == "" {
		return fieldError(provider.InvalidMessage, "reference_id", "must not be empty; it is needed to check the code")
	}
	if err := checkReference(otp.ReferenceID); err != nil {
		return err
	}
	if err := checkNumber("subscriber", otp.Number); err != nil {
		return err
	}
	switch {
	case otp.CodeLength != 0 && (otp.CodeLength < minCodeLength || otp.CodeLength > maxCodeLength):
		return fieldError(provider.Unsupported, "code_length", "%d; the vendor accepts %d to %d", otp.CodeLength, minCodeLength, maxCodeLength)
	case otp.CodeType != "" && otp.CodeType != Numeric && otp.CodeType != Alpha && otp.CodeType != Alphanumeric:
		return fieldError(provider.Unsupported, "code_type", "%q; want %s, %s or %s", otp.CodeType, Numeric, Alpha, Alphanumeric)
	case otp.Expire < 0:
		return fieldError(provider.Unsupported, "expire", "%d s is negative", otp.Expire)
	}
	if err := checkCallback("callback_url", otp.CallbackURL); err != nil {
		return err
	}
	if otp.Message != nil {
		if err := checkText("message", *otp.Message); err != nil {
			return err
		}
	}
	return otp.checkChannels()
}

func (o *OTP) checkChannels() error {
	expire := o.Expire
	if expire == 0 {
		expire = defaultExpire
	}
	for i, channel := range o.Channels {
		field := at("im_channels", i)
		switch {
		case !strings.Contains(channel.Text, CodePlaceholder):
			return fieldError(provider.InvalidMessage, field+".text", "has no %s", CodePlaceholder)
		case channel.TTL != 0 && channel.TTL < minTTL:
			return fieldError(provider.Unsupported, field+".ttl", "%d s; the vendor accepts at least %d", channel.TTL, minTTL)
		case o.Message != nil && channel.TTL > expire:
			return fieldError(provider.Unsupported, field+".ttl", "%d s is longer than the life of the code, %d s; the vendor would never send the SMS", channel.TTL, expire)
		}
	}
	return nil
}

// OTPVerification is the OTP gateway's result for a code.
type OTPVerification struct {
	RequestID  string     `json:"request_id"`
	ResultInfo ResultInfo `json:"result_info"`
}

// UnmarshalJSON takes an id that is a number.
func (a *OTPVerification) UnmarshalJSON(b []byte) error {
	var v struct {
		RequestID  loosejson.ID `json:"request_id"`
		ResultInfo ResultInfo   `json:"result_info"`
	}
	err := loosejson.Unmarshal(b, &v)
	*a = OTPVerification{string(v.RequestID), v.ResultInfo}
	return err
}

// The results of [Client.VerifyOTP], as ResultInfo.StatusCode.
const (
	OTPValid       StatusCode = "0"
	OTPUsed        StatusCode = "1" // it was right, but it has been used before; the vendor sends HTTP 200
	OTPDeclined    StatusCode = "2"
	OTPNotFound    StatusCode = "3" // wrong reference, or wrong code
	OTPNoCode      StatusCode = "4"
	OTPNoReference StatusCode = "5"
	OTPExpired     StatusCode = "6"
	OTPInvalid     StatusCode = "7"
)

// VerifyOTP checks a code (POST /otp/verify, scope otpGateway). Each of the
// vendor's eight documented results is a result, not an error. A right code can
// be used once.
func (c *Client) VerifyOTP(ctx context.Context, referenceID, code string) (*OTPVerification, error) {
	if referenceID == "" || code == "" {
		return nil, fieldError(provider.InvalidMessage, "reference_id", "reference and code must not be empty")
	}
	r, err := c.do(ctx, httpcall.Request{Method: "POST", Path: segments(api+"/otp/verify", referenceID, code), Private: []string{code}})
	if err != nil {
		return nil, err
	}
	var answer OTPVerification
	err = r.Decode(&answer)
	status := answer.ResultInfo.StatusCode
	if _, known := otpVerdicts[status]; err == nil && known && (r.OK() || status != OTPValid) {
		return &answer, nil
	}
	if !r.OK() {
		return nil, c.failure(r, gatewayCodes)
	}
	return nil, c.unread(r, gatewayCodes, errNoVerdict)
}
