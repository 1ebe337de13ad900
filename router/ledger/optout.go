package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// Scope says which messages an opt-out holds for.
type Scope string

// The scopes.
const (
	ScopeAll      Scope = "all"
	ScopeProvider Scope = "provider" // those through the provider named in Value
	ScopeSender   Scope = "sender"   // those from the sender named in Value
	ScopeClass    Scope = "class"    // those of the class named in Value
)

// Source says where an opt-out came from.
type Source string

// The sources.
const (
	FromReply  Source = "reply"  // the person replied with a word such as STOP
	FromVendor Source = "vendor" // a vendor refused a message for it
	FromImport Source = "import"
	FromAPI    Source = "api" // a program or an operator
)

// OptOut says that a person does not want messages. It survives erasure.
type OptOut struct {
	Number string    `json:"number"` // E.164
	Scope  Scope     `json:"scope"`
	Value  string    `json:"value,omitempty"` // what Scope names; "" with ScopeAll
	Source Source    `json:"source"`
	At     time.Time `json:"at"`
}

// String describes the opt-out without the number.
func (o OptOut) String() string {
	return "optout{scope: " + string(o.Scope) + ", source: " + string(o.Source) + "}"
}

// GoString redacts like String.
func (o OptOut) GoString() string { return o.String() }

// Check returns what is wrong with an opt-out.
func (o OptOut) Check() error {
	if _, err := e164.Parse(o.Number); err != nil {
		return fmt.Errorf("number: %w", err)
	}
	switch o.Scope {
	case ScopeAll:
		if o.Value != "" {
			return fmt.Errorf("value: %q; want none with scope all", o.Value)
		}
		return nil
	case ScopeProvider, ScopeSender, ScopeClass:
		if o.Value == "" {
			return fmt.Errorf("value: must not be empty: it names the %s", o.Scope)
		}
		if !storable(o.Value) {
			return errors.New("value: not valid UTF-8")
		}
		if o.Scope == ScopeClass && !slices.Contains(classes, provider.Class(o.Value)) {
			return fmt.Errorf("value: %q is no class; want otp, transactional or marketing", o.Value)
		}
		return nil
	}
	return fmt.Errorf("scope: %q; want all, provider, sender or class", string(o.Scope))
}

var classes = []provider.Class{provider.OTP, provider.Transactional, provider.Marketing}

const optOutColumns = `number, scope, scope_value, source, created_at`

const putOptOut = `INSERT INTO anysms_optouts (` + optOutColumns + `) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (number, scope, scope_value) DO NOTHING`

func scanOptOut(scan scanner) (o OptOut, err error) {
	var at int64
	err = scan(&o.Number, &o.Scope, &o.Value, &o.Source, &at)
	o.At = timeOf(at)
	return o, err
}

func (o OptOut) row() []any {
	return []any{o.Number, string(o.Scope), o.Value, string(o.Source), micros(o.At)}
}

// OptOut records opt-outs and returns how many are new. None is recorded if one is
// wrong. A zero At is now.
func (l *Ledger) OptOut(ctx context.Context, list ...OptOut) (added int, err error) {
	var n needs
	for i := range list {
		if err := list[i].Check(); err != nil {
			return 0, err
		}
		n.numbers = append(n.numbers, list[i].Number)
	}
	err = l.do(ctx, n, func(w *work) error {
		added = 0
		for _, o := range list {
			added += w.addOptOut(o)
		}
		return nil
	})
	if err != nil {
		return 0, keepVerdict(err)
	}
	return added, nil
}

// OptIn removes the opt-outs of a number, whatever their scope, and returns how many
// there were.
func (l *Ledger) OptIn(ctx context.Context, number string) (removed int, err error) {
	if _, err := e164.Parse(number); err != nil {
		return 0, fmt.Errorf("number: %w", err)
	}
	err = l.do(ctx, needs{numbers: []string{number}}, func(w *work) error {
		removed = w.removeOptOuts(number, func(OptOut) bool { return true })
		return nil
	})
	if err != nil {
		return 0, keepVerdict(err)
	}
	return removed, nil
}

// OptOuts lists the opt-outs by number, those of one number if it is not "".
func (l *Ledger) OptOuts(ctx context.Context, number string) iter.Seq2[OptOut, error] {
	return l.OptOutsAfter(ctx, number, OptOut{})
}

// OptOutsAfter is [Ledger.OptOuts] from the one on that follows after, of which the number,
// the scope and its value count.
func (l *Ledger) OptOutsAfter(ctx context.Context, number string, after OptOut) iter.Seq2[OptOut, error] {
	const page = 1000
	return func(yield func(OptOut, error) bool) {
		for {
			list, err := l.optOutsAfter(ctx, number, after, page)
			if err != nil {
				yield(OptOut{}, keepVerdict(err))
				return
			}
			for _, o := range list {
				if !yield(o, nil) {
					return
				}
			}
			if len(list) < page {
				return
			}
			after = list[len(list)-1]
		}
	}
}

