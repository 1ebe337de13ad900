package guard

import (
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
)

// Per says what a limit counts separately.
type Per string

// What limits count separately.
const (
	Number  Per = "number"  // each recipient
	Block   Per = "block"   // each block of 1,000 numbers: all that differ in the last three digits
	Country Per = "country" // each country
	Client  Per = "client"  // each client, as in router.WithClient
)

// Velocity limits the rate of messages. The window is fixed: it begins with the first
// message that it counts, and a span as long as it has at most 2 × Max - 1 messages.
type Velocity struct {
	Match
	Per    Per
	Max    int // messages in the window
	Window time.Duration

	prefix string
}

func (v *Velocity) setUp(path string) error {
	switch v.Per {
	case Number, Block, Country, Client:
	default:
		return provider.ConfigErrorf(path+".per", "%q; want number, block, country or client", string(v.Per))
	}
	if v.Max < 1 {
		return provider.ConfigErrorf(path+".max", "%d; want at least 1: how many messages may go out in the window", v.Max)
	}
	if err := checkWindow(path+".window", v.Window); err != nil {
		return err
	}
	v.prefix = fmt.Sprintf("v %s %s %s", v.Per, v.Window, v.sign())
	return v.check(path)
}

// maxWindow bounds windows: counters are kept as long.
const maxWindow = 31 * 24 * time.Hour

func checkWindow(path string, d time.Duration) error {
	if d < time.Second || d > maxWindow {
		return provider.ConfigErrorf(path, "%s; want from 1s to 744h", d)
	}
	return nil
}

func (v *Velocity) name() string { return "velocity" }

func (v *Velocity) counter() string { return v.prefix }

func (v *Velocity) charge(p *passage) error {
	if v.takes(&p.traits) {
		c := Charge{Amount: 1, Limit: int64(v.Max), Ends: p.now.Add(v.Window)}
		p.charge(v, c, v.prefix, v.of(p))
	}
	return nil
}

func (v *Velocity) of(p *passage) string {
	switch v.Per {
	case Number:
		return p.digits
	case Block:
		return p.digits[:len(p.digits)-3]
	case Country:
		return p.Country
	}
	return p.Client
}

func (v *Velocity) exceeded(*Charge) error {
	return provider.NewError(provider.Rejected, fmt.Sprintf("velocity: more than %s", v))
}

func (v *Velocity) reserved(*passage, *Charge) {}

// String describes the limit.
func (v *Velocity) String() string {
	to := map[Per]string{Number: "to one number", Block: "to a block of 1,000 numbers", Country: "to one country", Client: "from one client"}[v.Per]
	return fmt.Sprintf("%d messages %s in %s", v.Max, to, spell(v.Window)) + about(&v.Match)
}
