package ledger

import (
	"log/slog"

	"github.com/anysms/anysms/provider"
)

// String describes the message without numbers or text.
func (m Message) String() string {
	s := "message{id: " + m.ID + ", status: " + string(m.Status)
	if m.Provider != "" {
		s += ", provider: " + m.Provider
	}
	return s + "}"
}

// GoString redacts like String.
func (m Message) GoString() string { return m.String() }

// LogValue redacts like String.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", m.ID), slog.String("ref", provider.Mask(m.Ref)), slog.String("status", string(m.Status)),
		slog.String("code", string(m.Code)), slog.String("provider", m.Provider))
}
