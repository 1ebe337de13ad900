package config

import (
	"encoding/json"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// fileConfig is the form of the file.
type fileConfig struct {
	Providers map[string]json.RawMessage `json:"providers"`
	Router    routerConfig               `json:"router"`
	Rates     string                     `json:"rates"`
	Database  string                     `json:"database"`
	Ledger    ledgerConfig               `json:"ledger"`
	OTP       otpConfig                  `json:"otp"`
	Queue     queueConfig                `json:"queue"`
	Serve     json.RawMessage            `json:"serve"`
	Guards    *guardsConfig              `json:"guards"`

	CurrencyRates map[string]string `json:"currency_rates"`
}

type ledgerConfig struct {
	Retention string             `json:"retention"`
	Settle    *provider.Duration `json:"settle"`
	Text      string             `json:"text"`
	KeyFile   string             `json:"key_file"`
	OptOuts   string             `json:"optouts"`
}

type routerConfig struct {
	DefaultRegion string             `json:"default_region"`
	Validation    router.Validation  `json:"validation"`
	AllowNumbers  []string           `json:"allow_numbers"`
	MaxSegments   *int               `json:"max_segments"`
	Delivery      provider.Delivery  `json:"delivery"`
	OTPExpiry     *provider.Duration `json:"otp_expiry"`
	Breaker       breakerConfig      `json:"breaker"`
	Retry         retryConfig        `json:"retry"`
	AttemptBudget *int               `json:"attempt_budget"`
	Hold          *provider.Duration `json:"hold"`
	Adaptive      adaptiveConfig     `json:"adaptive"`
	FailoverOn    []provider.Code    `json:"failover_on"`
	RedirectAllTo e164.Number        `json:"redirect_all_to"`
	Transliterate string             `json:"transliterate"`
	Store         *storeConfig       `json:"store"`
	Routes        []routeConfig      `json:"routes"`
}

type breakerConfig struct {
	Failures   *int               `json:"failures"`
	Ratio      *float64           `json:"ratio"`
	MinVolume  *int               `json:"min_volume"`
	Window     *provider.Duration `json:"window"`
	OpenFor    *provider.Duration `json:"open_for"`
	Jitter     *float64           `json:"jitter"`
	HalfOpen   *int               `json:"half_open"`
	LastResort bool               `json:"last_resort"`
}

type retryConfig struct {
	MaxAttempts *int               `json:"max_attempts"`
	Initial     *provider.Duration `json:"initial"`
	Max         *provider.Duration `json:"max"`
	Multiplier  *float64           `json:"multiplier"`
	Jitter      *float64           `json:"jitter"`
	MaxPark     *provider.Duration `json:"max_park"`
}

type adaptiveConfig struct {
	Base       router.Strategy    `json:"base"`
	MinSample  *int               `json:"min_sample"`
	Window     *int               `json:"window"`
	HalfLife   *provider.Duration `json:"half_life"`
	Confidence *float64           `json:"confidence"`
	Margin     *float64           `json:"margin"`
	Explore    *float64           `json:"explore"`
	Floor      *float64           `json:"floor"`
	Slow       *float64           `json:"slow"`
	MaxRest    *provider.Duration `json:"max_rest"`
}

type storeConfig struct {
	Max     *int               `json:"max"`
	Keep    *provider.Duration `json:"keep"`
	OnError router.FailureMode `json:"on_error"`
}

type routeConfig struct {
	Name       string            `json:"name"`
	Match      matchConfig       `json:"match"`
	Strategy   router.Strategy   `json:"strategy"`
	Providers  []targetConfig    `json:"providers"`
	Delivery   provider.Delivery `json:"delivery"`
	FailoverOn []provider.Code   `json:"failover_on"`
}

type matchConfig struct {
	Countries []string         `json:"countries"`
	Prefixes  []string         `json:"prefixes"`
	MCCMNC    []string         `json:"mccmnc"`
	Classes   []provider.Class `json:"classes"`
	Senders   []string         `json:"senders"`
	Tags      []string         `json:"tags"`
}

type targetConfig struct {
	Name   string `json:"name"`
	Weight *int   `json:"weight"`
	Sender string `json:"sender"`
	Text   string `json:"text"`
}

// providerConfig holds the settings of a provider that are the router's. The
// driver does not see them, unless it has a setting of the same name.
type providerConfig struct {
	Sender         string             `json:"sender"`
	Validity       string             `json:"validity"`
	Timeout        *provider.Duration `json:"timeout"`
	ConnectTimeout *provider.Duration `json:"connect_timeout"`
	MaxInFlight    *int               `json:"max_in_flight"`
	RateLimit      *float64           `json:"rate_limit"`
	SegmentRate    *float64           `json:"segment_rate"`
	Overflow       bool               `json:"overflow"`
	Batch          *int               `json:"batch"`
}
