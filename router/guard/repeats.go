package guard

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
)

// Repeats refuses the same text to the same number within a window. A message that is
// tried again under its own ref is no repeat.
type Repeats struct {
	Match
	Window time.Duration

	prefix string
}

func (r *Repeats) active() bool { return r.Window != 0 }

func (r *Repeats) setUp(path string) error {
	if err := checkWindow(path+".window", r.Window); err != nil {
		return err
	}
	r.prefix = fmt.Sprintf("r %s %s", r.Window, r.sign())
	return r.check(path)
}

func (r *Repeats) name() string { return "repeats" }

func (r *Repeats) counter() string { return r.prefix }

func (r *Repeats) charge(p *passage) error {
	if !r.takes(&p.traits) {
		return nil
	}
	p.scratch = append(p.scratch[:0], p.Message.Text...)
	sum := sha256.Sum256(p.scratch)
	p.charge(r, Charge{Amount: 1, Limit: 1, Ends: p.now.Add(r.Window)}, r.prefix, p.digits)
	p.extend(sum[:16])
	return nil
}

func (r *Repeats) exceeded(*Charge) error {
	return provider.NewError(provider.Rejected, "repeats: the same text went to this number within "+spell(r.Window))
}

func (r *Repeats) reserved(*passage, *Charge) {}

// String describes the rule.
func (r *Repeats) String() string {
	return "the same text to the same number once in " + spell(r.Window) + about(&r.Match)
}
