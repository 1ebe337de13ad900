package rest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// callbackSpec reads the vendor's requests to us.
type callbackSpec struct {
	Verify verifications `yaml:"verify"`
	// Read is where the fields are: query, form, json, xml, or any, which is
	// query, form and JSON, the later taking precedence.
	Read string `yaml:"read"`
	// Each leads to the events of one request; none = the request is one event.
	// The first path that exists is used.
	Each paths `yaml:"each"`
	// Split splits fields that hold the values of several events, such as
	// "1,2,3"; fields without the separator belong to each event.
	Split     *splitSpec      `yaml:"split"`
	Events    []eventRule     `yaml:"events"`
	URLParams *request.Tree   `yaml:"url_params"`
	Answer    Acknowledgement `yaml:"acknowledge"`
}

type splitSpec struct {
	By     string   `yaml:"by"`
	Fields []string `yaml:"fields"`
}

// eventRule reads the events for which its conditions hold; the first rule that
// applies is used.
type eventRule struct {
	When      conditions `yaml:"when"`
	Kind      string     `yaml:"kind"` // report, inbound, engagement, ignore
	eventSpec `yaml:",inline"`
}

const ignored = "ignore"

// Acknowledgement is the response that the vendor expects to its callbacks.
type Acknowledgement struct {
	Status      int    `yaml:"status" json:"status"`
	Body        string `yaml:"body" json:"body"`
	ContentType string `yaml:"content_type" json:"content_type"`
}

// Acknowledgement returns the response that the vendor expects once its
// callback was stored. Most expect any 200.
func (p *Provider) Acknowledgement() Acknowledgement {
	a := Acknowledgement{}
	if p.recipe.api.Callbacks != nil {
		a = p.recipe.api.Callbacks.Answer
	}
	if a.Status == 0 {
		a.Status = 200
	}
	if a.ContentType == "" {
		a.ContentType = "text/plain; charset=utf-8"
	}
	return a
}

var errCallback = errors.New("callback: not in a documented form")

// ParseCallback reads a callback whose signature is valid.
func (p *Provider) ParseCallback(_ context.Context, c *provider.Callback) ([]provider.Event, error) {
	spec := p.recipe.api.Callbacks
	if spec == nil || !p.capabilities.Has(provider.HasCallbacks) {
		return nil, notInRecipe("callbacks")
	}
	if err := spec.Verify.verify(c, p.settings); err != nil {
		return nil, fmt.Errorf("%w: %w", provider.ErrBadSignature, err)
	}
	tree, err := spec.read(c)
	if err != nil {
		return nil, err
	}
	parts, err := spec.split(tree)
	if err != nil {
		return nil, err
	}
	events := make([]provider.Event, 0, len(parts))
	for _, part := range parts {
		e, err := p.callbackEvent(spec.rule(part), part, c.Query.Get(attemptParam))
		switch {
		case err != nil && len(parts) == 1:
			return nil, err
		case err != nil:
			e = provider.UnreadableItem(p.rawOf(part), err)
		case e.Kind == ignored:
			continue
		}
		events = append(events, e)
	}
	return provider.CheckReadable(events)
}

// callbackEvent makes an event of a part of a callback by its rule; nil = there is none.
func (p *Provider) callbackEvent(rule *eventRule, part any, attempt string) (provider.Event, error) {
	if rule == nil {
		return provider.Event{}, errCallback
	}
	if rule.Kind == ignored {
		return provider.Event{Kind: ignored}, nil
	}
	e := p.event(&rule.eventSpec, provider.EventKind(rule.Kind), part)
	e.Attempt, e.Raw = attempt, p.rawOf(part)
	if e.ID == "" && e.Ref == "" && e.Attempt == "" && e.Kind != provider.Inbound {
		return e, fmt.Errorf("%w: a report without the message's id, ref or attempt", errCallback)
	}
	return e, nil
}

func (s *callbackSpec) rule(part any) *eventRule {
	for i := range s.Events {
		if s.Events[i].When.hold(part) {
			return &s.Events[i]
		}
	}
	return nil
}

// read makes a tree of the callback's fields.
func (s *callbackSpec) read(c *provider.Callback) (any, error) {
	switch s.Read {
	case "query":
		return fields(c.Query), nil
	case "form":
		form, err := url.ParseQuery(string(c.Body))
		if err != nil {
			return nil, fmt.Errorf("%w: the form cannot be read", errCallback)
		}
		return fields(form), nil
	case "xml":
		tree, err := request.ReadXML(c.Body)
		return tree, asCallback(err)
	case "any":
		return readAny(c)
	}
	tree, err := request.ReadJSON(c.Body)
	return tree, asCallback(err)
}

func asCallback(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errCallback, err)
}

// readAny is for vendors that do not document how the fields are sent.
func readAny(c *provider.Callback) (any, error) {
	all := fields(c.Query)
	media, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type"))
	body := strings.TrimSpace(string(c.Body))
	switch {
	case body == "":
	case media == "application/json" || media == "" && strings.HasPrefix(body, "{"):
		tree, err := request.ReadJSON([]byte(body))
		if err != nil {
			return nil, asCallback(err)
		}
		members, ok := tree.(map[string]any)
		if !ok {
			return nil, errCallback
		}
		maps.Copy(all, members)
	default:
		form, err := url.ParseQuery(body)
		if err != nil {
			return nil, fmt.Errorf("%w: the form cannot be read", errCallback)
		}
		maps.Copy(all, fields(form))
	}
	return all, nil
}

// fields takes the first value of each key.
func fields(values url.Values) map[string]any {
	all := make(map[string]any, len(values))
	for key, list := range values {
		if len(list) > 0 {
			all[key] = clean(list[0])
		}
	}
	return all
}

// split splits a callback into its events.
func (s *callbackSpec) split(tree any) ([]any, error) {
	if s.Split != nil {
		return s.Split.apart(tree)
	}
	if len(s.Each) == 0 {
		return []any{tree}, nil
	}
	for _, each := range s.Each {
		if parts, known := each.find(tree); known {
			return parts, nil
		}
	}
	return nil, errCallback
}

// apart makes one map for each value of the fields that are joined lists.
func (s *splitSpec) apart(tree any) ([]any, error) {
	all, ok := tree.(map[string]any)
	if !ok {
		return nil, errCallback
	}
	lists := make(map[string][]string, len(s.Fields))
	count := 0
	for _, name := range s.Fields {
		word, given := all[name].(string)
		if !given {
			continue
		}
		lists[name] = strings.Split(word, s.By)
		count = max(count, len(lists[name]))
	}
	parts := make([]any, max(count, 1))
	for i := range parts {
		one := make(map[string]any, len(all))
		for name, v := range all {
			list, joined := lists[name]
			switch {
			case !joined:
				one[name] = v
			case len(list) == len(parts):
				one[name] = list[i]
			case len(list) == 1:
				one[name] = list[0]
			default:
				return nil, fmt.Errorf("%w: its lists have different lengths", errCallback)
			}
		}
		parts[i] = one
	}
	return parts, nil
}
