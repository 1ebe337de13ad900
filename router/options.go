package router

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Options configure a router. The zero value of every field is its default, and
// one convention holds for every number and duration here and in [Upstream],
// [Retry], [Breaker] and [StoreOptions]:
//
//	0         the default
//	negative  off: none, never, or no limit; an error where the comment does not say so
//	positive  the value itself
//
// Of a list, nil is the default and empty is none. A configuration file can tell
// a key that is left out from a 0: there the first is the default and 0 is off.
type Options struct {
	// Routes are tried in order, and the first one that matches is taken. The
	// default is one route over all providers in the order given.
	Routes []Route

	Validation   Validation // default Strict
	AllowNumbers []string   // numbers that begin with these digits, such as "30690", are not validated
	MaxSegments  int        // of one message, at most 255; default 10

	Delivery  provider.Delivery // default by class: otp at_least_once, all others at_most_once
	OTPExpiry time.Duration     // bounds the attempts with an otp that has no Validity; default 5m
	Retry     Retry
	Breaker   Breaker
	Adaptive  Adaptive // of routes with strategy AdaptiveOrder

	// AttemptBudget bounds the attempts with one message over all providers, at
	// most 1000; default 6. A queued message has one budget over all its sends.
	AttemptBudget int
	// FailoverOn are codes after which the next provider is tried, although the
	// refusal would be final: invalid_recipient, invalid_message, rejected.
	FailoverOn []provider.Code
	// Transliterate rewrites texts so that they fit into GSM-7; the result says
	// whether it did. The default is off: texts arrive as written.
	Transliterate transliterate.Level
	// RedirectAllTo sends every message to one number, for staging.
	RedirectAllTo e164.Number

	// Price estimates what a message costs; false = not known. Default: nothing
	// is known.
	Price func(provider string, to e164.Number, segments int) (provider.Money, bool)
	// ComparePrices orders two amounts, for LeastCost. A price that it cannot
	// compare with the first one on the route counts as no price. By default
	// only amounts in one currency can be compared.
	ComparePrices func(a, b provider.Money) (int, error)
	// Network looks up the MCCMNC of a number, for routes that match on it.
	Network func(to e164.Number) string

	Store        Store        // remembers results by Ref; nil = none
	StoreOptions StoreOptions // how long, and what to do if it cannot be reached
	Journal      Journal      // records intents and outcomes; nil = none

	// Hold is how long SendAll holds messages while every provider that could take
	// them is out for the time being: its breaker is open, it asked for a pause, it
	// refuses connections. It counts from the last message that the provider took.
	// Default 10m, negative = a message is given up as by Send.
	Hold time.Duration

	Concurrency int                  // messages that SendAll has in flight; default 64, or what its batches need
	OnLate      func(*Result, error) // gets the results of SendAll after its caller has stopped

	Guard      Guard        // decides which messages may be sent; nil = all
	Middleware []Middleware // around every Send, the first outermost
	OnNotice   func(Notice) // is called while the message waits: it must be quick
	Log        *slog.Logger // nil = silent

	TracerProvider trace.TracerProvider // nil = no spans
	MeterProvider  metric.MeterProvider // nil = no metrics
}

// Upstream is one vendor account as the router uses it. The convention of
// [Options] holds for its numbers too.
type Upstream struct {
	Name string
	provider.Provider

	// Sender is the From of messages that have none. [VendorSender] means that
	// the vendor's own sender is used, whatever the message asks for.
	Sender string
	// IgnoreValidity lets this provider carry a one-time code whose Validity it
	// cannot honour.
	IgnoreValidity bool

	Timeout        time.Duration // of one attempt; default 30s
	ConnectTimeout time.Duration // of that, until the connection is ready; default 3s

	// RateLimit is how many calls per second the vendor gets; default the vendor's
	// own limit (Capabilities.RateLimit), negative = no limit.
	RateLimit   float64
	SegmentRate float64 // segments sent per second; default no limit
	MaxInFlight int     // calls in flight; default the vendor's own limit, else 64; negative = no limit
	Overflow    bool    // a message that a limit would delay goes to the next provider instead
	Batch       int     // messages in one call of SendAll; default none: one by one

	// Limiter replaces RateLimit by one that several machines share. If it cannot be
	// reached, RateLimit is in force on this machine, without waiting for it, or with
	// FailClosed no call is made.
	Limiter        Limiter
	LimiterOnError FailureMode // default FailOpen

	// InFlight shares MaxInFlight with other machines; nil = it is this machine's own. If it
	// cannot be reached, this machine keeps the share that it has.
	InFlight InFlightLimiter
}

// VendorSender is the Sender that stands for the vendor's own.
const VendorSender = "vendor"

// Retry says how often one provider is tried with one message.
type Retry struct {
	MaxAttempts int           // attempts at one provider, at most 100; 1 = no retry; default 2
	Initial     time.Duration // wait before the second attempt; default 200ms
	Max         time.Duration // longest wait; default 5s
	Multiplier  float64       // of each wait over the one before, at least 1; default 2
	Jitter      float64       // share by which a wait varies, up to 1; default 0.5, negative = none
	MaxPark     time.Duration // longest pause that a vendor can ask for; default 15m
}

