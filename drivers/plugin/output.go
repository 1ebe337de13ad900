package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/redact"
)

// Limits on what a plugin writes to its outputs.
const (
	maxLine   = 4 << 10 // bytes of a line; the rest is cut off
	lineRate  = 50      // lines per second that reach the log
	lineBurst = 200
	keptLines = 20 // shown when the plugin dies
)

// output logs what a plugin writes to standard error, or to standard output
// after the handshake, line by line: masked, truncated and limited. It is an
// io.Writer that never fails and never blocks.
type output struct {
	log     *slog.Logger
	limiter *rate.Limiter

	mu      sync.Mutex
	line    []byte
	cut     bool
	dropped int
	last    []string // the latest lines, for errors
	known   []provider.Secret
	secrets redact.Secrets // those that are known
}

func newOutput(log *slog.Logger) *output {
	return &output{log: log, limiter: rate.NewLimiter(lineRate, lineBurst)}
}

// redact hides the values of the settings, except those that the plugin
// describes as not secret.
func (o *output) redact(settings json.RawMessage, described []provider.Setting) {
	harmless := make(map[string]bool, len(described))
	for _, s := range described {
		harmless[s.Name] = !s.Secret
	}
	o.hideToo(hiddenValues(settings, harmless)...)
}

// hideToo hides more secrets.
func (o *output) hideToo(more ...provider.Secret) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known = append(o.known, more...)
	o.secrets = redact.NewSecrets(o.known...)
}

// hide returns a text without the secrets of the settings.
func (o *output) hide(text string) string {
	o.mu.Lock()
	secrets := o.secrets
	o.mu.Unlock()
	return secrets.Hide(text)
}

// hiddenValues collects the strings of a JSON object, except under harmless
// keys.
func hiddenValues(settings json.RawMessage, harmless map[string]bool) []provider.Secret {
	var object map[string]any
	if json.Unmarshal(settings, &object) != nil {
		return nil
	}
	var values []provider.Secret
	for key, value := range object {
		if !harmless[key] {
			values = appendStrings(values, value)
		}
	}
	return values
}

func appendStrings(to []provider.Secret, value any) []provider.Secret {
	switch v := value.(type) {
	case string:
		to = append(to, provider.Secret(v))
	case []any:
		for _, element := range v {
			to = appendStrings(to, element)
		}
	case map[string]any:
		for _, element := range v {
			to = appendStrings(to, element)
		}
	}
	return to
}

// Write accepts any piece of the output.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rest := b; len(rest) > 0; {
		piece, after, ended := bytes.Cut(rest, []byte("\n"))
		o.extend(piece)
		if ended {
			o.finish()
		}
		rest = after
	}
	return len(b), nil
}

func (o *output) extend(piece []byte) {
	room := maxLine - len(o.line)
	if len(piece) > room {
		piece, o.cut = piece[:room], true
	}
	o.line = append(o.line, piece...)
}

// finish logs the current line.
func (o *output) finish() {
	raw, cut := o.line, o.cut
	o.line, o.cut = o.line[:0], false
	if len(bytes.TrimSpace(raw)) == 0 {
		return
	}
	if !o.limiter.Allow() {
		o.dropped++
		return
	}
	text := provider.Mask(o.secrets.Hide(strings.ToValidUTF8(string(raw), "\uFFFD")))
	if cut {
		text += "…"
	}
	if o.dropped > 0 {
		o.log.Warn("plugin output rate limited", "lines_dropped", o.dropped)
		o.dropped = 0
	}
	o.log.LogAttrs(context.Background(), slog.LevelInfo, "plugin output", slog.String("line", text))
	o.last = append(o.last, text)
	if len(o.last) > keptLines {
		o.last = o.last[1:]
	}
}

// tail returns the latest lines, masked. A line without its end counts.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finish()
	return strings.Join(o.last, "\n")
}
