package guard

import (
	"context"
	"slices"

	"github.com/anysms/anysms/provider"
)

// OptOuts refuses messages to people who have opted out. A ledger that is the router's
// store and journal does this by itself, before every attempt and in the same transaction;
// this rule is for programs that keep a list of their own.
type OptOuts struct {
	// OptedOut reports whether the recipient has opted out of this message. An error
	// means that the list cannot be read: see Options.OnError.
	OptedOut func(ctx context.Context, m *provider.Message) (bool, error)
	// Exempt are classes that are sent nevertheless, such as otp.
	Exempt []provider.Class
}

func (o *OptOuts) name() string { return "optouts" }

func (o *OptOuts) judge(ctx context.Context, p *passage) error {
	if slices.Contains(o.Exempt, p.traits.class) {
		return nil
	}
	out, err := o.OptedOut(ctx, p.Message)
	if err != nil {
		return err
	}
	if out {
		return provider.NewError(provider.OptedOut, "the recipient has opted out")
	}
	return nil
}
