package router

import (
	"crypto/rand"
	"sync"
)

// owners keeps the tokens of claims whose fate is not known: a Begin whose reply
// was lost may have made the claim, and a new token would not be its owner. Nothing
// was sent under these claims.
type owners struct {
	mu    sync.Mutex
	byRef map[string]string
}

// maxOwners bounds how many tokens are kept. A claim without its token ends with the
// store's lease.
const maxOwners = 10_000

// take returns the token that was kept for a ref, and keeps it no longer; else a
// new one.
func (o *owners) take(ref string) (token string, kept bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if token, kept = o.byRef[ref]; kept {
		delete(o.byRef, ref)
		return token, true
	}
	return rand.Text(), false
}

func (o *owners) keep(ref, token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byRef == nil {
		o.byRef = make(map[string]string)
	}
	if len(o.byRef) < maxOwners {
		o.byRef[ref] = token
	}
}
