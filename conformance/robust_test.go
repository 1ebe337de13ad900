package conformance_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
)

// ill is the reference driver with a method that never returns, or panics.
type ill struct {
	*reference
	method string
	fall   func()
}

func (i ill) at(method string) {
	if i.method == method {
		i.fall()
	}
}

func (i ill) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	i.at("Send")
	return i.reference.Send(ctx, m)
}

func (i ill) Capabilities() provider.Capabilities {
	i.at("Capabilities")
	return i.reference.Capabilities()
}

func (i ill) Close() error {
	i.at("Close")
	return i.reference.Close()
}

func (i ill) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	i.at("SendBatch")
	return i.reference.SendBatch(ctx, ms)
}

func (i ill) Status(ctx context.Context, id string) (*provider.Event, error) {
	i.at("Status")
	return i.reference.Status(ctx, id)
}

func (i ill) ParseCallback(ctx context.Context, c *provider.Callback) ([]provider.Event, error) {
	i.at("ParseCallback")
	return i.reference.ParseCallback(ctx, c)
}

// TestSuiteSurvives holds that whatever method of a driver blocks or panics, the suite
// ends, and a failed case names the method.
func TestSuiteSurvives(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	falls := map[string]func(){
		"blocks": func() { <-release },
		"panics": func() { panic("as told") },
	}
	// The case that names the method, among those that fail.
	for method, id := range map[string]string{
		"Open": "life.open-offline", "Send": "receipt.accepted", "Capabilities": "capabilities.bits", "Close": "life.close-twice",
		"SendBatch": "batch.partial", "Status": "lookups.status", "ParseCallback": "callbacks.golden",
	} {
		for how, fall := range falls {
			t.Run(method+" "+how, func(t *testing.T) {
				t.Parallel()
				h := conformance.Hurried(referenceHarness(func(url string) (provider.Provider, error) {
					if method == "Open" {
						fall()
					}
					r, err := newReference(url)
					return ill{r, method, fall}, err
				}))
				report := conformance.CheckOnly(t.Context(), h, "life.open-offline", "receipt.accepted", "capabilities.bits", "life.close-twice",
					"batch.partial", "lookups.status", "callbacks.golden", "requests.parallel", "life.reopened")
				assert.Len(t, report.Results, 9)
				details := detailsOf(t, report, id)
				assert.Contains(t, details, method)
				if how == "blocks" {
					assert.Contains(t, details, "did not return")
				} else {
					assert.Contains(t, details, "panics: as told")
				}
				assert.Equal(t, conformance.NotConformant, report.Verdict())
			})
		}
	}
}

func detailsOf(t *testing.T, r conformance.Report, id string) string {
	t.Helper()
	for _, result := range r.Results {
		if result.ID == id {
			assert.Equal(t, conformance.Failed, result.Status)
			return fmt.Sprint(result.Details)
		}
	}
	require.Fail(t, "no result", id)
	return ""
}

// A whole run over a driver that never returns from Send ends, with a result for
// every case.
func TestBlockedRunEnds(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	h := conformance.Hurried(referenceHarness(withReference(func(r *reference) ill {
		return ill{r, "Send", func() { <-release }}
	})))
	h.Parallel = 100
	report := conformance.Check(t.Context(), h)
	assert.Len(t, report.Results, len(conformance.Catalogue()))
	assert.Greater(t, report.Count(conformance.Failed), 100)
}

// A driver that sleeps in each send is stopped by the bound of a case.
func TestSlowDriverEnds(t *testing.T) {
	t.Parallel()
	slow := alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		time.Sleep(10 * time.Millisecond)
		return right.Send(ctx, m)
	})
	report := conformance.CheckOnly(t.Context(), conformance.Hurried(referenceHarness(slow)), "life.thousand-sends")
	assert.Contains(t, detailsOf(t, report, "life.thousand-sends"), "did not end within")
}

// A driver that makes a request in Open is told so, and the other cases survive a
// request that belongs to no message.
func TestRequestInOpen(t *testing.T) {
	asks := func(url string) (provider.Provider, error) {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
		if response, err := client.Get(url); err == nil {
			response.Body.Close()
		}
		return openReference(url)
	}
	report := conformance.CheckOnly(t.Context(), referenceHarness(asks), "life.open-offline", "privacy.errors", "privacy.receipt", "fault.h2-goaway", "requests.parallel")
	assert.Contains(t, detailsOf(t, report, "life.open-offline"), "Open made 1 connections")
	assert.Len(t, report.Results, 5)
}

// TestUnproven: a claimed capability without reply files is neither passed nor
// failed, and the report says which files are missing.
func TestUnproven(t *testing.T) { // alone, because the suite counts the goroutines of the process
	h := referenceHarness(openReference)
	h.Replies = fstest.MapFS{"accepted.http": referenceReplies()["accepted.number.http"]}
	report := conformance.Check(t.Context(), h)
	assert.Equal(t, conformance.NotProven, report.Verdict(), "%v", report.Err())
	assert.False(t, report.OK())
	require.ErrorContains(t, report.Err(), "Replies has no batch/*.http")
	var unproven []string
	for _, r := range report.Results {
		if r.Status == conformance.Unproven {
			unproven = append(unproven, r.ID)
		}
	}
	assert.Equal(t, []string{
		"capabilities.schedule", "capabilities.validity", "lookups.status", "lookups.find", "lookups.cancel", "lookups.balance",
		"lookups.quote", "lookups.verify", "lookups.inbox", "lookups.check", "batch.partial", "batch.same-recipient", "batch.incomplete", "callbacks.golden",
	}, unproven)

	h.AllowUnproven = true
	assert.True(t, conformance.Check(t.Context(), h).OK())
}
