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
	// CodePlaceholder marks the place of the code in VerificationRequest.Text.
	CodePlaceholder = "{code}"

	defaultCodeText   = "Your code is " + CodePlaceholder
	defaultCodeLength = 6
	maxCodeLength     = 32
	defaultCodeExpire = 5 * time.Minute
	maxOpenCodes      = 10_000

	digits  = "0123456789"
	letters = "ABCDEFGHJKLMNPQRSTUVWXYZ" // without I and O, which look like digits
)

type oneTimeCode struct {
	code    string
	expires time.Time
	used    bool
}

// StartVerification creates a code and sends it like any other message. A ref
// that has a code gets a new one.
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
		return "", "", provider.NewError(provider.Unsupported, "the length of a code must be 1 to 32 characters")
	}
	if r.Expire < 0 {
		return "", "", provider.NewError(provider.Unsupported, "the expiry of a code must not be negative")
	}
	text = r.Text
	if text == "" {
		text = defaultCodeText
	}
	if !strings.Contains(text, CodePlaceholder) {
		return "", "", provider.NewError(provider.InvalidMessage, "the text must contain the placeholder for the code, "+CodePlaceholder)
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

// keepCode keeps a code. The number of open codes is bounded; expired ones are
// removed first.
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

// CheckVerification checks a code. An unknown ref is
// provider.VerificationWrong.
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

// OpenCode returns the code that was created for a ref, "" if there is none,
// for tests.
func (p *Provider) OpenCode(ref string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.codes[ref]; ok {
		return c.code
	}
	return ""
}
