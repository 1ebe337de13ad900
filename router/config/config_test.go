package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
)

// shop has the settings of a driver over HTTP.
type shop struct {
	httpcall.Config
	Token provider.Secret   `json:"token" doc:"the key"`
	Level int               `json:"level" doc:"a number"`
	Debug bool              `json:"debug" doc:"a switch"`
	Path  string            `json:"path" doc:"a file"`
	More  map[string]string `json:"more" doc:"a map"`
}

// opened collects the settings that drivers received.
func registry(t *testing.T, opened *[]shop) *provider.Registry {
	t.Helper()
	r := new(provider.Registry)
	require.NoError(t, r.Add(memory.Driver, provider.NewDriver("shop", "A driver of this test.", func(c shop) (*memory.Provider, error) {
		if _, err := httpcall.New(c.Config, c.Token); err != nil {
			return nil, err
		}
		if opened != nil {
			*opened = append(*opened, c)
		}
		return memory.New(memory.Config{})
	})))
	return r
}

func env(name string) (string, bool) {
	v, ok := map[string]string{"TOKEN": "s3cret", "RATE": "2.5", "EMPTY": "", "DIGITS": "0123"}[name]
	return v, ok
}

func read(t *testing.T, yaml string, opened *[]shop) (*config.Config, error) {
	t.Helper()
	c, err := config.Read(t.Context(), strings.NewReader(yaml), "anysms.yaml", t.TempDir(), registry(t, opened), &config.Options{Getenv: env})
	if err == nil {
		t.Cleanup(func() { assert.NoError(t, c.Close()) })
	}
	return c, err
}

// A key that is left out is the default, a 0 is off.
func TestZeroIsOff(t *testing.T) {
	c, err := read(t, `
providers:
  plain: {driver: memory}
  off: {driver: memory, max_in_flight: 0, rate_limit: 0, segment_rate: 0, batch: 0}
router: {breaker: {ratio: 0, jitter: 0}, retry: {jitter: 0}, hold: 0s}
`, nil)
	require.NoError(t, err)
	plain, off := c.Providers[0], c.Providers[1]
	assert.Zero(t, plain.MaxInFlight)
	assert.Equal(t, -1, off.MaxInFlight)
	assert.InDelta(t, -1, off.RateLimit, 0)
	assert.InDelta(t, -1, off.SegmentRate, 0)
	assert.Equal(t, -1, off.Batch)
	assert.Equal(t, router.Breaker{Ratio: -1, Jitter: -1}, c.Options.Breaker)
	assert.Equal(t, router.Retry{Jitter: -1}, c.Options.Retry)
	assert.Negative(t, c.Options.Hold)
}

