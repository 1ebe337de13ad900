package router

import (
	"sync/atomic"
	"time"
)

// outage remembers when a shared service could last not be reached, so that not
// every message waits to find out.
type outage struct{ at atomic.Pointer[time.Time] }

// outageTime is how long a service is not asked by those who can do without.
const outageTime = time.Second

func (o *outage) note() {
	now := time.Now()
	o.at.Store(&now)
}

func (o *outage) recent() bool {
	at := o.at.Load()
	return at != nil && time.Since(*at) < outageTime
}
