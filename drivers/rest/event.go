package rest

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// eventSpec says where an event's parts are in a response or callback.
type eventSpec struct {
	ID        *pick   `yaml:"id"`
	Ref       *pick   `yaml:"ref"`
	At        *moment `yaml:"at"`
	Status    *pick   `yaml:"status"`
	Code      *pick   `yaml:"code"`
	Segments  *pick   `yaml:"segments"`
	Cost      *price  `yaml:"cost"`
	MCCMNC    *pick   `yaml:"mccmnc"`
	From      *pick   `yaml:"from"`
	To        *pick   `yaml:"to"`
	Text      *pick   `yaml:"text"`
	InReplyTo *pick   `yaml:"in_reply_to"`
	// FromRaw and ToRaw are used unchanged if From and To are empty, for
	// vendors that send national numbers as well as international ones.
	FromRaw *pick            `yaml:"from_raw"`
	ToRaw   *pick            `yaml:"to_raw"`
	Extra   map[string]*pick `yaml:"extra"`
	Segment *segmentSpec     `yaml:"segment"`
}

// segmentSpec is for vendors that tell of each segment of a message by itself.
// That one of several segments was delivered does not mean that the message was:
// its status is sent, and is not final.
type segmentSpec struct {
	Number *pick `yaml:"number"`
	Of     *pick `yaml:"of"`
	Ref    *pick `yaml:"ref"`
}

// of returns the segment that an event is about, nil for the whole message.
func (s *segmentSpec) of(tree any) *provider.EventSegment {
	if s == nil {
		return nil
	}
	of := s.Of.count(tree)
	if of < 2 {
		return nil
	}
	return &provider.EventSegment{Ref: s.Ref.word(tree), Number: s.Number.count(tree), Of: of}
}

// picks lists the single values of the event.
func (e *eventSpec) picks() []*pick {
	all := []*pick{e.ID, e.Ref, e.Status, e.Code, e.Segments, e.MCCMNC, e.From, e.To, e.Text, e.InReplyTo, e.FromRaw, e.ToRaw}
	if e.At != nil {
		all = append(all, &e.At.pick)
	}
	if e.Cost != nil {
		all = append(all, &e.Cost.Amount, e.Cost.Paid)
	}
	if e.Segment != nil {
		all = append(all, e.Segment.Number, e.Segment.Of, e.Segment.Ref)
	}
	for _, p := range e.Extra {
		all = append(all, p)
	}
	return all
}

// event reads one event, without Raw.
func (p *Provider) event(spec *eventSpec, kind provider.EventKind, tree any) provider.Event {
	s := request.Scope{Settings: p.settings}
	e := provider.Event{
		Kind:     kind,
		Ref:      p.refIn(spec.Ref, tree),
		At:       spec.At.time(tree),
		Segments: spec.Segments.count(tree),
		Cost:     spec.Cost.money(tree, s),
		MCCMNC:   spec.MCCMNC.word(tree),
		From:     address(spec.From.word(tree), p.recipe.api.Write.To.As),
		To:       address(spec.To.word(tree), p.recipe.api.Write.To.As),
		Text:     clean(spec.Text.text(tree)),
		Segment:  spec.Segment.of(tree),
	}
	e.From, e.To = cmp.Or(e.From, clean(spec.FromRaw.text(tree))), cmp.Or(e.To, clean(spec.ToRaw.text(tree)))
	e.ID = spec.ID.word(tree)
	if kind == provider.Inbound {
		if answered := spec.InReplyTo.word(tree); answered != "0" {
			e.InReplyTo = p.recipe.api.composeID(answered, e.From)
		}
	} else {
		e.ID = p.recipe.api.composeID(e.ID, e.To)
		p.recipe.api.judge(&e, spec, tree)
	}
	for name, at := range spec.Extra {
		if word := at.text(tree); word != "" {
			if e.Extra == nil {
				e.Extra = make(map[string]string, len(spec.Extra))
			}
			e.Extra[name] = clean(word)
		}
	}
	return e
}

// judge sets an event's status by the recipe's tables.
func (r *api) judge(e *provider.Event, spec *eventSpec, tree any) {
	e.VendorStatus = spec.Status.word(tree)
	e.VendorCode = spec.Code.word(tree)
	if e.VendorStatus == "" && e.Kind == provider.Engagement {
		return
	}
	e.Status = provider.StatusUnknown
	for _, word := range spec.Status.words(tree) {
		if row, known := r.Statuses.row(word); known {
			e.Status, e.Final, e.Code = provider.Status(row.Is), isFinal(provider.Status(row.Is), row.Final), provider.Code(row.Code)
			break
		}
	}
	r.judgeCode(e)
	if e.Segment != nil {
		e.Segment.Status = e.Status
		if e.Status == provider.StatusDelivered {
			e.Status, e.Final = provider.StatusSent, false
		}
	}
}

// judgeCode adds what the report's code says. Only what failed has a code.
func (r *api) judgeCode(e *provider.Event) {
	row, known := r.ReportCodes.row(e.VendorCode)
	if known && row.Status != "" {
		e.Status, e.Final = provider.Status(row.Status), isFinal(provider.Status(row.Status), row.Final)
	}
	switch {
	case !failed(e.Status):
		e.Code = ""
	case known && row.Is != "":
		e.Code = provider.Code(row.Is)
	}
}

func failed(s provider.Status) bool {
	switch s {
	case provider.StatusUndelivered, provider.StatusExpired, provider.StatusRejected, provider.StatusUnknown:
		return true
	}
	return false
}

// composeID makes the id of one message if the vendor's id is that of a
// request: "340000001:61491570156".
func (r *api) composeID(id, recipient string) string {
	if id == "" || r.IDOf != idOfRequest {
		return id
	}
	return id + ":" + strings.TrimLeft(recipient, "+")
}

// splitID undoes composeID.
func (r *api) splitID(id string) (values map[string]any, err error) {
	if r.IDOf != idOfRequest {
		return map[string]any{"id": id}, nil
	}
	own, digits, _ := strings.Cut(id, ":")
	to, numberErr := e164.ParseDigits(digits)
	if own == "" || numberErr != nil {
		return nil, provider.NewError(provider.Rejected, "the id is not one of this vendor; want an id such as 340000001:61491570156")
	}
	return map[string]any{"id": own, "id_to": r.Write.To.write(to)}, nil
}

// address returns a number as the vendor writes it in E.164. Anything else,
// such as a name or a short code, is returned unchanged.
func address(word, form string) string {
	word = strings.TrimSpace(clean(word)) // a plus that was not escaped in a query arrives as a blank
	if n, err := e164.Parse(word); err == nil {
		return n.String()
	}
	if form == "national" {
		return word
	}
	if n, err := e164.ParseDigits(strings.TrimPrefix(word, "00")); err == nil {
		return n.String()
	}
	return word
}

func clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