func (l *Ledger) optOutsAfter(ctx context.Context, number string, after OptOut, limit int) (list []OptOut, err error) {
	const order = ` ORDER BY number, scope, scope_value LIMIT $1`
	const next = ` (number > $2 OR number = $2 AND (scope > $3 OR scope = $3 AND scope_value > $4))`
	sql, args := `SELECT `+optOutColumns+` FROM anysms_optouts WHERE`+next, []any{limit, after.Number, string(after.Scope), after.Value}
	if number != "" {
		sql, args = sql+` AND number = $5`, append(args, number)
	}
	err = l.db.Read(ctx, func(tx Tx) error {
		list = nil
		return tx.Query(ctx, func(scan scanner) error {
			o, err := scanOptOut(scan)
			list = append(list, o)
			return err
		}, sql+order, args...)
	})
	return list, err
}

// addOptOut returns 1 if it is new.
func (w *work) addOptOut(o OptOut) int {
	same := func(p OptOut) bool { return p.Scope == o.Scope && p.Value == o.Value }
	if slices.ContainsFunc(w.optOuts[o.Number], same) {
		return 0
	}
	if o.At.IsZero() {
		o.At = w.now
	}
	w.optOuts[o.Number] = append(w.optOuts[o.Number], o)
	w.newOptOuts = append(w.newOptOuts, o)
	return 1
}

func (w *work) removeOptOuts(number string, which func(OptOut) bool) int {
	removed := 0
	w.optOuts[number] = slices.DeleteFunc(w.optOuts[number], func(o OptOut) bool {
		if !which(o) {
			return false
		}
		removed++
		w.goneOptOuts = append(w.goneOptOuts, o)
		w.newOptOuts = slices.DeleteFunc(w.newOptOuts, func(p OptOut) bool { return p == o })
		return true
	})
	return removed
}

// optedOut refuses a message whose recipient does not want it; e may be nil.
func (w *work) optedOut(m *provider.Message, e *router.JournalEntry) error {
	if m == nil {
		return nil
	}
	for _, o := range w.optOuts[m.To.String()] {
		if o.holds(m, e) && !w.ledger.exempts(m, o) {
			return &provider.Error{Code: provider.OptedOut, Err: fmt.Errorf("the recipient has opted out (scope %s, by %s)", o.Scope, o.Source)}
		}
	}
	return nil
}

// exempts reports whether messages of a class go out in spite of an opt-out.
func (l *Ledger) exempts(m *provider.Message, o OptOut) bool {
	class := cmp.Or(m.Class, provider.Transactional)
	return o.Scope != ScopeClass && slices.Contains(l.options.OptOutExempt, class)
}

func (o OptOut) holds(m *provider.Message, e *router.JournalEntry) bool {
	switch o.Scope {
	case ScopeAll:
		return true
	case ScopeSender:
		return m.From != "" && m.From == o.Value
	case ScopeClass:
		return string(m.Class) == o.Value || m.Class == "" && o.Value == string(provider.Transactional)
	case ScopeProvider:
		return e != nil && e.Provider == o.Value
	}
	return false
}

// heed opts the sender of an inbound message out, or in again, if the message says
// nothing else. It returns how many opt-outs that has changed.
func (w *work) heed(e *Event) int {
	if _, err := e164.Parse(e.From); err != nil {
		return 0
	}
	switch KeywordOf(e.Text) {
	case Stop:
		o := OptOut{Number: e.From, Scope: ScopeAll, Source: FromReply}
		if w.ledger.options.OptOutBySender && e.To != "" {
			o.Scope, o.Value = ScopeSender, clean(e.To)
		}
		return w.addOptOut(o)
	case Start:
		return w.removeOptOuts(e.From, func(o OptOut) bool {
			return o.Source == FromReply || o.Source == FromVendor
		})
	}
	return 0
}

// learnOptOut notes that a vendor has refused the message because of an opt-out.
func (w *work) learnOptOut(r *record) {
	for _, a := range r.attempts {
		if a.Code == provider.OptedOut && a.Outcome == provider.OutcomeRefused {
			w.vendorOptOut(r, a.Provider)
		}
	}
}

func (w *work) vendorOptOut(r *record, name string) {
	if r.To != "" && name != "" {
		w.addOptOut(OptOut{Number: r.To, Scope: ScopeProvider, Value: name, Source: FromVendor})
	}
}
