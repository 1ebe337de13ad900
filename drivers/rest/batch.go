package rest

import (
	"context"
	"errors"

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
	// default, or by ref.
	Match   string      `yaml:"match"`
	Ref     *pick       `yaml:"ref"`
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

// sendEach makes the request and reads the result for each message. What the
// response does not tell is provider.Indeterminate.
func (p *Provider) sendEach(ctx context.Context, c *batchCall, each []request.Scope, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	req, err := p.buildSend(&c.Request, request.Scope{Settings: p.settings}, each)
	if err != nil {
		return fillVerdicts(verdicts, err)
	}
	a, err := p.do(ctx, &c.call, req)
	if err != nil {
		return fillVerdicts(verdicts, err)
	}
	if err := p.judge(&c.call, a); err != nil {
		return fillVerdicts(verdicts, ofAll(err, len(ms)))
	}
	found, _ := c.Each.find(a.tree)
	if c.Match == "ref" {
		found = c.byRef(found, ms)
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

// byRef sorts the verdicts into the order of the messages. A message with no
// verdict or with two gets none; so does one without ref.
func (c *batchCall) byRef(found []any, ms []*provider.Message) []any {
	const none = -1
	at := make(map[string]int, len(found))
	for i, one := range found {
		ref := c.Ref.text(one)
		if _, twice := at[ref]; twice {
			i = none
		}
		at[ref] = i
	}
	ordered := make([]any, len(ms))
	for i, m := range ms {
		if j, ok := at[m.Ref]; ok && j != none && m.Ref != "" {
			ordered[i] = found[j]
			at[m.Ref] = none // a second message with the same ref has no verdict
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
	receipt.Raw = p.rawOf(one)
	return provider.Verdict{Receipt: receipt}
}
