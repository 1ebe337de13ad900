package conformance_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
)

// breaker opens a driver that is broken in one way.
type breaker = func(url string) (provider.Provider, error)

// proof is the reports of a broken driver: of the case that must catch it, and of one
// that it must pass, as a driver that fails everywhere proves nothing.
type proof struct{ caught, passed conformance.Report }

// broken is a broken driver: the case that must catch it, and after a slash what is
// broken, where a case has several.
type broken string

// id is the case that must catch it.
func (b broken) id() string {
	id, _, _ := strings.Cut(string(b), "/")
	return id
}

func prove(ctx context.Context, name broken, open breaker) proof {
	h := referenceHarness(open)
	if d, ok := brokenDrivers()[string(name)]; ok {
		h = driverHarness(d)
	}
	p := proof{passed: conformance.CheckOnly(ctx, h, rightWith(name.id()))}
	for range 3 { // a connection, for example, may end by itself on a slow machine
		p.caught = conformance.CheckOnly(ctx, conformance.Impatient(h), name.id())
		if len(p.caught.Results) != 1 || p.caught.Results[0].Status != conformance.Passed {
			break
		}
	}
	return p
}

// proveAll runs every broken driver, concurrently if the case permits it.
func proveAll(ctx context.Context) map[broken]proof {
	all := breakers()
	var mu sync.Mutex
	proofs := make(map[broken]proof)
	var group sync.WaitGroup
	slots := make(chan struct{}, 32)
	for name, open := range all {
		if conformance.Alone(name.id()) {
			continue
		}
		slots <- struct{}{}
		group.Go(func() {
			p := prove(ctx, name, open)
			mu.Lock()
			proofs[name] = p
			mu.Unlock()
			<-slots
		})
	}
	group.Wait()
	for name, open := range all {
		if conformance.Alone(name.id()) {
			proofs[name] = prove(ctx, name, open)
		}
	}
	return proofs
}

// TestBroken tests the suite: for each case there is a broken driver that fails it.
func TestBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("runs some hundred suites")
	}
	proofs := proveAll(t.Context())
	caught := make(map[string]bool)
	for name, p := range proofs {
		caught[name.id()] = true
		t.Run(string(name), func(t *testing.T) {
			require.Len(t, p.caught.Results, 1, p.caught.Problem)
			assert.Equal(t, conformance.Failed, p.caught.Results[0].Status, "the broken driver is not caught: %v", p.caught.Results[0].Details)
			assert.Equal(t, conformance.Passed, p.passed.Results[0].Status, "the broken driver fails %s too: %v", rightWith(name.id()), p.passed.Results[0].Details)
		})
	}
	known := make(map[string]bool)
	for _, c := range conformance.Catalogue() {
		assert.False(t, known[c.ID], "%s is in the catalogue twice", c.ID)
		known[c.ID] = true
		assert.NotEmpty(t, c.Why, c.ID)
		assert.NotEmpty(t, c.Source, c.ID)
		assert.NotEmpty(t, c.Fix, c.ID)
		if c.Group() == "events" {
			continue // HTTP vendors push none: see TestAnotherLabCatches
		}
		assert.True(t, caught[c.ID], "no broken driver tests the case %s", c.ID)
	}
}

// rightWith is a case that a broken driver passes.
func rightWith(id string) string {
	switch id {
	case "receipt.accepted":
		return "fault.close-after-read"
	case "receipt.status-2xx", "fault.slow-read", "fault.slow-response", "message.foreign-extra":
		return "message.validated"
	case "life.open-offline", "message.options":
		return "capabilities.bits"
	case "requests.stale":
		return "fault.refused"
	case "fault.continue", "fault.informational":
		return "fault.close-after-read"
	}
	return "receipt.accepted"
}

// breakers are the broken drivers by the case that catches them.
func breakers() map[broken]breaker {
	all := map[broken]breaker{}
	for _, part := range []map[broken]breaker{
		brokenReceipts(), brokenTexts(), brokenCodes(), brokenStatuses(), brokenFaults(), brokenRequests(),
		brokenContexts(), brokenPrivacy(), brokenCapabilities(), brokenLives(), brokenBatches(), brokenCallbacks(),
		brokenConfigs(), brokenMessages(), brokenLookups(), brokenOptions(), brokenTimeouts(),
	} {
		maps.Copy(all, part)
	}
	return all
}

func brokenReceipts() map[broken]breaker {
	return map[broken]breaker{
		"receipt.accepted": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			if _, err := right.Send(ctx, m); err != nil {
				return nil, err
			}
			return &provider.Receipt{ID: "42"}, nil
		}),
		"receipt.status-2xx": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			request, err := right.request(m)
			if err != nil {
				return nil, err
			}
			response, err := right.client.Do(ctx, request)
			if err == nil && response.Status != http.StatusOK {
				return nil, provider.NewError(provider.Rejected, "not 200")
			}
			return right.judge(response)
		}),
		"message.validated": naively(asItComes),
		"message.unchanged": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			m.Text = strings.TrimSpace(m.Text)
			return right.Send(ctx, m)
		}),
		"message.foreign-extra": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			if len(m.Extra) > 0 {
				return nil, provider.NewError(provider.Unsupported, "unknown extra")
			}
			return right.Send(ctx, m)
		}),
	}
}

// latin1 replaces characters outside Latin-1, as a wrong character set does.
func latin1(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xff {
			return '?'
		}
		return r
	}, text)
}

