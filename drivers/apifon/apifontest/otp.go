package apifontest

import (
	"net/http"
	"strings"
	"time"
)

// oneTimeCode is a code that was sent under a reference.
type oneTimeCode struct {
	code string
	ends time.Time
	used bool
}

// otpRequest is the body of otp/create.
type otpRequest struct {
	ReferenceID string    `json:"reference_id"`
	Subscriber  string    `json:"subscriber"`
	CodeLength  int       `json:"code_length"`
	CodeType    string    `json:"code_type"`
	CallbackURL string    `json:"callback_url"`
	Expire      int       `json:"expire"`
	Message     *smsText  `json:"message"`
	Channels    []channel `json:"im_channels"`
}

const otpPlaceholder = "{apifon_otp}"

var createOTP = object(map[string]field{
	"reference_id": must(text(1, 255)),
	"subscriber":   must(number),
	"code_length":  may(integer(5, 20)),
	"code_type":    may(oneOf("numeric", "alpha", "alphanumeric")),
	"callback_url": may(callbackURL),
	"expire":       may(integer(1, 1<<31)),
	"message":      may(message),
	"im_channels": may(array(1, 1, object(map[string]field{
		"text": must(matching(func(s string) string {
			if !strings.Contains(s, otpPlaceholder) {
				return "must contain " + otpPlaceholder
			}
			return ""
		})),
		"sender_id":     may(text(1, 0)),
		"ttl":           may(integer(30, 1<<31)),
		"device_target": may(deviceTarget),
	}))),
})

// The defaults of otp/create, and the sender of an SMS without one.
const (
	defaultCodeLength = 6
	defaultExpire     = 300
	defaultOTPSender  = "Example"
)

// createOTP is POST /otp/create. Codes are not random, so that tests are
// reproducible: see [Message.Code].
func (s *Server) createOTP(r *request) answer {
	body := otpRequest{CodeLength: defaultCodeLength, Expire: defaultExpire}
	if wrong := s.read(r, createOTP, &body); wrong != nil {
		return *wrong
	}
	code := s.newCode(body.CodeType, body.CodeLength)
	m, wrong := s.composeOTP(&body, code)
	if wrong != nil {
		return s.gatewayError(http.StatusForbidden, wrong.field+": "+wrong.reason)
	}
	m.Code = code
	messages := []Message{m}
	requestID, results := s.enter(messages, envelope{body.ReferenceID, body.CallbackURL, "", ""})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[body.ReferenceID] = &oneTimeCode{code: code, ends: s.options.Now().Add(time.Duration(body.Expire) * time.Second)}
	return answer{status: http.StatusOK, body: map[string]any{
		"request_id":   requestID,
		"reference_id": body.ReferenceID,
		"result":       results[0],
		"result_info":  map[string]any{"status_code": http.StatusOK, "description": "OK"},
	}}
}

// composeOTP makes the message by the reference's table of channels.
func (s *Server) composeOTP(body *otpRequest, code string) (Message, *fault) {
	to := recipient{Number: body.Subscriber, Params: map[string]any{"apifon_otp": code}}
	sms := body.Message
	if sms == nil {
		sms = &smsText{Text: otpPlaceholder, SenderID: defaultOTPSender}
	}
	if len(body.Channels) == 0 {
		return s.compose(to, *sms)
	}
	return s.composeIM(to, body.Channels[0], body.Message)
}

// alphabets of the code types.
var alphabets = map[string]string{
	"":             "0123456789",
	"numeric":      "0123456789",
	"alpha":        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	"alphanumeric": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
}

// newCode returns the next code.
func (s *Server) newCode(kind string, length int) string {
	alphabet, n := alphabets[kind], s.lastID.Add(1)*7919
	code := make([]byte, length)
	for i := range code {
		code[i] = alphabet[n%int64(len(alphabet))]
		n = n/7 + int64(i)*31
	}
	return string(code)
}

// verifyOTP is POST /otp/verify/{reference}/{code}, without a body.
func (s *Server) verifyOTP(r *request) answer {
	if len(r.body) > 0 {
		return s.gatewayError(http.StatusBadRequest, "The body must be empty")
	}
	s.mu.Lock()
	status, verdict, description := s.judge(r.PathValue("reference"), r.PathValue("code"))
	s.mu.Unlock()
	return answer{status: status, body: map[string]any{
		"request_id":  s.newID("request"),
		"result_info": map[string]any{"status_code": verdict, "description": description},
	}}
}

// judge checks a code and marks a right one as used. The lock is held.
func (s *Server) judge(reference, code string) (status, verdict int, description string) {
	sent, known := s.codes[reference]
	switch {
	case !known:
		return http.StatusForbidden, 3, "The request code was not found"
	case sent.code != code:
		return http.StatusForbidden, 7, "The request code is invalid."
	case sent.used:
		return http.StatusOK, 1, "Invalid"
	case s.options.Now().After(sent.ends):
		return http.StatusForbidden, 6, "Expired"
	}
	sent.used = true
	return http.StatusOK, 0, "Valid"
}
