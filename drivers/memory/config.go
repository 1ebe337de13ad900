package memory

import (
	"slices"

	"github.com/anysms/anysms/provider"
)

// DefaultLedger is how many messages are kept if Config does not say.
const DefaultLedger = 10_000

// Driver makes providers from configuration.
var Driver = provider.NewDriver("memory", "No vendor: keeps messages in memory, for tests and demos", New)

// Config holds the settings. The zero Config accepts everything, has every
// feature except batches, and no limits.
type Config struct {
	Features      []string          `json:"features" doc:"capabilities, such as [status, find, schedule]; default all, [] = none"`
	MaxSegments   int               `json:"max_segments" doc:"longer messages are refused; default 0 = no limit"`
	MaxCharacters int               `json:"max_characters" doc:"longer messages are refused; default 0 = no limit"`
	MaxBatch      int               `json:"max_batch" doc:"messages in one batch; default 0 = no batches"`
	BatchRules    []string          `json:"batch_rules" doc:"which messages may share a batch, such as [same_text]; default any"`
	FindSettles   provider.Duration `json:"find_settles" doc:"after this long 'not found' is proof; default 0 = never"`
	ReplayFor     provider.Duration `json:"replay_for" doc:"how long a repeated ref counts as the same message; default 0 = refs may repeat"`

	Code  provider.Code     `json:"code" doc:"fail every send with this code, such as rate_limited; default none = accept"`
	Delay provider.Duration `json:"delay" doc:"how long each send takes; default 0"`

	Price   *provider.Money `json:"price" doc:"price per segment, {amount, currency}; default none"`
	Balance *provider.Money `json:"balance" doc:"initial balance, {amount, currency}, from which sends are paid; default none"`

	Ledger         int             `json:"ledger" doc:"how many accepted messages are kept; default 10000, -1 = none"`
	CallbackSecret provider.Secret `json:"callback_secret" doc:"signs and checks callbacks; default none = unsigned"`

	// Answer decides the response to each Send. It may be called by many
	// goroutines at once, and must not keep or change the message.
	Answer func(*provider.Message) Answer `json:"-"`
}

// capabilities checks the settings and derives the capabilities.
func (c *Config) capabilities() (provider.Capabilities, error) {
	caps := provider.Capabilities{
		MaxSegments:   c.MaxSegments,
		MaxCharacters: c.MaxCharacters,
		MaxBatch:      c.MaxBatch,
		FindSettles:   c.FindSettles.Std(),
		ReplayFor:     c.ReplayFor.Std(),
	}
	for _, name := range c.BatchRules {
		rule, err := provider.ParseBatchRule(name)
		if err != nil {
			return caps, provider.ConfigErrorf("batch_rules", "%v", err)
		}
		caps.BatchRules = append(caps.BatchRules, rule)
	}
	if len(caps.BatchRules) > 0 && c.MaxBatch == 0 {
		return caps, provider.ConfigErrorf("batch_rules", "has no effect without max_batch")
	}
	if c.Ledger < -1 {
		return caps, provider.ConfigErrorf("ledger", "%d is below -1; want a number of messages, or -1 for none", c.Ledger)
	}
	for name, n := range map[string]int{"max_segments": c.MaxSegments, "max_characters": c.MaxCharacters, "max_batch": c.MaxBatch} {
		if n < 0 {
			return caps, provider.ConfigErrorf(name, "%d is negative; want a number, or 0 for no limit", n)
		}
	}
	for name, d := range map[string]provider.Duration{"find_settles": c.FindSettles, "replay_for": c.ReplayFor, "delay": c.Delay} {
		if d < 0 {
			return caps, provider.ConfigErrorf(name, "%s is negative; want a duration such as 5s", d)
		}
	}
	if c.Code != "" && !slices.Contains(provider.Codes(), c.Code) {
		return caps, provider.ConfigErrorf("code", "%q is not a code; want one such as rate_limited or indeterminate", c.Code)
	}
	if err := c.checkMoney(); err != nil {
		return caps, err
	}
	var err error
	caps.Features, err = c.features()
	return caps, err
}

func (c *Config) checkMoney() error {
	if c.Price != nil && c.Price.Micros < 0 {
		return provider.ConfigErrorf("price", "%s is negative", *c.Price)
	}
	if c.Price != nil && c.Balance != nil && c.Price.Currency != c.Balance.Currency {
		return provider.ConfigErrorf("balance", "is in %s but price is in %s; want one currency", c.Balance.Currency, c.Price.Currency)
	}
	return nil
}

// everything is the set of all features.
const everything = provider.CanChooseSender<<1 - 1

// features are the configured ones, without those that other settings make
// impossible.
func (c *Config) features() (provider.Feature, error) {
	asked := everything
	if c.Features != nil {
		asked = 0
		for _, name := range c.Features {
			f, err := provider.ParseFeature(name)
			if err != nil {
				return 0, provider.ConfigErrorf("features", "%v", err)
			}
			asked |= f
		}
	}
	if c.MaxBatch == 0 {
		asked &^= provider.HasBatch
	}
	if c.Balance == nil {
		asked &^= provider.HasBalance
	}
	if c.Ledger < 0 {
		asked &^= provider.HasStatus | provider.HasFind | provider.HasCancel
	}
	return asked, nil
}
