package memory

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"math/big"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

const (
	// CodePlaceholder stands for the code in VerificationRequest.Text.
	CodePlaceholder = "{code}"

	defaultCodeText   = "Your code is " + CodePlaceholder
	defaultCodeLength = 6
	maxCodeLength     = 32
	defaultCodeExpire = 5 * time.Minute
	maxOpenCodes      = 10_000

	digits  = "0123456789"
	letters = "ABCDEFGHJKLMNPQRSTUVWXYZ" // without I and O, which read like digits
)

type oneTimeCode struct {
	code    string
	expires time.Time
	used    bool
}

// StartVerification makes a code and sends it as any other message. A ref that is taken
// gets a new code.
func (p *Provider) StartVerification(ctx context.Context, r *provider.VerificationRequest) (*provider.Receipt, error) {
	code, text, err := makeCode(r)
	if err != nil {
		return nil, err
	}
	ref := r.Ref
	if ref == "" {
		ref = rand.Text()
	}
	expire := r.Expire
	if expire == 0 {
		expire = defaultCodeExpire
	}
	if err := p.keepCode(ref, &oneTimeCode{code: code, expires: time.Now().Add(expire)}); err != nil {
		return nil, err
	}
	m := &provider.Message{To: r.To, From: r.From, Text: text, Class: provider.OTP, Extra: r.Extra}
	receipt, err := p.Send(ctx, m)
	if err != nil {
		return nil, err
	}
	receipt.ID = ref
	return receipt, nil
}

func makeCode(r *provider.VerificationRequest) (code, text string, err error) {
	if r.Length < 0 || r.Length > maxCodeLength {
		return "", "", provider.NewError(provider.Unsupported, "a code has 1 to 32 characters")
	}
	if r.Expire < 0 {
		return "", "", provider.NewError(provider.Unsupported, "a code cannot expire before it is made")
	}
	text = r.Text
	if text == "" {
		text = defaultCodeText
	}
	if !strings.Contains(text, CodePlaceholder) {
		return "", "", provider.NewError(provider.InvalidMessage, "the text has no place for the code: "+CodePlaceholder)
	}
	alphabet := digits
	if r.Alpha {
		alphabet = digits[2:] + letters
	}
	length := r.Length
	if length == 0 {
		length = defaultCodeLength
	}
	code, err = randomText(alphabet, length)
	if err != nil {
		return "", "", &provider.Error{Code: provider.Unavailable, Err: err}
	}
	return code, strings.ReplaceAll(text, CodePlaceholder, code), nil
}

func randomText(alphabet string, n int) (string, error) {
	b := make([]byte, n)
	for i := range b {
		k, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		b[i] = alphabet[k.Int64()]
	}
	return string(b), nil
}

// keepCode remembers a code. The number of open codes is bounded; expired ones
// make room.
func (p *Provider) keepCode(ref string, c *oneTimeCode) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.codes) >= maxOpenCodes {
		now := time.Now()
		for ref, old := range p.codes {
			if old.expires.Before(now) {
				delete(p.codes, ref)
			}
		}
	}
	if len(p.codes) >= maxOpenCodes {
		return provider.NewError(provider.RateLimited, "too many codes are open")
	}
	p.codes[ref] = c
	return nil
}

// CheckVerification judges a code. A ref that nobody knows is provider.VerificationWrong.
func (p *Provider) CheckVerification(_ context.Context, ref, code string) (provider.VerificationResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.codes[ref]
	switch {
	case !ok || subtle.ConstantTimeCompare([]byte(c.code), []byte(code)) == 0:
		return provider.VerificationWrong, nil
	case c.used:
		return provider.VerificationUsed, nil
	case !time.Now().Before(c.expires):
		return provider.VerificationExpired, nil
	}
	c.used = true
	return provider.VerificationRight, nil
}

// OpenCode is the code that was made for a ref, "" if there is none, so that a
// test can type it.
func (p *Provider) OpenCode(ref string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.codes[ref]; ok {
		return c.code
	}
	return ""
}
