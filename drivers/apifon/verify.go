package apifon

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// StartVerification lets the vendor create and send a one-time code. Text must
// contain {apifon_otp}; without a Text the code is sent alone. The extras
// apifon.im_text, im_sender, im_ttl and im_device_target send it by Viber, and
// by SMS only if that is not delivered and a sender is set.
func (p *Provider) StartVerification(ctx context.Context, r *provider.VerificationRequest) (*provider.Receipt, error) {
	otp, err := p.otp(r)
	if err != nil {
		return nil, err
	}
	result, err := p.client.CreateOTP(ctx, otp)
	if err != nil {
		return nil, err
	}
	return &provider.Receipt{ID: otp.ReferenceID, Segments: len(result.Result), Raw: result.Raw}, nil
}

// otp converts a request for a code to the vendor's format.
func (p *Provider) otp(r *provider.VerificationRequest) (OTP, error) {
	if r.To.IsZero() {
		return OTP{}, provider.NewError(provider.InvalidRecipient, "the request has no recipient")
	}
	extra, err := (&provider.Message{Extra: r.Extra}).ExtraOf(driverName, otpExtras...)
	if err != nil {
		return OTP{}, err
	}
	otp := OTP{
		ReferenceID: r.Ref, Number: r.To.Digits(), CodeLength: r.Length,
		CallbackURL: p.callbacks(""), Expire: int(r.Expire / time.Second),
	}
	if r.Expire != 0 && r.Expire < time.Second {
		return OTP{}, fieldError(provider.Unsupported, "expire", "%s is not a whole number of seconds", r.Expire)
	}
	if otp.ReferenceID == "" {
		otp.ReferenceID = rand.Text()
	}
	if r.Alpha {
		otp.CodeType = Alphanumeric
	}
	if otp.Message, err = p.codeText(r); err != nil {
		return OTP{}, err
	}
	if len(extra) > 0 {
		otp.Channels, err = codeChannel(r, extra)
	}
	return otp, err
}

// codeText is the SMS that contains a code; nil = the vendor's own text.
func (p *Provider) codeText(r *provider.VerificationRequest) (*Text, error) {
	text := r.Text
	if text == "" && r.From == "" && p.config.Sender == "" {
		return nil, nil
	}
	if text == "" {
		text = CodePlaceholder
	}
	if err := checkCodeText(text); err != nil {
		return nil, err
	}
	sender, err := p.sender(r.From)
	if err != nil {
		return nil, err
	}
	coding, err := dataCoding(text)
	if err != nil {
		return nil, err
	}
	return &Text{Text: text, DataCoding: coding, SenderID: sender}, nil
}

func checkCodeText(text string) error {
	if !strings.Contains(text, CodePlaceholder) {
		return provider.NewError(provider.InvalidMessage, "the text has no "+CodePlaceholder+", which marks the place of the code")
	}
	return checkMagic(strings.ReplaceAll(text, CodePlaceholder, ""))
}

// codeChannel is the instant message that contains a code.
func codeChannel(r *provider.VerificationRequest, extra map[string]string) ([]OTPChannel, error) {
	channel := OTPChannel{Text: extra["im_text"], SenderID: extra["im_sender"], DeviceTarget: DeviceTarget(extra["im_device_target"])}
	if channel.Text == "" {
		channel.Text = r.Text
	}
	if channel.Text == "" {
		channel.Text = CodePlaceholder
	}
	if err := checkCodeText(channel.Text); err != nil {
		return nil, err
	}
	var err error
	channel.TTL, err = extraSeconds(extra, "im_ttl")
	return []OTPChannel{channel}, err
}

// CheckVerification checks what the user typed. The vendor does not distinguish
// a wrong code from an unknown ref.
func (p *Provider) CheckVerification(ctx context.Context, ref, code string) (provider.VerificationResult, error) {
	answer, err := p.client.VerifyOTP(ctx, ref, code)
	if err != nil {
		return "", err
	}
	return otpVerdicts[answer.ResultInfo.StatusCode], nil
}
