package provider

import "log/slog"

// Secret is a credential. It prints, logs and marshals as [redacted]; only
// Reveal gives it away.
type Secret string

const redacted = "[redacted]"

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String is "[redacted]", or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString is as discreet as String.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue is as discreet as String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is as discreet as String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the secret as it stands.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = Secret(b)
	return nil
}
