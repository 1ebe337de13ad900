package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

// guardsConfig is the form of guards:.
type guardsConfig struct {
	Counters         string             `json:"counters"`
	Key              provider.Secret    `json:"counters_key"`
	DefaultMemoryMax *int               `json:"max_keys"`
	OnError          router.FailureMode `json:"on_error"`
	Keep             *provider.Duration `json:"keep"`
	OptOuts          optOutConfig       `json:"optouts"`
	Countries        countriesConfig    `json:"countries"`
	Velocity         []velocityConfig   `json:"velocity"`
	Repeats          *repeatsConfig     `json:"repeats"`
	Budgets          []budgetConfig     `json:"budgets"`
	Quiet            []quietConfig      `json:"quiet_hours"`
	Pumping          *pumpingConfig     `json:"pumping"`
	Senders          sendersConfig      `json:"senders"`
}

type optOutConfig struct {
	Exempt []provider.Class `json:"exempt"`
}

type countriesConfig struct {
	Allow []string `json:"allow"`
	Deny  []string `json:"deny"`
}

// aboutConfig says which messages a rule is about.
type aboutConfig struct {
	Classes   []provider.Class `json:"classes"`
	Countries []string         `json:"countries"`
	Clients   []string         `json:"clients"`
	Tags      []string         `json:"tags"`
}

func (a aboutConfig) match() guard.Match {
	return guard.Match{Classes: a.Classes, Countries: a.Countries, Clients: a.Clients, Tags: a.Tags}
}

type velocityConfig struct {
	aboutConfig
	Per    guard.Per         `json:"per"`
	Max    int               `json:"max"`
	Window provider.Duration `json:"window"`
}

type repeatsConfig struct {
	aboutConfig
	Window provider.Duration `json:"window"`
}

type budgetConfig struct {
	aboutConfig
	Max  string       `json:"max"`
	Per  guard.Period `json:"per"`
	Each guard.Per    `json:"each"`
	Zone string       `json:"zone"`
	Warn float64      `json:"warn"`
}

type quietConfig struct {
	aboutConfig
	From string   `json:"from"`
	To   string   `json:"to"`
	Days []string `json:"days"`
	Zone string   `json:"zone"`
}

type pumpingConfig struct {
	MinRatio   float64           `json:"min_ratio"`
	Unverified int               `json:"unverified"`
	Digits     int               `json:"digits"`
	Window     provider.Duration `json:"window"`
	Action     string            `json:"action"`
}

type sendersConfig struct {
	Choose              []chooseConfig      `json:"choose"`
	Rules               string              `json:"rules"`
	Registered          map[string][]string `json:"registered"`
	RequireRegistration bool                `json:"require_registration"`
}

type chooseConfig struct {
	aboutConfig
	From []string `json:"from"`
	Rate float64  `json:"rate"`
}

