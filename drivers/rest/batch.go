package rest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// batchCall hands several messages over in one request. Its response must have
// a verdict for each of them.
type batchCall struct {
	call `yaml:",inline"`
	Max  int `yaml:"max"`
	// Each leads to the verdicts.
	Each path `yaml:"each"`
	// Match says how a verdict finds its message: by position, which is the
	// default, by ref or by to.
	Match   string      `yaml:"match"`
	Ref     *pick       `yaml:"ref"`
	To      *pick       `yaml:"to"`
	Verdict verdictSpec `yaml:"verdict"`
	Receipt receiptSpec `yaml:"receipt"`
}

// verdictSpec reads the result for one message of a batch: accepted if the
// conditions hold, else refused as the error table says. Its paths begin at the
// verdict.
type verdictSpec struct {
	Where  conditions  `yaml:"where"`
	Errors *errorTable `yaml:"errors"` // nil = the recipe's
}

var errOtherCount = errors.New("the response does not have one verdict for each message")

// SendBatch sends several messages in one request.
func (p *Provider) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	c := p.recipe.api.Batch
	if c == nil {
		return fillVerdicts(verdicts, notInRecipe("batch"))
	}
	var each []request.Scope
	var places []int // indexes of each in ms
	for i, m := range ms {
		s, err := p.scopeOf(m)
		if err == nil && len(places) > 0 {
			err = p.fits(m, pickMessages(ms, places))
		}
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		each, places = append(each, s), append(places, i)
	}
	if len(each) == 0 {
		return verdicts
	}
	for i, v := range p.sendEach(ctx, c, each, pickMessages(ms, places)) {
		verdicts[places[i]] = v
	}
	return verdicts
}

// fits checks a message against the batch rules, which provider.SendBatch
// keeps.
func (p *Provider) fits(m *provider.Message, others []*provider.Message) error {
	if p.capabilities.BatchKey(m) != p.capabilities.BatchKey(others[0]) {
		return refuse("the messages of a batch must be equal in what the vendor takes once for all (batch rules)")
	}
	if slices.Contains(p.capabilities.BatchRules, provider.DistinctTo) && slices.ContainsFunc(others, func(o *provider.Message) bool { return o.To == m.To }) {
		return refuse("the vendor takes a recipient only once in a batch (batch rules)")
	}
	return nil
}

func pickMessages(ms []*provider.Message, places []int) []*provider.Message {
	picked := make([]*provider.Message, len(places))
	for i, at := range places {
		picked[i] = ms[at]
	}
	return picked
}

func fillVerdicts(vs []provider.Verdict, err error) []provider.Verdict {
	for i := range vs {
		if vs[i].Err == nil && vs[i].Receipt == nil {
			vs[i].Err = err
		}
	}
	return vs
}

// shared are the values outside of $each. By the batch rules they are those of
// any of the messages; the callback URL is without what belongs to one of them.
func (p *Provider) shared(one request.Scope) (request.Scope, error) {
	s := request.Scope{Settings: p.settings, Values: maps.Clone(one.Values)}
	for _, own := range []string{"to", "ref", "tag", "idempotency_key", "callback_url"} {
		delete(s.Values, own)
	}
	return s, p.addCallback(&provider.Message{}, s.Values)
}

// batchRules are the rules that follow from a batch request: what it has outside
// of $each is the same for all its messages.
func (r *api) batchRules() []provider.BatchRule {
	var rules []provider.BatchRule
	add := func(rule provider.BatchRule) {
		if !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	for _, name := range r.Batch.Request.Shared() {
		switch {
		case slices.Contains([]string{"text", "encoding", "segments", "template_id", "template_variables"}, name):
			add(provider.SameText)
		case name == "from":
			add(provider.SameFrom)
		case name == "send_at":
			add(provider.SameSendAt)
		case name == "validity":
			add(provider.SameValidity)
		case name == "class":
			add(provider.SameClass)
		case strings.HasPrefix(name, "extra."):
			add(provider.SameExtra)
		}
	}
	if r.Batch.Match == "to" {
		add(provider.DistinctTo)
	}
	return rules
}

// sendEach makes the request and reads the result for each message. What the
// response does not tell is provider.Indeterminate.
func (p *Provider) sendEach(ctx context.Context, c *batchCall, each []request.Scope, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	shared, err := p.shared(each[0])
	if err != nil {
		return fillVerdicts(verdicts, err)
	}
	req, err := p.buildSend(&c.Request, shared, each)
	if err != nil {
		return fillVerdicts(verdicts, err)
	}
	req.Private = private(ms, each)
	a, err := p.do(ctx, &c.call, req)
	if err != nil {
		return fillVerdicts(verdicts, err)
	}
	if err := p.judge(&c.call, a); err != nil {
		return fillVerdicts(verdicts, ofAll(err, len(ms)))
	}
	found, _ := c.Each.find(a.tree)
	switch c.Match {
	case "ref":
		ref := func(verdict any) string { return p.refIn(c.Ref, verdict) }
		found = c.match(found, ms, ref, func(m *provider.Message) string { return m.Ref })
	case "to":
		number := func(verdict any) string { return address(c.To.word(verdict), p.recipe.api.Write.To.As) }
		found = c.match(found, ms, number, func(m *provider.Message) string { return m.To.String() })
	}
	if len(found) != len(ms) {
		return fillVerdicts(verdicts, a.Indeterminate(errOtherCount))
	}
	for i, one := range found {
		verdicts[i] = p.verdict(c, a, one, ms[i])
	}
	return verdicts
}

// ofAll is what a batch's failure means for each of its messages. A refusal may
// be about another message: of this one it is known only that it was not taken.
func ofAll(err error, messages int) error {
	e, ok := errors.AsType[*provider.Error](err)
	if !ok || messages == 1 || e.Code.Outcome() != provider.OutcomeRefused {
		return err
	}
	return &provider.Error{Code: provider.Unavailable, VendorMessage: "the vendor refused the batch as a whole", RetryAfter: e.RetryAfter, Err: errorOnly{err}}
}

// errorOnly keeps the text of a cause and hides its code.
type errorOnly struct{ error }

// match sorts the verdicts into the order of the messages. A message with no
// verdict or with two gets none; so does one without a key.
func (c *batchCall) match(found []any, ms []*provider.Message, keyOf func(verdict any) string, wanted func(*provider.Message) string) []any {
	const none = -1
	at := make(map[string]int, len(found))
	for i, one := range found {
		key := keyOf(one)
		if _, twice := at[key]; twice {
			i = none
		}
		at[key] = i
	}
	ordered := make([]any, len(ms))
	for i, m := range ms {
		key := wanted(m)
		if j, ok := at[key]; ok && j != none && key != "" {
			ordered[i] = found[j]
			at[key] = none // a second message with the same key has no verdict
		}
	}
	return ordered
}

func (p *Provider) verdict(c *batchCall, a *answer, one any, m *provider.Message) provider.Verdict {
	if one == nil {
		return provider.Verdict{Err: a.Indeterminate(errOtherCount)}
	}
	if !c.Verdict.Where.hold(one) {
		table := c.Verdict.Errors
		if table == nil {
			table = &p.recipe.api.Errors
		}
		return provider.Verdict{Err: table.failure(a.Response, one)}
	}
	receipt, err := p.receipt(&c.Receipt, one, m.To)
	if err != nil {
		return provider.Verdict{Err: a.Indeterminate(err)}
	}
	receipt.Raw = a.RawOf(one)
	return provider.Verdict{Receipt: receipt}
}
