package api

import (
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
)

// Provider is a configured provider and how it does.
type Provider struct {
	Name        string                         `json:"name"`
	Driver      string                         `json:"driver"`
	Healthy     bool                           `json:"healthy" doc:"it takes messages now"`
	Breaker     router.BreakerState            `json:"breaker" enum:"closed,open,half_open"`
	Countries   map[string]router.BreakerState `json:"countries,omitempty" doc:"breakers of countries that are not closed"`
	ParkedUntil *time.Time                     `json:"parked_until" doc:"the vendor asked for a pause until then; null = it did not"`
	Override    router.Override                `json:"override" enum:"auto,in,out"`
	InFlight    int                            `json:"in_flight"`
	Limits      Limits                         `json:"limits"`
	Features    []string                       `json:"features" nullable:"false"`
	LastError   *LastError                     `json:"last_error,omitempty" doc:"of the last attempt that was not accepted, since the start"`
}

// Limits are how much a provider takes; 0 = no limit is known.
type Limits struct {
	RateLimit     float64 `json:"rate_limit" doc:"calls per second"`
	SegmentRate   float64 `json:"segment_rate" doc:"segments per second"`
	MaxInFlight   int     `json:"max_in_flight"`
	MaxSegments   int     `json:"max_segments" doc:"of one message"`
	MaxCharacters int     `json:"max_characters" doc:"of one message"`
}

// LastError is what went wrong last.
type LastError struct {
	At      time.Time        `json:"at"`
	Outcome provider.Outcome `json:"outcome"`
	Code    provider.Code    `json:"code"`
	Message string           `json:"message"`
}

// LastErrors remembers the last error of each provider. It is safe for concurrent use;
// its zero value is empty.
type LastErrors struct {
	mu   sync.Mutex
	last map[string]LastError
}

// Notice takes the notices of a router.
func (l *LastErrors) Notice(n router.Notice) {
	if n.Kind != router.NoticeAttempt || n.Attempt == nil || n.Attempt.Code == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = make(map[string]LastError)
	}
	l.last[n.Provider] = LastError{n.At, n.Attempt.Outcome, n.Attempt.Code, n.Attempt.Message}
}

// Of returns the last error of a provider; nil = there was none.
func (l *LastErrors) Of(name string) *LastError {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, found := l.last[name]
	if !found {
		return nil
	}
	return &e
}

type providerList struct {
	Items []Provider `json:"items" nullable:"false"`
}

type overrideRequest struct {
	Mode string `json:"mode" enum:"in,out,auto" doc:"in: use it whatever its breaker says; out: do not use it; auto: the breaker decides"`
}

func (a *API) providers() {
	register[none, providerList](a, operation{
		id: "listProviders", method: http.MethodGet, path: "/v1/providers", tag: "providers", scope: settings.ScopeRead,
		summary: "The providers and how they do", responses: ok("The providers, in the order of the configuration"),
	}, func(*call, *none) (reply, error) {
		return reply{status: http.StatusOK, body: providerList{a.Providers()}}, nil
	})
	register[overrideRequest, Provider](a, operation{
		id: "overrideProvider", method: http.MethodPut, path: "/v1/providers/{name}/override", tag: "providers", scope: settings.ScopeAdmin,
		summary: "Take a provider in or out of use", params: []*huma.Param{pathParam("name", "of the provider")},
		responses: ok("The provider, overridden"),
	}, a.override)
}

// Providers lists the providers and how they do.
func (a *API) Providers() []Provider {
	states := make(map[string]router.State)
	for _, s := range a.Router.States() {
		states[s.Provider] = s
	}
	list := []Provider{}
	for _, p := range a.Configured() {
		list = append(list, a.provider(&p, states[p.Name]))
	}
	return list
}

func (a *API) provider(p *config.Provider, s router.State) Provider {
	can := p.Capabilities()
	limit := func(own, vendors float64) float64 {
		if own == 0 {
			own = vendors
		}
		return max(own, 0)
	}
	parked := s.ParkedUntil != nil && s.ParkedUntil.After(time.Now())
	features := can.Features.Names()
	if features == nil {
		features = []string{}
	}
	return Provider{
		Name: p.Name, Driver: p.Driver, Breaker: s.Breaker, Countries: s.Countries, ParkedUntil: s.ParkedUntil,
		Override: s.Override, InFlight: s.InFlight, Features: features, LastError: a.Errors.Of(p.Name),
		Healthy: s.Override == router.OverrideIn || s.Override != router.OverrideOut && s.Breaker != router.BreakerOpen && !parked,
		Limits: Limits{
			RateLimit: limit(p.RateLimit, can.RateLimit), SegmentRate: max(p.SegmentRate, 0),
			MaxInFlight: int(limit(float64(p.MaxInFlight), float64(can.MaxInFlight))),
			MaxSegments: can.MaxSegments, MaxCharacters: can.MaxCharacters,
		},
	}
}

func (a *API) override(c *call, in *overrideRequest) (reply, error) {
	mode := router.Override(in.Mode)
	switch mode {
	case router.OverrideAuto, router.OverrideIn, router.OverrideOut:
	default:
		return reply{}, problem.Bad(problem.Field{Pointer: "/mode", Detail: "want in, out or auto"})
	}
	if err := a.Router.SetOverride(c.PathValue("name"), mode); err != nil {
		return reply{}, problem.New(http.StatusNotFound, problem.NotFound, "there is no such provider")
	}
	for _, p := range a.Providers() {
		if p.Name == c.PathValue("name") {
			return reply{status: http.StatusOK, body: p}, nil
		}
	}
	return reply{}, problem.New(http.StatusNotFound, problem.NotFound, "there is no such provider")
}
