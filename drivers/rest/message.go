package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// scopeOf makes the values of a message, or returns why this vendor cannot send
// it. Nothing that was asked for is dropped silently.
func (p *Provider) scopeOf(m *provider.Message) (request.Scope, error) {
	s := request.Scope{Settings: p.settings, Values: make(map[string]any, 16)}
	if err := m.Validate(); err != nil {
		return s, err
	}
	if err := p.extras(m, s.Values); err != nil {
		return s, err
	}
	if err := p.unable(m); err != nil {
		return s, err
	}
	for _, add := range []func(*provider.Message, map[string]any) error{
		p.addText, p.addSender, p.addTimes, p.addRef, p.addTemplate, p.addCallback,
	} {
		if err := add(m, s.Values); err != nil {
			return s, err
		}
	}
	if err := p.recipe.api.Write.To.check(m.To); err != nil {
		return s, err
	}
	s.Values["to"] = p.recipe.api.Write.To.write(m.To)
	if m.Class != "" {
		s.Values["class"] = string(m.Class)
	}
	if m.Tag != "" {
		s.Values["tag"] = m.Tag
	}
	return s, nil
}

// extras reads the message's extras under the recipe's name. No extras exist
// under "rest.".
func (p *Provider) extras(m *provider.Message, values map[string]any) error {
	if _, err := m.ExtraOf(driverName); err != nil {
		return err
	}
	own, err := m.ExtraOf(p.recipe.Name, p.recipe.api.Extras...)
	if err != nil {
		return err
	}
	for name, v := range own {
		values["extra."+name] = v
	}
	return nil
}

// unable refuses what the request cannot contain.
func (p *Provider) unable(m *provider.Message) error {
	features := p.capabilities.Features
	switch {
	case m.From != "" && features&provider.CanChooseSender == 0:
		return refuse("the vendor chooses the sender itself")
	case !m.SendAt.IsZero() && features&provider.CanSchedule == 0:
		return refuse("the vendor does not support scheduling")
	case m.Validity != 0 && features&provider.CanSetValidity == 0:
		return refuse("the vendor does not support a validity")
	}
	if word := p.recipe.api.magic(m.Text); word != "" {
		return refuse("the vendor would replace " + word + " in the text")
	}
	return nil
}

func (p *Provider) addText(m *provider.Message, values map[string]any) error {
	limits := p.recipe.api.Limits
	if limits.Characters > 0 && utf8.RuneCountInString(m.Text) > limits.Characters {
		return refuse(fmt.Sprintf("the vendor accepts no more than %d characters", limits.Characters))
	}
	a, err := segment.Analyze(m.Text, nil)
	if err != nil {
		return &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	if limits.Segments > 0 && a.Segments > limits.Segments {
		return refuse(fmt.Sprintf("the vendor accepts no more than %d segments", limits.Segments))
	}
	values["text"] = p.recipe.api.Write.Text.write(m.Text, a.Encoding)
	values["segments"] = json.Number(strconv.Itoa(a.Segments))
	if flag, ok := p.recipe.api.Write.Encoding.write(a.Encoding); ok {
		values["encoding"] = flag
	}
	return nil
}

func (p *Provider) addSender(m *provider.Message, values map[string]any) error {
	from := m.From
	if from == "" {
		from = p.sender
	}
	if from == "" {
		return nil
	}
	word, err := p.recipe.api.Write.From.write(from)
	values["from"] = word
	return err
}

func (p *Provider) addTimes(m *provider.Message, values map[string]any) error {
	if !m.SendAt.IsZero() {
		form := p.recipe.api.Write.SendAt
		at := form.rounded(m.SendAt)
		if form.coarse(at) {
			return refuse("the vendor's send times are less precise; want a time that " + form.layout() + "can represent")
		}
		values["send_at"] = form.write(at)
	}
	if m.Validity == 0 {
		return nil
	}
	sent := m.SendAt
	if sent.IsZero() {
		sent = time.Now()
	}
	v, err := p.recipe.api.Write.Validity.write(m.Validity, sent)
	values["validity"] = v
	return err
}

func (p *Provider) addRef(m *provider.Message, values map[string]any) error {
	if m.Ref == "" {
		return nil
	}
	if p.idempotent {
		key, err := p.recipe.api.Idempotency.key(m.Ref)
		if err != nil {
			return err
		}
		values["idempotency_key"] = key
	}
	ref := p.recipe.api.Write.Ref.write(m.Ref)
	values["ref"] = ref
	if !p.recipe.sends("ref") && !p.refInCallback() {
		return nil
	}
	return p.recipe.api.Write.Ref.check(ref)
}

// refInCallback reports whether the callback URL of a message has its ref.
func (p *Provider) refInCallback() bool {
	c := p.recipe.api.Callbacks
	if p.callbackURL.Load() == nil || c == nil {
		return false
	}
	return slices.ContainsFunc(c.URLParams.Templates(), func(t *request.Template) bool { return slices.Contains(t.Names(), "ref") })
}

// addTemplate finds the registered text that m.Text is an instance of, for
// vendors that only send registered texts.
func (p *Provider) addTemplate(m *provider.Message, values map[string]any) error {
	if len(p.templates) == 0 {
		if p.recipe.sends("template_variables") {
			return refuse("the vendor only sends registered texts, and the setting for them is empty")
		}
		return nil
	}
	for _, t := range p.templates {
		if variables, ok := t.match(m.Text); ok {
			values["template_id"] = t.id
			values["template_variables"] = variables
			return nil
		}
	}
	return refuse("the text is not one of the texts that are registered at the vendor")
}

// attemptParam is the parameter of callback URLs that holds Message.Attempt.
const attemptParam = "anysms_attempt"

// addCallback makes the URL for this message's reports: the configured one with
// the recipe's own parameters and the attempt's id.
func (p *Provider) addCallback(m *provider.Message, values map[string]any) error {
	address := p.callbackURL.Load()
	if address == nil {
		return nil
	}
	u, err := url.Parse(*address)
	if err != nil {
		return &provider.Error{Code: provider.Unsupported, Err: errors.New("callback_url cannot be parsed")}
	}
	ours := make(url.Values)
	if c := p.recipe.api.Callbacks; c != nil && c.URLParams != nil {
		filled, _ := c.URLParams.Fill(request.Scope{Settings: p.settings, Values: values}, nil)
		ours = request.FormValues(filled)
	}
	if m.Attempt != "" {
		ours.Set(attemptParam, m.Attempt)
	}
	if len(ours) > 0 {
		query := u.Query()
		maps.Copy(query, ours)
		u.RawQuery = query.Encode()
	}
	values["callback_url"] = u.String()
	return nil
}
