package config_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/otp"
)

func TestOTP(t *testing.T) {
	dir := t.TempDir()
	read := func(text string) (*config.Config, error) {
		return config.Read(t.Context(), strings.NewReader("providers:\n  a: {driver: memory}\n"+text), "anysms.yaml", dir, registry(t, nil), nil)
	}
	c, err := read("")
	require.NoError(t, err)
	assert.Equal(t, config.OTP{KeyFile: filepath.Join(dir, "otp.key")}, c.OTP)

	c, err = read("database: data/anysms.db")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "data", "otp.key"), c.OTP.KeyFile, "the configuration's directory may be read-only")
	c, err = read("database: postgres://sms@db/sms\nledger: {key_file: keys/anysms.key}")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "keys", "otp.key"), c.OTP.KeyFile)

	c, err = read(`database: data/anysms.db
otp:
  {length: 8, ttl: 2m, tries: 3, resends: 0, text: "Code {code}", domain: example.com, max_segments: 2, key_file: keys/otp,
   number: {sends: 0, tries: 20, window: 30m}}`)
	require.NoError(t, err)
	assert.Equal(t, config.OTP{KeyFile: filepath.Join(dir, "keys", "otp"), Config: otp.Config{
		Length: 8, TTL: 2 * time.Minute, Tries: 3, Resends: -1, Text: "Code {code}", Domain: "example.com", MaxSegments: 2,
		NumberSends: -1, NumberTries: 20, NumberWindow: 30 * time.Minute,
	}}, c.OTP)

	for text, want := range map[string]string{
		"otp:\n  length: 3":                 "anysms.yaml:4: otp.length: 3; want 4 to 10",
		"otp:\n  length: 0":                 "anysms.yaml:4: otp.length: 0; want more than 0, or leave the key out for the default",
		"otp:\n  ttl: 2h":                   "anysms.yaml:4: otp.ttl: 2h0m0s; want 1m0s to 1h0m0s",
		"otp:\n  text: Hello":               "anysms.yaml:4: otp.text: has no {code}, which stands for the code",
		"otp:\n  number:\n    window: 1s":   "anysms.yaml:5: otp.number.window: 1s; want 1m to 24h",
		"otp:\n  number: {sends: -1}":       "anysms.yaml:4: otp.number.sends: -1 is negative; want 0 for off, or leave the key out for the default",
		"otp:\n  domain: https://a.example": `anysms.yaml:4: otp.domain: "https://a.example"; want a host name in lower case, without https:// and port, such as example.com`,
	} {
		_, err := read(text)
		assert.EqualError(t, err, want, text)
	}
}
