package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// writing says how a vendor wants values written. Each key is also a name for
// templates.
type writing struct {
	To       numberForm   `yaml:"to"`
	From     senderForm   `yaml:"from"`
	Text     textForm     `yaml:"text"`
	SendAt   timeForm     `yaml:"send_at"`
	Validity spanForm     `yaml:"validity"`
	Encoding encodingForm `yaml:"encoding"`
	Ref      refForm      `yaml:"ref"`
	Since    timeForm     `yaml:"since"`
}

// numberForm is how a vendor writes a telephone number.
type numberForm struct {
	As   string `yaml:"as"`   // e164 (+30…, the default), digits, zeros (0030…), national
	Type string `yaml:"type"` // string (the default) or number, in JSON
	// Only has the beginnings, in E.164, of the numbers that the vendor sends to;
	// none = all.
	Only []string `yaml:"only"`
}

// check refuses a recipient that the vendor does not send to.
func (f numberForm) check(n e164.Number) error {
	reached := func(prefix string) bool { return strings.HasPrefix(n.String(), prefix) }
	if len(f.Only) == 0 || slices.ContainsFunc(f.Only, reached) {
		return nil
	}
	return refuse("the vendor only sends to numbers that begin with " + strings.Join(f.Only, " or "))
}

// UnmarshalYAML reads "digits" or {as: digits, type: number}.
func (f *numberForm) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		f.As = n.Value
		return nil
	}
	type plain numberForm
	return n.Decode((*plain)(f))
}

func (f numberForm) write(n e164.Number) any {
	text := n.String()
	switch f.As {
	case "digits":
		text = n.Digits()
	case "zeros":
		text = "00" + n.Digits()
	case "national":
		_, text = n.Split()
	}
	if f.Type == "number" {
		return json.Number(text)
	}
	return text
}

// senderForm is how numeric senders are written, and which senders are allowed.
type senderForm struct {
	numberForm `yaml:",inline"`
	Pattern    *pattern `yaml:"pattern"`
}

// UnmarshalYAML reads "digits" or {as: digits, pattern: expression}.
func (f *senderForm) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		f.As = n.Value
		return nil
	}
	var parts struct {
		As      string   `yaml:"as"`
		Pattern *pattern `yaml:"pattern"`
	}
	if err := n.Decode(&parts); err != nil {
		return err
	}
	f.As, f.Pattern = parts.As, parts.Pattern
	return nil
}

func (f senderForm) write(from string) (string, error) {
	if n, err := e164.Parse(from); err == nil {
		from = request.WordOf(f.numberForm.write(n))
	}
	if f.Pattern != nil && !f.Pattern.MatchString(from) {
		return "", refuse("the vendor does not accept this form of sender; want one that matches " + f.Pattern.String())
	}
	return from, nil
}

// textForm is how the text is sent.
type textForm struct {
	// UCS2 is how a text that is not GSM-7 is sent: unchanged (the default) or
	// as hexadecimal UTF-16, big endian.
	UCS2 string `yaml:"ucs2"`
}

const utf16Hex = "utf16be_hex"

func (f textForm) write(text string, e segment.Encoding) string {
	if f.UCS2 != utf16Hex || e != segment.UCS2 {
		return text
	}
	units := utf16.Encode([]rune(text))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = append(b, byte(u>>8), byte(u))
	}
	return strings.ToUpper(hex.EncodeToString(b))
}

// timeForm is how a time is written.
type timeForm struct {
	Layout string `yaml:"layout"` // Go's, or unix, unix_ms; default RFC 3339
	Zone   zone   `yaml:"zone"`
	// RoundUp is the vendor's step, such as 1m; times are rounded up, never
	// down. Without it a time that the layout cannot represent is refused.
	RoundUp span `yaml:"round_up"`
}

func (f timeForm) layout() string {
	if f.Layout == "" {
		return time.RFC3339
	}
	return f.Layout
}

func (f timeForm) rounded(t time.Time) time.Time {
	if step := f.RoundUp.Duration; step > 0 {
		return t.Add(step - 1).Truncate(step)
	}
	return t
}

func (f timeForm) write(t time.Time) any { return formatTime(t, f.layout(), f.Zone.location()) }

// coarse reports whether writing t would lose precision.
func (f timeForm) coarse(t time.Time) bool {
	back, ok := parseTime(request.WordOf(f.write(t)), f.layout(), f.Zone.location())
	return !ok || !back.Equal(t.Truncate(time.Second))
}

// spanForm is how a validity is written: as a number of units, or with a Layout
// as the time of its end. It is rounded down: a message must not live longer than
// requested.
type spanForm struct {
	Unit   string `yaml:"unit"` // milliseconds, seconds (the default), minutes, hours
	Layout string `yaml:"layout"`
	Zone   zone   `yaml:"zone"` // of the layout
	Min    span   `yaml:"min"`
	Max    span   `yaml:"max"`
}

