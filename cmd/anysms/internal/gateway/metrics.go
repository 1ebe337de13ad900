package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/router/webhook"
)

// metrics are what /metrics shows: the router's instruments and the gateway's own.
type metrics struct {
	provider *sdkmetric.MeterProvider
	meter    metric.Meter // of the gateway's own instruments
	handler  http.Handler
	requests metric.Int64Counter
}

func newMetrics(c *connections) (*metrics, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	m := &metrics{
		provider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)),
		handler:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}
	m.meter = m.provider.Meter("github.com/anysms/anysms/gateway")
	m.requests, err = m.meter.Int64Counter("anysms.gateway.requests", metric.WithDescription("HTTP requests by route and status"))
	return m, errors.Join(err, m.observeConnections(c))
}

// observeConnections makes the instruments of connections.
func (m *metrics) observeConnections(c *connections) error {
	_, err := m.meter.Int64ObservableGauge("anysms.gateway.connections", metric.WithDescription("open connections"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			open, _ := c.count()
			o.Observe(int64(open))
			return nil
		}))
	_, err2 := m.meter.Int64ObservableCounter("anysms.gateway.connections.closed", metric.WithDescription("connections closed because serve.max_connections were open"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			_, closed := c.count()
			o.Observe(closed)
			return nil
		}))
	return errors.Join(err, err2)
}

// observeHooks makes the instrument of hooks. counts returns what each has seen since the
// configuration was loaded.
func (m *metrics) observeHooks(counts func() map[string]hook.Counts) error {
	_, err := m.meter.Int64ObservableCounter("anysms.gateway.hooks",
		metric.WithDescription("what hooks have seen, by hook and outcome"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			for name, c := range counts() {
				for outcome, n := range map[string]int64{
					"messages": c.Messages, "refused": c.Refused, "failed": c.Failed, "forged": c.Forged, "unreadable": c.Unreadable,
				} {
					o.Observe(n, metric.WithAttributes(attribute.String("hook", name), attribute.String("outcome", outcome)))
				}
			}
			return nil
		}))
	return err
}

// observeCallbacks makes the instrument of vendors' callbacks. counts returns what was seen
// since the configuration was loaded.
func (m *metrics) observeCallbacks(counts func() webhook.Counts) error {
	_, err := m.meter.Int64ObservableCounter("anysms.gateway.callbacks", metric.WithDescription("vendors' callbacks by outcome"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			c := counts()
			for outcome, n := range map[string]int64{
				"received": c.Received, "forged": c.Forged, "refused": c.Refused, "failed": c.Failed,
			} {
				o.Observe(n, metric.WithAttributes(attribute.String("outcome", outcome)))
			}
			return nil
		}))
	return err
}

// count counts a request. route is the mux's pattern, so that the number of time series
// is bounded.
func (m *metrics) count(ctx context.Context, route string, status int) {
	m.requests.Add(ctx, 1, metric.WithAttributes(attribute.String("route", route), attribute.String("status", strconv.Itoa(status))))
}

func (m *metrics) close(ctx context.Context) error { return m.provider.Shutdown(ctx) }