// guards reads the rules that decide which messages may be sent.
func (d *document) guards(c *Config, file *fileConfig) error {
	g := file.Guards
	if g == nil {
		return nil
	}
	var n numbers
	o := guard.Options{
		OnError: g.OnError, Keep: span(&n, "guards.keep", g.Keep), Convert: c.Currencies.ConvertTo,
		Countries: guard.Countries{Allow: g.Countries.Allow, Deny: g.Countries.Deny},
	}
	maxKeys := plain(&n, "guards.max_keys", g.DefaultMemoryMax)
	if n.err != nil {
		return n.err
	}
	for _, v := range g.Velocity {
		o.Velocity = append(o.Velocity, guard.Velocity{Match: v.match(), Per: v.Per, Max: v.Max, Window: v.Window.Std()})
	}
	if r := g.Repeats; r != nil {
		if r.Window == 0 {
			return provider.ConfigErrorf("guards.repeats.window", "is missing; want a duration such as 60s")
		}
		o.Repeats = guard.Repeats{Match: r.match(), Window: r.Window.Std()}
	}
	if err := errors.Join(g.counters(c, &o, maxKeys), g.optOuts(c)); err != nil {
		return err
	}
	if err := firstError(
		func() error { return g.budgets(c, &o, slices.Sorted(maps.Keys(file.Providers))) },
		func() error { return g.quiet(&o) },
		func() error { return g.pumping(&o) },
		func() error { return d.senders(&g.Senders, &o) },
	); err != nil {
		return err
	}
	policy, err := guard.New(o)
	if err != nil {
		return under("guards", err)
	}
	c.Guards, c.Options.Guard = policy, policy
	return nil
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// counters chooses where messages are counted: in the database if there is one.
func (g *guardsConfig) counters(c *Config, o *guard.Options, maxKeys int) error {
	where := g.Counters
	switch {
	case where == "":
		c.CountInDatabase = c.Ledger.Database != ""
	case where == "memory":
	case isRedis(where):
		if err := g.redis(c); err != nil {
			return err
		}
	case where == "database":
		if c.Ledger.Database == "" {
			return provider.ConfigErrorf("guards.counters", "database needs database: a file name, such as anysms.db, or postgres://…")
		}
		c.CountInDatabase = true
	default:
		return provider.ConfigErrorf("guards.counters", "%s; want memory, database or redis://…", shownCounters(where))
	}
	if (c.CountInDatabase || c.CountInRedis.URL != "") && maxKeys != 0 {
		return provider.ConfigErrorf("guards.max_keys", "has no effect, as the counters are not in memory; set counters: memory")
	}
	if g.Key != "" && c.CountInRedis.URL == "" {
		return provider.ConfigErrorf("guards.counters_key", "has no effect without counters: redis://…")
	}
	o.Counters = guard.NewMemory(maxKeys)
	return nil
}

func isRedis(counters string) bool {
	return strings.HasPrefix(counters, "redis://") || strings.HasPrefix(counters, "rediss://")
}

// shownCounters quotes what stands for the counters; of an address, which may have a
// password, only the scheme.
func shownCounters(s string) string {
	if scheme, _, isURL := strings.Cut(s, "://"); isURL {
		return scheme + ":// is not supported"
	}
	return strconv.Quote(s)
}

// minCountersKey is the length of a key that nobody guesses.
const minCountersKey = 16

// redis notes the server that counts. Errors do not repeat the address, which may have
// a password.
func (g *guardsConfig) redis(c *Config) error {
	u, err := url.Parse(g.Counters)
	if err != nil || u.Hostname() == "" {
		return provider.ConfigErrorf("guards.counters", "is not an address such as redis://:password@redis.example.com:6379/0")
	}
	if g.Key != "" && len(g.Key) < minCountersKey {
		return provider.ConfigErrorf("guards.counters_key", "has %d characters; want at least %d, the same on all machines", len(g.Key), minCountersKey)
	}
	c.CountInRedis = Redis{URL: provider.Secret(g.Counters), Key: g.Key}
	return nil
}

// optOuts are kept and checked by the ledger.
func (g *guardsConfig) optOuts(c *Config) error {
	if len(g.OptOuts.Exempt) == 0 {
		return nil
	}
	if c.Ledger.Database == "" {
		return provider.ConfigErrorf("guards.optouts", "has no effect without database: opt-outs are kept there")
	}
	for _, class := range g.OptOuts.Exempt {
		switch class {
		case provider.OTP, provider.Transactional, provider.Marketing:
		default:
			return provider.ConfigErrorf("guards.optouts.exempt", "unknown class %q; want otp, transactional or marketing", class)
		}
	}
	c.Ledger.Options.OptOutExempt = g.OptOuts.Exempt
	return nil
}

func (g *guardsConfig) budgets(c *Config, o *guard.Options, names []string) error {
	for i, b := range g.Budgets {
		at := fmt.Sprintf("guards.budgets[%d]", i)
		limit, err := budgetLimit(b.Max)
		if err != nil {
			return provider.ConfigErrorf(at+".max", "%v", err)
		}
		zone, err := location(at+".zone", b.Zone)
		if err != nil {
			return err
		}
		if limit.Currency != "" {
			if err := c.canPrice(at+".max", limit.Currency, names); err != nil {
				return err
			}
		}
		o.Budgets = append(o.Budgets, guard.Budget{Match: b.match(), Max: limit, Period: b.Per, Each: b.Each, Zone: zone, Warn: b.Warn})
	}
	return nil
}

// budgetLimit reads "50 EUR" or "10000 segments".
func budgetLimit(s string) (guard.Limit, error) {
	amount, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	unit = strings.TrimSpace(unit)
	if unit == "segments" {
		n, err := strconv.ParseInt(amount, 10, 64)
		if err != nil || n < 1 {
			return guard.Limit{}, fmt.Errorf("%q; want a whole number of segments, such as 10000 segments", s)
		}
		return guard.Limit{Segments: n}, nil
	}
	money, err := provider.ParseMoney(amount, unit)
	if err != nil || unit == "" {
		return guard.Limit{}, fmt.Errorf("%q; want an amount such as 50 EUR, or a number such as 10000 segments", s)
	}
	return guard.Limit{Micros: money.Micros, Currency: money.Currency}, nil
}

// canPrice returns an error if no price, or not every one, can be counted in a currency.
func (c *Config) canPrice(path, currency string, names []string) error {
	if c.card == nil {
		return provider.ConfigErrorf(path, "a budget in %s needs rates: a rate card with what a segment costs", currency)
	}
	for _, name := range names {
		has := c.card.Currency(name)
		if has == "" {
			c.unpriced = append(c.unpriced, Warning{Line: c.lines.of(path), Path: path,
				Reason: fmt.Sprintf("provider %s has no prices in the rate card: messages that it could carry are refused by this budget", name)})
			continue
		}
		if _, ok := c.Currencies.ConvertTo(provider.Money{Currency: has}, currency); !ok {
			return provider.ConfigErrorf(path, "provider %s has prices in %s, and there is no rate from %s to %s; set currency_rates for both", name, has, has, currency)
		}
	}
	return nil
}

func location(path, name string) (*time.Location, error) {
	if name == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, provider.ConfigErrorf(path, "unknown time zone %q; want a name such as Europe/Athens", name)
	}
	return zone, nil
}