func (f spanForm) unit() time.Duration {
	switch f.Unit {
	case "milliseconds":
		return time.Millisecond
	case "minutes":
		return time.Minute
	case "hours":
		return time.Hour
	}
	return time.Second
}

// write writes the validity of a message that is sent at a time.
func (f spanForm) write(d time.Duration, sent time.Time) (any, error) {
	least := max(f.unit(), f.Min.Duration)
	if d < least {
		return nil, refuse(fmt.Sprintf("the vendor requires a validity of at least %s", least))
	}
	if f.Max.Duration > 0 && d > f.Max.Duration {
		return nil, refuse(fmt.Sprintf("the vendor requires a validity of at most %s", f.Max.Duration))
	}
	if f.Layout != "" {
		return formatTime(sent.Add(d), f.Layout, f.Zone.location()), nil
	}
	return json.Number(strconv.FormatInt(int64(d/f.unit()), 10)), nil
}

// encodingForm is how the vendor wants to be told the encoding of a text. One
// without a value is left out.
type encodingForm struct {
	GSM7 *request.Constant `yaml:"gsm7"`
	UCS2 *request.Constant `yaml:"ucs2"`
}

func (f encodingForm) write(e segment.Encoding) (any, bool) {
	c := f.GSM7
	if e == segment.UCS2 {
		c = f.UCS2
	}
	if c == nil {
		return nil, false
	}
	return c.Value, true
}

// refForm limits the caller's reference if the vendor accepts one.
type refForm struct {
	Max     int      `yaml:"max"` // code points
	Pattern *pattern `yaml:"pattern"`
	// Dashed writes the ids of queued messages, msg_ and a UUID, with a dash, for a vendor
	// that takes no underscore. They are read back as they were.
	Dashed bool `yaml:"dashed"`
}

// The ids of queued messages, which a queue uses as refs.
const (
	idPrefix, dashedPrefix = "msg_", "msg-"
	idLength               = len(idPrefix) + 36
)

func (f refForm) write(ref string) string {
	if f.Dashed && len(ref) == idLength && strings.HasPrefix(ref, idPrefix) {
		return dashedPrefix + ref[len(idPrefix):]
	}
	return ref
}

func (f refForm) read(ref string) string {
	if f.Dashed && len(ref) == idLength && strings.HasPrefix(ref, dashedPrefix) {
		return idPrefix + ref[len(dashedPrefix):]
	}
	return ref
}

// refIn reads the caller's ref out of what the vendor returned.
func (p *Provider) refIn(from *pick, tree any) string {
	return p.recipe.api.Write.Ref.read(from.text(tree))
}

func (f refForm) check(ref string) error {
	if f.Max > 0 && utf8.RuneCountInString(ref) > f.Max {
		return refuse(fmt.Sprintf("the vendor accepts a ref of at most %d characters", f.Max))
	}
	if f.Pattern != nil && !f.Pattern.MatchString(ref) {
		return refuse("the vendor does not accept this form of ref; want one that matches " + f.Pattern.String())
	}
	return nil
}

// key returns the vendor's idempotency key for a ref: the same for the same
// ref, and never the same for two refs.
func (i *idempotency) key(ref string) (any, error) {
	switch i.Type {
	case "uuid":
		sum := sha256.Sum256([]byte(ref))
		sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8, RFC 9562 §5.8
		u := hex.EncodeToString(sum[:16])
		return u[:8] + "-" + u[8:12] + "-" + u[12:16] + "-" + u[16:20] + "-" + u[20:], nil
	case "int32":
		// Hashed to 32 bits two refs would soon collide, and the second message
		// would be dropped as a duplicate of the first.
		n, err := strconv.ParseInt(ref, 10, 32)
		if err != nil || n <= 0 || strconv.FormatInt(n, 10) != ref {
			return nil, refuse("the vendor's idempotency key is a number from 1 to 2147483647; the ref must be such a number")
		}
		return json.Number(ref), nil
	}
	if i.Max > 0 && len(ref) > i.Max {
		return nil, refuse(fmt.Sprintf("the vendor's idempotency key allows a ref of at most %d bytes", i.Max))
	}
	return ref, nil
}

// refuse makes the error for what this vendor cannot do; no request is made.
func refuse(reason string) *provider.Error { return provider.NewError(provider.Unsupported, reason) }

// messageNames are the values of a message that templates may use.
func messageNames() []string {
	return []string{
		"to", "from", "text", "ref", "tag", "class", "send_at", "validity", "encoding", "segments",
		"callback_url", "idempotency_key", "template_id", "template_variables",
	}
}

// magic returns a part of a text that the vendor would replace.
func (r *api) magic(text string) string {
	i := slices.IndexFunc(r.Refuse, func(word string) bool { return strings.Contains(text, word) })
	if i < 0 {
		return ""
	}
	return r.Refuse[i]
}
