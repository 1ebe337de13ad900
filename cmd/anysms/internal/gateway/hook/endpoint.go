package hook

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook/template"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// endpoint is a hook that is ready.
type endpoint struct {
	config   Config
	preset   *preset
	keys     [][]byte
	to       []e164.Number
	toPath   string // of the number in the payload; "" = to
	template *template.Template
	window   time.Duration

	messages, refused, failed, forged, unreadable atomic.Int64
}

// maxRef is the length of a ref that a caller may choose.
const maxRef = 200

// badPayload is a payload that nothing can be sent from.
type badPayload struct{ reason string }

func (e *badPayload) Error() string { return e.reason }

// messagesOf makes the messages of a call, one for each recipient.
func (h *Handler) messagesOf(ctx context.Context, e *endpoint, header http.Header, body []byte) ([]*provider.Message, error) {
	payload, err := decode(body)
	if err != nil {
		return nil, &badPayload{err.Error()}
	}
	text, err := e.text(payload)
	if err != nil {
		return nil, &badPayload{err.Error()}
	}
	to := e.to
	if e.toPath != "" {
		n, err := h.recipient(e, payload)
		if err != nil {
			return nil, err
		}
		to = []e164.Number{n}
	}
	list := make([]*provider.Message, 0, len(to))
	for _, n := range to {
		m := &provider.Message{To: n, Text: text, From: e.config.From, Tag: e.config.Tag, Class: e.config.Class}
		if m.Ref, err = h.ref(ctx, e, header, payload, m); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

func (e *endpoint) text(payload map[string]any) (string, error) {
	if path := e.config.Fields.Text; path != "" && template.Field(payload, path) == "" {
		return "", fmt.Errorf("the payload has no %s, which has the text", path)
	}
	text, err := e.template.Execute(payload)
	if err != nil {
		return "", err
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", errors.New("the template made an empty text")
	}
	return text, nil
}

func (h *Handler) recipient(e *endpoint, payload map[string]any) (e164.Number, error) {
	raw := strings.TrimSpace(template.Field(payload, e.toPath))
	if raw == "" {
		return e164.Number{}, &badPayload{"the payload has no " + orOf(e.toPath) + ", which has the number"}
	}
	if e.preset.digits && strings.Trim(raw, "0123456789") == "" {
		raw = "+" + raw
	}
	n, _, err := numbering.Parse(raw, h.options.DefaultRegion)
	return n, err
}

// ref is what a repeat of the call has in common with it.
func (h *Handler) ref(ctx context.Context, e *endpoint, header http.Header, payload map[string]any, m *provider.Message) (string, error) {
	if given, err := e.givenRef(header, payload); given != "" || err != nil {
		return given, err
	}
	if e.preset.identity != nil {
		id, err := e.preset.identity(payload)
		if err != nil {
			return "", &badPayload{err.Error()}
		}
		return e.hashed(append(id, m.To.String())...), nil
	}
	if e.window == 0 {
		return e.hashed(m.To.String(), m.Text), nil
	}
	return h.windowed(ctx, e, m)
}

// givenRef is the ref that a caller of the preset generic chose; "" = none.
func (e *endpoint) givenRef(header http.Header, payload map[string]any) (string, error) {
	if e.preset.name != "generic" {
		return "", nil
	}
	ref, from := header.Get("Idempotency-Key"), "Idempotency-Key"
	if e.config.Secret != "" {
		ref, from = header.Get("webhook-id"), "webhook-id"
	}
	if path := e.config.Fields.Ref; path != "" {
		if ref, from = template.Field(payload, path), path; ref == "" {
			return "", &badPayload{"the payload has no " + path + ", which has the ref"}
		}
	}
	switch {
	case ref == "":
		return "", nil
	case len(ref) > maxRef || !utf8.ValidString(ref) || strings.ContainsFunc(ref, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", &badPayload{fmt.Sprintf("%s: want at most %d bytes of printable text", from, maxRef)}
	case len(e.to) > 1: // one ref for each recipient
		return "", nil
	}
	return e.config.Name + "-" + ref, nil
}

// windowed makes a ref that the same text to the same number has within the window. It
// names the window's number; a repeat in the following window is recognized by the
// age of the message before.
func (h *Handler) windowed(ctx context.Context, e *endpoint, m *provider.Message) (string, error) {
	now := h.options.Now()
	n := now.UnixNano() / int64(e.window)
	before := e.hashed(m.To.String(), m.Text, strconv.FormatInt(n-1, 10))
	created, found, err := h.options.Find(ctx, e.config.Name, before)
	if err != nil {
		return "", err
	}
	if found && now.Sub(created) < e.window {
		return before, nil
	}
	return e.hashed(m.To.String(), m.Text, strconv.FormatInt(n, 10)), nil
}

// hashed makes a ref of parts, under the hook's secret.
func (e *endpoint) hashed(parts ...string) string {
	var all []byte
	for _, p := range parts {
		all = binary.AppendUvarint(all, uint64(len(p)))
		all = append(all, p...)
	}
	mac := sum([]byte(e.config.Secret.Reveal()+"\n"+e.config.Token.Reveal()), e.config.Name, "\n", string(all))
	return e.config.Name + "-" + hex.EncodeToString(mac[:16])
}
