package guard

import "time"

// SetClock replaces the clock of a policy.
func (p *Policy) SetClock(now func() time.Time) { p.now = now }