func TestEverything(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), []byte("from a file\n"), 0o600))
	file := filepath.Join(dir, "anysms.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
providers:
  first: &first
    driver: shop
    base_url: "http://127.0.0.1:1"
    token: "${TOKEN}-$${TOKEN}"
    level: 3
    timeout: 5s
    max_in_flight: 7
    rate_limit: ${RATE}
    status_outcomes: {502: not_sent}
    more: {a: "1"}
    path: ./driver
    sender: Example
  second: {<<: *first, token: {file: key}, sender: 12345, validity: ignore, batch: 10, overflow: true, segment_rate: 20}
  third: {driver: memory, features: [], timeout: 7s, ledger: 5}
router:
  default_region: GR
  validation: possible
  allow_numbers: [+3069]
  delivery: at_most_once
  max_segments: 5
  redirect_all_to: +306941234567
  breaker: {failures: 3, open_for: 10s, jitter: 0}
  retry: {max_attempts: 1, initial: 100ms, max_park: 20m}
  hold: 30m
  attempt_budget: 4
  failover_on: [rejected]
  store: {max: 10, keep: 1h, on_error: send}
  routes:
    - {name: greece, match: {countries: [GR], prefixes: [+3069], classes: [otp]}, strategy: weighted, providers: [first, {name: second, weight: 2, sender: vendor}]}
    - name: others
      providers: [third]
rates: rates.csv
`), 0o600))
	var opened []shop
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rates.csv"), []byte("provider,country,currency,price\nfirst,GR,EUR,0.05\n"), 0o600))
	c, err := config.Load(t.Context(), file, registry(t, &opened), &config.Options{Getenv: env})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })

	require.Len(t, opened, 2)
	assert.Equal(t, "s3cret-${TOKEN}", opened[0].Token.Reveal())
	assert.Equal(t, "from a file", opened[1].Token.Reveal())
	assert.Equal(t, filepath.Join(dir, "driver"), opened[0].Path)
	assert.Equal(t, 7, opened[0].MaxInFlight, "the driver reads it too")
	assert.Equal(t, map[int]provider.Outcome{502: provider.OutcomeNotSent}, opened[0].StatusOutcomes)

	require.Len(t, c.Providers, 3)
	first, second, third := c.Providers[0], c.Providers[1], c.Providers[2]
	assert.Equal(t, "first", first.Name, "in the order of the file")
	assert.Equal(t, "shop", first.Driver)
	assert.Equal(t, 2.5, first.RateLimit)
	assert.Equal(t, 5*time.Second, first.Timeout)
	assert.Equal(t, 7, first.MaxInFlight)
	assert.Equal(t, "Example", first.Sender)
	assert.Equal(t, "12345", second.Sender, "written as a number, meant as text")
	assert.True(t, second.IgnoreValidity)
	assert.True(t, second.Overflow)
	assert.Equal(t, 10, second.Batch)
	assert.Equal(t, 7*time.Second, third.Timeout, "a driver without this setting does not see it")

	o := c.Options
	assert.Equal(t, router.Possible, o.Validation)
	assert.Equal(t, []string{"3069"}, o.AllowNumbers)
	assert.Equal(t, e164.MustParse("+306941234567"), o.RedirectAllTo)
	assert.Equal(t, router.Breaker{Failures: 3, OpenFor: 10 * time.Second, Jitter: -1}, o.Breaker)
	assert.Equal(t, router.Retry{MaxAttempts: 1, Initial: 100 * time.Millisecond, MaxPark: 20 * time.Minute}, o.Retry)
	assert.Equal(t, 30*time.Minute, o.Hold)
	assert.Equal(t, []provider.Code{provider.Rejected}, o.FailoverOn)
	assert.Equal(t, router.StoreOptions{Keep: time.Hour, OnError: router.FailOpen}, o.StoreOptions)
	assert.NotNil(t, o.Store)
	require.Len(t, o.Routes, 2)
	assert.Equal(t, router.Weighted, o.Routes[0].Strategy)
	assert.Equal(t, []router.Target{{Name: "first"}, {Name: "second", Weight: 2, Sender: "vendor"}}, o.Routes[0].Targets)
	assert.Equal(t, "GR", c.DefaultRegion)
	assert.Equal(t, filepath.Join(dir, "rates.csv"), c.Rates)
	price, priced := o.Price("first", e164.MustParse("+306941234567"), 3)
	assert.True(t, priced)
	assert.Equal(t, provider.Money{Micros: 150_000, Currency: "EUR"}, price, "by the country of the number, for all segments")
	_, priced = o.Price("second", e164.MustParse("+306941234567"), 1)
	assert.False(t, priced)
}

func TestWrongPrices(t *testing.T) {
	dir := t.TempDir()
	card := filepath.Join(dir, "rates.csv")
	require.NoError(t, os.WriteFile(card, []byte("provider,currency,price\na,EUR,0.05\nb,AUD,0.05\n"), 0o600))
	broken := filepath.Join(dir, "broken.csv")
	require.NoError(t, os.WriteFile(broken, []byte("provider,currency,price\na,EUR,x\n"), 0o600))
	const providers = "providers:\n  a: {driver: memory}\n  b: {driver: memory}\n"
	const route = "router:\n  routes:\n    - {name: all, strategy: least_cost, providers: [a, b]}\n"
	tests := []struct{ name, yaml, want string }{
		{"no card", providers + "rates: nowhere.csv\n", "a.yaml:4: rates: "},
		{"a card's content", providers + "rates: {file: " + card + "}\n", "a.yaml:4: rates: has several lines; want the name of a file"},
		{"broken card", providers + "rates: " + broken + "\n", "broken.csv:2: price: "},
		{"least cost without a card", providers + route, "a.yaml:6: router.routes[0].strategy: least_cost needs prices"},
		{"currencies", providers + route + "rates: " + card + "\n", "a.yaml:6: router.routes[0].strategy: amounts in EUR and AUD cannot be compared without a currency rate for AUD and EUR; set currency_rates"},
		{"currency rate", providers + "currency_rates: {EUR: \"0\"}\n", "currency_rates: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var opened []shop
			_, err := config.Read(t.Context(), strings.NewReader(tt.yaml), "a.yaml", dir, registry(t, &opened), nil)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	var opened []shop
	c, err := config.Read(t.Context(), strings.NewReader(providers+route+"rates: "+card+"\ncurrency_rates: {EUR: 1, AUD: 0.61}\n"), "a.yaml", dir, registry(t, &opened), nil)
	require.NoError(t, err)
	defer c.Close()
	r, err := c.Router().Send(t.Context(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hi"})
	require.NoError(t, err)
	assert.Equal(t, "b", r.Provider, "0.05 AUD is less than 0.05 EUR")
	assert.True(t, r.Cost.Estimated)
}

func TestMistakes(t *testing.T) {
	const good = "providers:\n  a: {driver: memory}\n"
	tests := []struct {
		name, yaml, want string
	}{
		{"empty", "", "anysms.yaml: must not be empty; want providers"},
		{"only a comment", "# nothing\n", "empty"},
		{"no providers", "router: {}\n", "providers: must not be empty"},
		{"a list", "- a\n", "got a list, want a map"},
		{"syntax", "providers:\n  a: {driver: memory\n", "anysms.yaml:2: YAML"},
		{"tab", "providers:\n\ta: x\n", "anysms.yaml:2: YAML"},
		{"two documents", good + "---\n" + good, "more than one YAML document"},
		{"unknown top key", good + "routers: {}\n", "anysms.yaml:3: routers: unknown key (did you mean \"router\"?); want one of currency_rates, database, guards, ledger, otp, providers, queue, rates, router, serve"},
		{"unknown router key", good + "router:\n  retries: 3\n", "anysms.yaml:4: router.retries: unknown key; want one of"},
		{"unknown nested key", good + "router:\n  breaker:\n    failure: 3\n", "anysms.yaml:5: router.breaker.failure: unknown key"},
		{"unknown key of a route", good + "router:\n  routes:\n  - name: x\n    provider: [a]\n", "anysms.yaml:6: router.routes[0].provider: unknown key"},
		{"unknown match key", good + "router:\n  routes:\n  - {providers: [a], match: {country: [GR]}}\n", "anysms.yaml:5: router.routes[0].match.country: unknown key"},
		{"key twice", "providers:\n  a: {driver: memory}\n  a: {driver: memory}\n", "anysms.yaml:3: providers.a: duplicate key; the first is in line 2"},
		{"no driver", "providers:\n  a: {base_url: x}\n", "anysms.yaml:2: providers.a: has no driver; want driver: one of memory, shop"},
		{"unknown driver", "providers:\n  a:\n    driver: twillio\n", `anysms.yaml:3: providers.a.driver: unknown driver "twillio"; want one of memory, shop`},
		{"unknown setting", "providers:\n  a:\n    driver: shop\n    base_url: https://x.example\n    tokken: x\n", "anysms.yaml:5: providers.a.tokken: unknown key (did you mean \"token\"?); want one of allow_private_http, base_url"},
		{"unknown setting names the router's", "providers:\n  a: {driver: memory, ratelimit: 3}\n", "one of the router's: batch, connect_timeout, max_in_flight, overflow, rate_limit"},
		{"plain http", "providers:\n  a:\n    driver: shop\n    base_url: http://api.example.com\n", "anysms.yaml:4: providers.a.base_url: plain http to api.example.com"},
		{"unset variable", "providers:\n  a:\n    driver: shop\n    token: ${NOPE}\n", "anysms.yaml:4: providers.a.token: the environment variable NOPE is not set"},
		{"variable in braces", "providers:\n  a: {driver: shop, token: ${TOKEN}}\n", `anysms.yaml:2: YAML: did not find expected ',' or '}'; inside { and } a variable needs quotes: "${NAME}"`},
		{"open brace", "providers:\n  a: {driver: shop, token: '${NOPE'}\n", "closing brace"},
		{"no such file", "providers:\n  a:\n    driver: shop\n    token: {file: nope}\n", "anysms.yaml:4: providers.a.token: open"},
		{"wrong type", "providers:\n  a:\n    driver: shop\n    base_url: https://x.example\n    level: high\n", "anysms.yaml:5: providers.a.level: got a string, want number"},
		{"wrong type of ours", "providers:\n  a:\n    driver: memory\n    rate_limit: fast\n", "anysms.yaml:4: providers.a.rate_limit: got a string, want number"},
		{"bad duration", "providers:\n  a:\n    driver: memory\n    timeout: 5\n", "anysms.yaml"},
		{"negative", "providers:\n  a:\n    driver: memory\n    rate_limit: -1\n", "anysms.yaml:4: providers.a.rate_limit: -1 is negative; want 0 for off, or leave the key out for the default"},
		{"validity", "providers:\n  a:\n    driver: memory\n    validity: 5m\n", `anysms.yaml:4: providers.a.validity: "5m"; want ignore`},
		{"provider name", "providers:\n  a.b: {driver: memory}\n", `invalid provider name "a.b"`},
		{"unknown provider on a route", good + "router:\n  routes:\n  - providers:\n    - a\n    - b\n", `anysms.yaml:7: router.routes[0].providers[1]: unknown provider "b"; the providers are: a`},
		{"provider twice on a route", good + "router:\n  routes:\n  - providers: [a, a]\n", "listed twice"},
		{"route without providers", good + "router:\n  routes:\n  - name: x\n", "anysms.yaml:5: router.routes[0].providers: must not be empty"},
		{"strategy", good + "router:\n  routes:\n  - providers: [a]\n    strategy: random\n", `anysms.yaml:6: router.routes[0].strategy: "random"; want priority, weighted, least_cost or adaptive`},
		{"country", good + "router:\n  routes:\n  - providers: [a]\n    match: {countries: [Greece]}\n", `anysms.yaml:6: router.routes[0].match.countries: unknown country "Greece"`},
		{"class", good + "router:\n  routes:\n  - providers: [a]\n    match: {classes: [urgent]}\n", `unknown class "urgent"`},
		{"delivery", good + "router:\n  delivery: twice\n", `anysms.yaml:4: router.delivery: "twice"; want at_most_once`},
		{"validation", good + "router:\n  validation: loose\n", `anysms.yaml:4: router.validation: "loose"`},
		{"region", good + "router:\n  default_region: Hellas\n", `anysms.yaml:4: router.default_region: unknown region "Hellas"`},
		{"no time", "providers:\n  a:\n    driver: memory\n    connect_timeout: 0s\n", "anysms.yaml:4: providers.a.connect_timeout: 0s; want more than 0"},
		{"negative duration", good + "router:\n  otp_expiry: -5m\n", "anysms.yaml:4: router.otp_expiry: -5m0s; want more than 0"},
		{"share above 1", good + "router:\n  breaker:\n    ratio: 1.5\n", "anysms.yaml:5: router.breaker.ratio: 1.5; want at most 1"},
		{"store without room", good + "router:\n  store:\n    max: 0\n", "anysms.yaml:5: router.store.max: 0; want more than 0"},
		{"zero", good + "router:\n  retry:\n    max_attempts: 0\n", "anysms.yaml:5: router.retry.max_attempts: 0; want more than 0, or leave the key out for the default"},
		{"weight", good + "router:\n  routes:\n  - strategy: weighted\n    providers: [{name: a, weight: 0}]\n", "router.routes[0].providers[0].weight"},
		{"number", good + "router:\n  redirect_all_to: 6941234567\n", "anysms.yaml"},
		{"failover_on", good + "router:\n  failover_on: [opted_out]\n", `anysms.yaml:4: router.failover_on: "opted_out"`},
		{"transliterate", good + "router:\n  transliterate: some\n", "anysms.yaml:4: router.transliterate"},
		{"transliterate off", good + "router:\n  transliterate: off\n  x: 1", "router.x: unknown key"},
		{"store", good + "router:\n  store:\n    on_error: ignore\n", `anysms.yaml:5: router.store.on_error: "ignore"; want refuse or send`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(t, tt.yaml, nil)
			require.Error(t, err)
			assert.Contains(t, err.Error(), tt.want)
		})
	}
}

func TestNoSecretInErrors(t *testing.T) {
	for _, yaml := range []string{
		"providers:\n  a: {driver: shop, base_url: 'https://x.example', token: '${TOKEN}', level: x}\n",
		"providers:\n  a: {driver: shop, base_url: 'ftp://${TOKEN}'}\n",
		"providers:\n  a: {driver: shop, base_url: 'https://u:${TOKEN}@x.example'}\n",
		"providers:\n  a: {driver: shop, base_url: 'https://x.example', token: [ '${TOKEN}' ]}\n",
	} {
		_, err := read(t, yaml, nil)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

func TestVariables(t *testing.T) {
	var opened []shop
	_, err := read(t, "providers:\n  a: {driver: shop, base_url: 'https://x.example', token: '${DIGITS}', level: '${DIGITS}', debug: true, more: {k: '${EMPTY}'}}\n", &opened)
	require.NoError(t, err)
	assert.Equal(t, "0123", opened[0].Token.Reveal(), "a secret of digits stays as it is")
	assert.Equal(t, 83, opened[0].Level, "YAML reads 0123 so")
	assert.Equal(t, map[string]string{"k": ""}, opened[0].More)
}

// Whatever weakens security is announced, also where a plugin's driver has the
// setting.
func TestPlainHTTPIsAnnounced(t *testing.T) {
	c, err := read(t, `providers:
  a: {driver: shop, base_url: 'http://192.168.1.10', token: x, allow_private_http: true}
  b: {driver: shop, base_url: 'https://x.example', token: x, allow_private_http: false}
`, new([]shop))
	require.NoError(t, err)
	var got []string
	for _, w := range c.Warnings() {
		if strings.Contains(w.Reason, "unencrypted") {
			got = append(got, fmt.Sprintf("%d: %s", w.Line, w.Path))
		}
	}
	assert.Equal(t, []string{"2: providers.a.allow_private_http"}, got)
}

func TestWarnings(t *testing.T) {
	c, err := read(t, `providers:
  a: {driver: memory}
  b: {driver: memory, features: [], sender: Shop, batch: 5}
  c: {driver: memory}
router:
  routes:
    - {name: all, match: {countries: [GR, CY]}, providers: [a, b], delivery: reconcile}
    - {name: shadowed, match: {countries: [GR], classes: [otp]}, providers: [{name: a, weight: 3}]}
    - {name: rest, providers: [a], delivery: at_least_once}
`, nil)
	require.NoError(t, err)
	var got []string
	for _, f := range c.Warnings() {
		got = append(got, strings.Join([]string{f.Path, f.Reason}, ": "))
		assert.NotZero(t, f.Line, f.Path)
	}
	assert.Equal(t, []string{
		"providers.b.batch: the provider has no batches",
		"providers.b.sender: the provider cannot set the sender",
		"providers.c: is on no route",
		"router.routes[0].providers[1]: b cannot look up messages: reconcile acts as at_most_once there",
		`router.routes[1]: no message reaches this route: route "all" (routes[0]) comes first and matches all of its messages`,
		"router.routes[1].providers[0].weight: has no effect under strategy priority",
		"router.routes[2].providers: has a single provider: at_least_once has no next one to go on to",
	}, got)
}

func TestOnlyAndProvider(t *testing.T) {
	c, err := read(t, "providers:\n  a: {driver: memory, code: no_route}\n  b: {driver: memory}\n", nil)
	require.NoError(t, err)
	r, err := c.NewRouter("a", c.Options)
	require.NoError(t, err)
	res, err := r.Send(t.Context(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "x"})
	require.ErrorIs(t, err, provider.NoRoute)
	assert.Len(t, res.Attempts, 1, "no failover")
	_, err = c.NewRouter("z", c.Options)
	require.ErrorContains(t, err, `unknown provider "z"; the providers in anysms.yaml are: a, b`)
	p, err := c.Provider("b")
	require.NoError(t, err)
	assert.Equal(t, 3, p.Line)
}

func TestTextOverride(t *testing.T) {
	c, err := read(t, "providers:\n  a: {driver: memory}\nrouter:\n  routes:\n  - providers: [{name: a, text: 'Shop: {text} {text}'}]\n", nil)
	require.NoError(t, err)
	_, err = c.Router().Send(t.Context(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "{text}"})
	require.NoError(t, err)
	sent := c.Providers[0].Upstream.Provider.(*memory.Provider).Messages()
	assert.Equal(t, "Shop: {text} {text}", sent[0].Message.Text, "only the first place is filled, and never looked at again")
}

func FuzzRead(f *testing.F) {
	f.Add("providers:\n  a: {driver: memory}\nrouter: {routes: [{providers: [a]}]}\n")
	f.Add("a: &a [*a]\n")
	f.Add("providers: {a: &x {driver: memory, <<: *x}}\n")
	drivers := new(provider.Registry)
	if err := drivers.Add(memory.Driver); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, yaml string) {
		c, err := config.Read(t.Context(), strings.NewReader(yaml), "fuzz", ".", drivers, &config.Options{Getenv: env})
		if err == nil {
			_ = c.Close()
		}
	})
}