func brokenTexts() map[broken]breaker {
	return map[broken]breaker{
		"text.gsm7":      rewrite(strings.NewReplacer("é", "e", "Ø", "O", "¤", "").Replace),
		"text.extension": rewrite(strings.NewReplacer("€", "?", "{", "(").Replace),
		"text.greek":     rewrite(strings.ToUpper),
		"text.scripts":   rewrite(latin1),
		"text.emoji": rewrite(func(text string) string {
			return string(utf16.Decode(utf16.Encode([]rune(text))[:1])) + "x"
		}),
		"text.long":         rewrite(func(text string) string { return string([]rune(text)[:min(160, len([]rune(text)))]) }),
		"text.quotes":       rewrite(strings.NewReplacer(`"`, `\"`, "&", "&amp;", "+", " ", "<", "&lt;").Replace),
		"text.white-space":  rewrite(func(text string) string { return strings.Join(strings.Fields(text), " ") }),
		"text.braces":       rewrite(strings.NewReplacer("{zq7}", "", "[zq7]", "", "%", "%%").Replace),
		"text.placeholders": rewrite(strings.NewReplacer("{name}", "", "{to}", "+306900000001").Replace),
		"text.control": rewrite(func(text string) string {
			return strings.Map(func(r rune) rune {
				if r < ' ' {
					return -1
				}
				return r
			}, text)
		}),
	}
}

func brokenCodes() map[broken]breaker {
	all := make(map[broken]breaker)
	for _, code := range provider.Codes() {
		all[broken("codes."+string(code))] = recode(func(e *provider.Error) {
			if e.Code == code {
				e.Code = other(code)
			}
		})
	}
	all["codes.error-2xx"] = alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		receipt, err := right.Send(ctx, m)
		if err != nil && strings.Contains(err.Error(), "HTTP status 200") {
			return &provider.Receipt{ID: "hopeful"}, nil
		}
		return receipt, err
	})
	return all
}

// other is a wrong code, the worst one if there is one.
func other(code provider.Code) provider.Code {
	switch code {
	case provider.Indeterminate:
		return provider.Unavailable
	case provider.Unavailable:
		return provider.Indeterminate
	case provider.Rejected:
		return provider.InvalidMessage
	}
	return provider.Rejected
}

func brokenStatuses() map[broken]breaker {
	all := make(map[broken]breaker)
	for _, c := range conformance.Catalogue() {
		if strings.HasPrefix(c.ID, "status.") {
			all[broken(c.ID)] = recode(func(e *provider.Error) { e.Code = other(e.Code) })
		}
	}
	deaf := recode(func(e *provider.Error) { e.RetryAfter = 0 })
	all["status.429-seconds"], all["status.429-date"] = deaf, deaf
	all["status.429-nonsense"] = recode(func(e *provider.Error) { e.RetryAfter = time.Hour })
	return all
}

// candid stores its key where fmt prints it.
type candid struct {
	*reference
	key string
}

func brokenPrivacy() map[broken]breaker {
	return map[broken]breaker{
		"privacy.errors": naively(asItComes),
		"privacy.errors/spelled": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			request, err := right.request(m)
			if err != nil {
				return nil, err
			}
			request.Private = nil
			response, err := right.client.Do(ctx, request)
			if err != nil {
				return nil, err
			}
			return right.judge(response)
		}),
		"privacy.transport-errors": naively(func(n *naive) { n.query = true }),
		"privacy.receipt":          naively(asItComes),
		"privacy.provider": func(url string) (provider.Provider, error) {
			r, err := newReference(url)
			return candid{r, apiKey}, err
		},
	}
}

// TestHTTP2 checks that a driver can pass the HTTP/2 cases, which are not applicable
// to the reference driver.
func TestHTTP2(t *testing.T) {
	once := func(n *naive) {
		withHTTP2(n)
		n.once, n.failure = true, provider.Indeterminate
	}
	report := conformance.CheckOnly(t.Context(), referenceHarness(naively(once)), "fault.h2-goaway", "fault.h2-refused-stream", "receipt.accepted")
	require.NoError(t, report.Err())
	assert.Equal(t, 3, report.Count(conformance.Passed))
}

// TestImpossibleDrivers tests drivers that are broken in ways that no case is about;
// the suite must survive them and report what happened.
func TestImpossibleDrivers(t *testing.T) {
	for name, test := range map[string]struct {
		open breaker
		want string
	}{
		"Open fails":             {func(string) (provider.Provider, error) { return nil, io.ErrUnexpectedEOF }, "Open: unexpected EOF"},
		"Open returns nothing":   {func(string) (provider.Provider, error) { return nil, nil }, "neither a provider nor an error"},
		"Open panics":            {func(string) (provider.Provider, error) { panic("no") }, "Open panics: no"},
		"Send panics":            {alter(func(context.Context, *provider.Message, *reference) (*provider.Receipt, error) { panic("no") }), "Send panics: no"},
		"Send returns nothing":   {alter(func(context.Context, *provider.Message, *reference) (*provider.Receipt, error) { return nil, nil }), "neither a receipt nor an error"},
		"Send returns any error": {alter(func(context.Context, *provider.Message, *reference) (*provider.Receipt, error) { return nil, io.EOF }), "want accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := conformance.CheckOnly(t.Context(), referenceHarness(test.open), "life.open-offline", "receipt.accepted")
			require.ErrorContains(t, report.Err(), test.want)
			require.ErrorContains(t, report.Err(), "why: ")
		})
	}
}
