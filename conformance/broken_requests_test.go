package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func brokenFaults() map[broken]breaker {
	all := make(map[broken]breaker)
	hopeful := recode(func(e *provider.Error) {
		if e.Code == provider.Indeterminate {
			e.Code = provider.Unavailable
		}
	})
	for _, name := range []string{
		"hang-before-read", "reset-in-request", "gibberish", "reset-after-read", "close-after-read", "hang-after-read",
		"hang-in-head", "hang-in-body", "truncated-length", "truncated-chunk", "missing-last-chunk",
		"empty-200", "html-200", "json-null", "json-empty", "json-list", "json-deep",
	} {
		all[broken("fault."+name)] = hopeful
	}
	hasty := func(url string) (provider.Provider, error) {
		client, err := httpcall.New(httpcall.Config{BaseURL: url, Timeout: provider.Duration(4 * time.Millisecond)}, apiKey)
		return &reference{client: client}, err
	}
	afraid := naively(func(n *naive) { n.failure = provider.Indeterminate })
	for id, b := range map[broken]breaker{
		"reset-before-read": retrying,
		"slow-read":         hasty,
		"slow-response":     hasty,
		"chunked":           naively(func(n *naive) { n.needLength = true }),
		"bom":               naively(asItComes),
		"gzip":              naively(func(n *naive) { n.header.Set("Accept-Encoding", "gzip") }),
		"gzip-bomb":         naively(func(n *naive) { n.client.Transport = &http.Transport{} }),
		"huge-body":         naively(asItComes),
		"header-flood":      naively(asItComes),
		"continue":          openRaw,
		"informational":     openRaw,
		"refused":           afraid,
		"h2-goaway":         naively(withHTTP2),
		"h2-refused-stream": naively(withHTTP2),
		"tls-untrusted":     naively(unverified),
		"tls-gibberish":     afraid,
		"tls-hang":          afraid,
		"wrong-types":       alter(panicOnDoubt),
		"duplicate-keys":    naively(asItComes),
		"bad-utf8":          naively(func(n *naive) { n.needUTF8 = true }),
	} {
		all["fault."+id] = b
	}
	return all
}

func panicOnDoubt(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
	receipt, err := right.Send(ctx, m)
	if errors.Is(err, provider.Indeterminate) {
		panic("interface conversion: interface {} is []interface {}, not string")
	}
	return receipt, err
}

// retrying always retries.
var retrying = alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
	receipt, err := right.Send(ctx, m)
	if err != nil {
		receipt, err = right.Send(ctx, m)
	}
	return receipt, err
})

func brokenRequests() map[broken]breaker {
	all := map[broken]breaker{
		"requests.one": retrying,
		"requests.reused-drop": naively(func(n *naive) {
			n.failure = provider.Indeterminate
			n.header.Set("Idempotency-Key", "makes net/http repeat the request")
		}),
		"requests.stale": func(url string) (provider.Provider, error) {
			sends := 0
			return alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
				if sends++; sends == 1 {
					return right.Send(ctx, m)
				}
				fresh, err := newReference(url)
				if err != nil {
					return nil, err
				}
				defer fresh.Close()
				if _, err := fresh.Send(ctx, m); err != nil {
					return nil, err
				}
				return nil, provider.NewError(provider.Unavailable, "so it says")
			})(url)
		},
		"requests.parallel": forgetful,
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		all[broken(fmt.Sprintf("requests.redirect-%d", status))] = naively(asItComes)
	}
	return all
}

// forgetful stores the current message where the next one overwrites it.
func forgetful(url string) (provider.Provider, error) {
	var mu sync.Mutex
	var present *provider.Message
	return alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		mu.Lock()
		present = m
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		m = present
		mu.Unlock()
		return right.Send(ctx, m)
	})(url)
}

func brokenContexts() map[broken]breaker {
	deaf := alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		return right.Send(context.WithoutCancel(ctx), m)
	})
	return map[broken]breaker{
		"context.cancelled":        deaf,
		"context.expired":          deaf,
		"context.cancel-waiting":   deaf,
		"context.deadline-waiting": deaf,
	}
}