var weekdays = map[string]time.Weekday{
	"monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday, "thursday": time.Thursday,
	"friday": time.Friday, "saturday": time.Saturday, "sunday": time.Sunday,
}

func (g *guardsConfig) quiet(o *guard.Options) error {
	for i, q := range g.Quiet {
		at := fmt.Sprintf("guards.quiet_hours[%d]", i)
		rule := guard.Quiet{Match: q.match()}
		var err error
		if rule.From, err = guard.ParseClock(q.From); err != nil {
			return provider.ConfigErrorf(at+".from", "%v", err)
		}
		if rule.To, err = guard.ParseClock(q.To); err != nil {
			return provider.ConfigErrorf(at+".to", "%v", err)
		}
		if rule.Zone, err = location(at+".zone", q.Zone); err != nil {
			return err
		}
		for _, name := range q.Days {
			day, ok := weekdays[strings.ToLower(name)]
			if !ok {
				return provider.ConfigErrorf(at+".days", "unknown day %q; want monday, tuesday …", name)
			}
			rule.Days = append(rule.Days, day)
		}
		o.Quiet = append(o.Quiet, rule)
	}
	return nil
}

func (g *guardsConfig) pumping(o *guard.Options) error {
	p := g.Pumping
	if p == nil {
		return nil
	}
	o.Pumping = &guard.Pumping{MinRatio: p.MinRatio, Unverified: p.Unverified, Digits: p.Digits, Window: p.Window.Std()}
	switch p.Action {
	case "", "stop":
	case "alarm":
		o.Pumping.AlarmOnly = true
	default:
		return provider.ConfigErrorf("guards.pumping.action", "%q; want stop or alarm", p.Action)
	}
	return nil
}

// senders reads which sender a message has. rules: builtin are the ones of package guard;
// a path adds a file to them.
func (d *document) senders(s *sendersConfig, o *guard.Options) error {
	o.Senders.Registered, o.Senders.RequireRegistration = s.Registered, s.RequireRegistration
	for _, c := range s.Choose {
		o.Senders.Choices = append(o.Senders.Choices, guard.Choice{Match: c.match(), From: c.From, Rate: c.Rate})
	}
	if s.Rules == "" {
		return nil
	}
	path := ""
	if s.Rules != "builtin" {
		path = d.resolve(s.Rules)
	}
	rules, err := guard.LoadSenderRules(path)
	if err != nil {
		return provider.ConfigErrorf("guards.senders.rules", "%v", err)
	}
	o.Senders.Rules = rules
	return nil
}