// Breaker says when a provider is left alone. A failure without a vendor's readable
// response counts for the provider; one with such a response may concern a single
// destination, and counts for the provider and the recipient's country.
type Breaker struct {
	Failures   int           // consecutive failures that open it; default 5
	Ratio      float64       // share of failures in the window that opens it, up to 1; default 0.5, negative = never
	MinVolume  int           // calls in the window before Ratio counts; default 20
	Window     time.Duration // default 60s
	OpenFor    time.Duration // default 30s
	Jitter     float64       // share by which OpenFor is longer at random, up to 1; default 0.1, negative = none
	HalfOpen   int           // probes that must succeed to close it, at most 1000; default 1
	LastResort bool          // if every breaker is open, the provider whose breaker opened first is tried
}

// Validation is how strictly numbers are validated.
type Validation string

// The validations.
const (
	Strict   Validation = "strict"   // valid, and of a type that can receive messages
	Possible Validation = "possible" // of a possible length
	Shape    Validation = "shape"    // E.164 in form
)

// Route is a rule that yields an ordered list of providers.
type Route struct {
	Name       string
	Match      Match
	Strategy   Strategy // default Priority
	Targets    []Target
	Delivery   provider.Delivery // default: the router's
	FailoverOn []provider.Code   // default: the router's
}

// Match says which messages a route takes. Each list that is not empty must
// have an entry that fits.
type Match struct {
	Countries []string         // ISO 3166 alpha-2: GR
	Prefixes  []string         // digits with which the number begins: 3069
	MCCMNC    []string         // 20210; needs Options.Network
	Classes   []provider.Class // "" is transactional
	Senders   []string         // Message.From
	Tags      []string         // Message.Tag
}

// Strategy orders the providers of a route.
type Strategy string

// The strategies.
const (
	Priority Strategy = "priority" // as they are listed
	Weighted Strategy = "weighted" // in turns, by weight
	// LeastCost orders by Options.Price for the whole message: the cheapest
	// first, those without a price last.
	LeastCost Strategy = "least_cost"
	// AdaptiveOrder is the order of Adaptive.Base, from which providers are moved to the
	// end, country by country, that are shown to be worse than others: see [Adaptive].
	AdaptiveOrder Strategy = "adaptive"
)

// Adaptive says how routes with strategy [AdaptiveOrder] follow what arrives.
//
// For each provider and country a route measures the share of attempts that the provider
// accepts, how long they take, and the share of messages that arrive, by the reports
// given to [Router.Observe]. Where enough one-time codes were reported to
// [Router.Converted], these count in place of the reports. Providers that do not report
// are compared with others by their attempts alone; a report that is late or missing
// counts for nothing.
//
// A provider that is worse than another one by Margin, with Confidence, rests: it comes
// after those in use, but gets the share Explore of the messages. It is measured anew, and
// used again when it is no worse any more than the others by half of Margin, over at least
// MinSample attempts, and twice as many each time that it had to rest again within a day.
type Adaptive struct {
	Base       Strategy      // the order of providers that are not shown to be worse: Priority, the default, or LeastCost
	MinSample  int           // results of a provider in a country before it is judged, at least 10; default 50
	Window     int           // results that count, at least 2 MinSample; default 4 MinSample
	HalfLife   time.Duration // after which a result counts half; default 6h
	Confidence float64       // of each bound, from 0.5 to below 1; default 0.98
	Margin     float64       // by how much worse, up to 1; default 0.05
	Explore    float64       // share of messages that goes first to another than the first provider, up to 0.5; default 0.05, negative = none
	Floor      float64       // a share of deliveries that is too low even if nothing is known of the others, up to 1; default 0.5, negative = none
	Slow       float64       // how many times as long attempts may take as with another provider; default 4, negative = as long as they like
	MaxRest    time.Duration // longest rest, after which a provider is tried again; default 24h
}

// Target is a provider on a route, with its settings there.
type Target struct {
	Name   string
	Weight int // for Weighted; default 1

	// Sender replaces the message's From at this provider; [VendorSender]
	// means the vendor's own.
	Sender string
	// Rewrite changes the message for this provider, so that a backup can carry
	// what only the first provider's form would fit. It gets a copy of its own;
	// To, Ref and Delivery stay as they were. nil = no change.
	Rewrite func(*provider.Message)
}

// SendFunc is the form of [Router.Send].
type SendFunc func(ctx context.Context, m *provider.Message) (*Result, error)

// Middleware runs around every Send; next sends the message. A middleware may
// look at the message and the result, or return a Result of its own instead of
// calling next. It must not change m, but may pass on a clone, or another
// context.
type Middleware func(ctx context.Context, m *provider.Message, next SendFunc) (*Result, error)
