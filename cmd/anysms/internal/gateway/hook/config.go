package hook

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook/template"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/suggest"
)

// Config is one hook of the section "hooks".
type Config struct {
	Name   string          `json:"name"`   // in the path
	Preset string          `json:"preset"` // one of Presets
	Secret provider.Secret `json:"secret"` // that the caller signs with
	Token  provider.Secret `json:"token"`  // that the caller sends: Authorization: Bearer TOKEN, or as the password of Basic
	Class  provider.Class  `json:"class"`  // "" = the preset's
	To     []string        `json:"to"`     // who gets each message; for presets whose payload names nobody
	From   string          `json:"from"`   // sender; "" = the provider's
	Tag    string          `json:"tag"`    // "" = the hook's name
	// Template makes the text from the payload; "" = the preset's.
	Template string `json:"template"`
	// Fields are for the preset generic.
	Fields Fields `json:"fields"`
	// RepeatWithin is how long the same text to the same number is the same message;
	// 0 = always. nil = the preset's.
	RepeatWithin *provider.Duration `json:"repeat_within"`
}

// Fields says where a payload has what, as paths: "user.phone", "items.0.text".
type Fields struct {
	To   string `json:"to"`
	Text string `json:"text"`
	Ref  string `json:"ref"`
}

const (
	maxName       = 64
	minToken      = 16 // characters; a shorter one is taken to be guessable
	maxRecipients = 100
	maxRepeat     = 24 * time.Hour
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Check returns what is wrong with a list of hooks, as a [*provider.ConfigError]
// whose path begins with the index: "[0].secret".
func Check(list []Config) error {
	for i := range list {
		if slices.ContainsFunc(list[:i], func(c Config) bool { return c.Name == list[i].Name }) {
			return provider.ConfigErrorf(fmt.Sprintf("[%d].name", i), "duplicate hook name %q", list[i].Name)
		}
		if _, err := newEndpoint(&list[i]); err != nil {
			return provider.ConfigErrorf(fmt.Sprintf("[%d].%s", i, err.Path), "%s", err.Reason)
		}
	}
	return nil
}

// newEndpoint checks a hook and makes it ready.
func newEndpoint(c *Config) (*endpoint, *provider.ConfigError) {
	if len(c.Name) > maxName || !nameForm.MatchString(c.Name) {
		return nil, provider.ConfigErrorf("name", "%q; want 1 to 64 letters, digits, dots, dashes and underscores", c.Name)
	}
	p := presets[c.Preset]
	switch {
	case c.Preset == "":
		return nil, provider.ConfigErrorf("preset", "must not be empty: it says what software calls; want one of %s", strings.Join(Presets(), ", "))
	case p == nil:
		return nil, provider.ConfigErrorf("preset", "unknown preset %q%s; want one of %s",
			c.Preset, suggest.DidYouMean(c.Preset, Presets()), strings.Join(Presets(), ", "))
	}
	e := &endpoint{config: *c, preset: p}
	for _, check := range []func() *provider.ConfigError{e.setAuth, e.setRecipients, e.setText, e.setRest} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// setAuth checks what the caller authenticates itself with.
func (e *endpoint) setAuth() *provider.ConfigError {
	c, p := &e.config, e.preset
	switch {
	case c.Secret != "" && p.signature == nil:
		return provider.ConfigErrorf("secret", "%s signs nothing; want token", p.name)
	case c.Token != "" && !p.token:
		return provider.ConfigErrorf("token", "%s sends no token; want secret, %s", p.name, p.secretHint)
	case c.Secret == "" && c.Token == "" && p.signature == nil:
		return provider.ConfigErrorf("token", "must not be empty: anybody could send; want a random one, such as of openssl rand -hex 24")
	case c.Secret == "" && c.Token == "" && p.token:
		return provider.ConfigErrorf("token", "want token or secret: anybody could send")
	case c.Secret == "" && c.Token == "":
		return provider.ConfigErrorf("secret", "must not be empty: anybody could send; want %s", p.secretHint)
	case c.Token != "" && len(c.Token) < minToken:
		return provider.ConfigErrorf("token", "has %d characters; want at least %d", len(c.Token), minToken)
	case c.Secret == "":
		return nil
	}
	keys, err := p.keys(c.Secret.Reveal())
	if err != nil {
		return provider.ConfigErrorf("secret", "%v; want %s", err, p.secretHint)
	}
	e.keys = keys
	return nil
}

// setRecipients checks who gets the messages.
func (e *endpoint) setRecipients() *provider.ConfigError {
	c, p := &e.config, e.preset
	e.toPath = p.to
	if p.name == "generic" {
		e.toPath = c.Fields.To
	}
	switch {
	case len(c.To) > 0 && e.toPath != "":
		return provider.ConfigErrorf("to", "the payload names the recipient, in %s; leave this out", orOf(e.toPath))
	case len(c.To) == 0 && e.toPath == "" && p.name == "generic":
		return provider.ConfigErrorf("to", "want a list of numbers here, or fields.to, the path of the number in the payload")
	case len(c.To) == 0 && e.toPath == "":
		return provider.ConfigErrorf("to", "must not be empty: who gets the messages, such as [\"+306900000001\"]")
	case len(c.To) > maxRecipients:
		return provider.ConfigErrorf("to", "has %d numbers; want at most %d", len(c.To), maxRecipients)
	}
	for i, s := range c.To {
		n, err := e164.Parse(s)
		if err != nil {
			return provider.ConfigErrorf(fmt.Sprintf("to[%d]", i), "%v; want the international form, such as +306900000001", err)
		}
		if slices.Contains(e.to, n) {
			return provider.ConfigErrorf(fmt.Sprintf("to[%d]", i), "duplicate number")
		}
		e.to = append(e.to, n)
	}
	return nil
}

// setText checks what the text is made from.
func (e *endpoint) setText() *provider.ConfigError {
	c, p := &e.config, e.preset
	source := c.Template
	switch {
	case p.name != "generic" && c.Fields != (Fields{}):
		return provider.ConfigErrorf("fields", "only the preset generic has fields; want template")
	case p.name == "generic" && (c.Fields.Text == "") == (c.Template == ""):
		return provider.ConfigErrorf("template", "want template or fields.text, the path of the text in the payload")
	case c.Fields.Text != "":
		source = `{{field . "` + c.Fields.Text + `"}}`
	case source == "":
		source = p.template
	}
	for _, f := range []struct{ name, path string }{{"to", c.Fields.To}, {"text", c.Fields.Text}, {"ref", c.Fields.Ref}} {
		if f.path != "" && !pathForm.MatchString(f.path) {
			return provider.ConfigErrorf("fields."+f.name, "%q; want names and indexes with dots, such as user.phone or items.0.text", f.path)
		}
	}
	var err error
	if e.template, err = template.Parse(source); err != nil {
		return provider.ConfigErrorf("template", "%v", err)
	}
	return nil
}

func (e *endpoint) setRest() *provider.ConfigError {
	c, p := &e.config, e.preset
	switch c.Class {
	case "":
		c.Class = p.class
	case provider.OTP, provider.Transactional, provider.Marketing:
	default:
		return provider.ConfigErrorf("class", "%q; want one of otp, transactional, marketing", c.Class)
	}
	e.window = p.window
	if c.RepeatWithin != nil {
		e.window = c.RepeatWithin.Std()
	}
	if e.window < 0 || e.window > maxRepeat || e.window%time.Second != 0 {
		return provider.ConfigErrorf("repeat_within", "%v; want whole seconds, at most 24h; 0 = always", e.window)
	}
	if c.Tag == "" {
		c.Tag = c.Name
	}
	return nil
}

// orOf names alternative paths.
func orOf(paths string) string { return strings.ReplaceAll(paths, "|", " or ") }

// plainKey takes a secret as it is.
func plainKey(secret string) ([][]byte, error) {
	if len(secret) < minToken {
		return nil, fmt.Errorf("has %d characters; at least %d are needed", len(secret), minToken)
	}
	return [][]byte{[]byte(secret)}, nil
}

// webhookKeys reads secrets of Standard Webhooks, separated by |: whsec_ and base64,
// which supabase precedes with "v1,".
func webhookKeys(secret string) (keys [][]byte, err error) {
	for one := range strings.SplitSeq(secret, "|") {
		encoded := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(one), "v1,"), "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, fmt.Errorf("is not base64 after whsec_")
		}
		if len(key) < minToken {
			return nil, fmt.Errorf("has %d bytes; at least %d are needed", len(key), minToken)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
