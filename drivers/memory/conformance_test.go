package memory_test

import (
	"context"
	"os"
	"testing"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
)

// inUse is an account with an inbox, and with a person who has received a code.
type inUse struct{ *memory.Provider }

// CheckVerification types the code that was sent where the reply file says so.
func (p inUse) CheckVerification(ctx context.Context, ref, code string) (provider.VerificationResult, error) {
	if code == "{{code}}" {
		code = p.OpenCode(ref)
	}
	return p.Provider.CheckVerification(ctx, ref, code)
}

func openInUse(string) (provider.Provider, error) {
	p, err := memory.New(memory.Config{
		CallbackSecret: "s3cret-of-the-callbacks",
		Price:          &provider.Money{Micros: 50_000, Currency: "EUR"},
		Balance:        &provider.Money{Micros: 1_000_050_000, Currency: "EUR"}, // 1,000 and the price of the code below
	})
	if err != nil {
		return nil, err
	}
	p.Receive(
		provider.Event{Kind: provider.Inbound, ID: "i1", From: "+306900000002", Text: "Στοπ"},
		provider.Event{Kind: provider.Inbound, ID: "i2", From: "+306900000003", Text: "Ναι"},
	)
	_, err = p.StartVerification(context.Background(), &provider.VerificationRequest{To: to, Ref: "v-0"})
	return inUse{p}, err
}

func TestConformance(t *testing.T) {
	conformance.Run(t, conformance.Harness{
		Open:    openInUse,
		Extra:   "memory",
		Replies: os.DirFS("testdata/conformance"),
		Secrets: []string{"s3cret-of-the-callbacks"},
	})
}
