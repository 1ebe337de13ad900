package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

// What follows are mistakes in otherwise good drivers, each in a place where a suite
// that sends the same plain message over and over does not look.

// brokenTimeouts take the driver's own timeout for proof that nothing was sent.
func brokenTimeouts() map[broken]breaker {
	hopeful := alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		receipt, err := right.Send(ctx, m)
		if errors.Is(err, httpcall.ErrTimeout) {
			return nil, &provider.Error{Code: provider.Unavailable, Err: err}
		}
		return receipt, err
	})
	return map[broken]breaker{
		"timeout.hang-before-read": hopeful,
		"timeout.hang-after-read":  hopeful,
		"timeout.hang-in-head":     hopeful,
		"timeout.hang-in-body":     hopeful,
	}
}

func brokenMessages() map[broken]breaker {
	return map[broken]breaker{
		"message.options/twice without Ref": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			if m.Ref == "" {
				_, _ = right.Send(ctx, m)
			}
			return right.Send(ctx, m)
		}),
		"message.options/panics without Ref": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			_ = m.Ref[0]
			return right.Send(ctx, m)
		}),
		"message.options/panics on class otp": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			if m.Class == provider.OTP {
				panic("no priority for this class")
			}
			return right.Send(ctx, m)
		}),
		"message.own-extra": reshape(func(m *provider.Message) { m.Extra = nil }),
		"receipt.big-id":    naively(asItComes),
		"receipt.invented/segments": rereceive(func(m *provider.Message, r *provider.Receipt) {
			r.Segments = 1 + len(m.Text)/160
		}),
		"receipt.invented/cost": rereceive(func(_ *provider.Message, r *provider.Receipt) {
			r.Cost = &provider.Money{Micros: 50_000, Currency: "EUR"}
		}),
		"codes.rejected/receipt and error": alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
			receipt, err := right.Send(ctx, m)
			if err != nil {
				receipt = &provider.Receipt{}
			}
			return receipt, err
		}),
		"codes.id-and-error":                idFirst,
		"status.other-5xx":                  restatus(524, provider.Unavailable),
		"status.other-4xx":                  restatus(417, provider.Unavailable),
		"text.typographic":                  rewrite(strings.NewReplacer("“", `"`, "”", `"`, "’", "'", "–", "-", "…", "...").Replace),
		"text.line-ends":                    rewrite(strings.NewReplacer("\r\n", "\n").Replace),
		"requests.concurrent":               oneAtATime,
		"requests.ref":                      reshape(func(m *provider.Message) { m.Ref = "" }),
		"privacy.logs/printed":              reshape(func(m *provider.Message) { fmt.Println("send to", m.To) }),
		"capabilities.limits/in bytes":      inBytes,
		"capabilities.limits/one too short": reshape(func(m *provider.Message) { m.Text += "." }),
	}
}

// rereceive changes receipts.
func rereceive(change func(*provider.Message, *provider.Receipt)) breaker {
	return alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		receipt, err := right.Send(ctx, m)
		if err == nil {
			change(m, receipt)
		}
		return receipt, err
	})
}

// idFirst takes any reply with an id for an acceptance.
func idFirst(url string) (provider.Provider, error) {
	return alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		request, err := right.request(m)
		if err != nil {
			return nil, err
		}
		response, err := right.client.Do(ctx, request)
		if err != nil {
			return nil, err
		}
		var body referenceResponse
		if response.Decode(&body) == nil && body.ID != "" && isID(body.ID) {
			return &provider.Receipt{ID: string(body.ID)}, nil
		}
		return right.judge(response)
	})(url)
}

// restatus changes the code of one HTTP status.
func restatus(status int, code provider.Code) breaker {
	return recode(func(e *provider.Error) {
		if strings.Contains(e.Error(), fmt.Sprint("HTTP status ", status)) {
			e.Code = code
		}
	})
}

// oneAtATime holds a lock while it waits for the vendor.
func oneAtATime(url string) (provider.Provider, error) {
	var mu sync.Mutex
	return alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		mu.Lock()
		defer mu.Unlock()
		return right.Send(ctx, m)
	})(url)
}

// inBytes counts bytes where the vendor counts characters.
var inBytes = alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
	if len(m.Text) > maxCharacters {
		return nil, provider.NewError(provider.Unsupported, "too long")
	}
	return right.Send(ctx, m)
})

func brokenOptions() map[broken]breaker {
	return map[broken]breaker{
		"capabilities.schedule/another zone": reshape(func(m *provider.Message) {
			if !m.SendAt.IsZero() {
				m.SendAt = m.SendAt.Add(2 * time.Hour)
			}
		}),
		"capabilities.schedule/ignored": naively(asItComes),
		"capabilities.validity/another unit": reshape(func(m *provider.Message) {
			m.Validity /= 60
		}),
		"capabilities.validity/ignored": naively(asItComes),
	}
}

// looking is the reference driver with some lookups replaced.
type looking struct {
	*reference
	status  func(id string, e *provider.Event, err error) (*provider.Event, error)
	find    func(m *provider.Message) *provider.Message
	cancel  func(error) error
	balance func(*provider.Balance)
	quote   func(ctx context.Context, m *provider.Message, right *reference)
	check   func(ctx context.Context, right *reference)
	verify  func(provider.VerificationResult) provider.VerificationResult
	inbox   func([]provider.Event) []provider.Event
	cursor  func(cursor string) string
}

func (l looking) Status(ctx context.Context, id string) (*provider.Event, error) {
	e, err := l.reference.Status(ctx, id)
	if l.status != nil {
		return l.status(id, e, err)
	}
	return e, err
}

func (l looking) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	if l.find != nil {
		m = l.find(m)
	}
	return l.reference.Find(ctx, m, since)
}

func (l looking) Cancel(ctx context.Context, id string) error {
	err := l.reference.Cancel(ctx, id)
	if l.cancel != nil {
		return l.cancel(err)
	}
	return err
}

func (l looking) Balance(ctx context.Context) (*provider.Balance, error) {
	b, err := l.reference.Balance(ctx)
	if err == nil && l.balance != nil {
		l.balance(b)
	}
	return b, err
}

func (l looking) Quote(ctx context.Context, m *provider.Message) (*provider.Quote, error) {
	if l.quote != nil {
		l.quote(ctx, m, l.reference)
	}
	return l.reference.Quote(ctx, m)
}

func (l looking) Check(ctx context.Context) error {
	if l.check != nil {
		l.check(ctx, l.reference)
	}
	return l.reference.Check(ctx)
}

func (l looking) CheckVerification(ctx context.Context, ref, code string) (provider.VerificationResult, error) {
	v, err := l.reference.CheckVerification(ctx, ref, code)
	if err == nil && l.verify != nil {
		v = l.verify(v)
	}
	return v, err
}

func (l looking) Inbox(ctx context.Context, cursor string) ([]provider.Event, string, error) {
	if l.cursor != nil {
		cursor = l.cursor(cursor)
	}
	events, next, err := l.reference.Inbox(ctx, cursor)
	if l.inbox != nil {
		events = l.inbox(events)
	}
	return events, next, err
}

func look(l looking) breaker {
	return withReference(func(r *reference) looking {
		l.reference = r
		return l
	})
}

func brokenLookups() map[broken]breaker {
	return map[broken]breaker{
		"lookups.status/always delivered": look(looking{status: func(_ string, e *provider.Event, err error) (*provider.Event, error) {
			if e != nil {
				e.Status = provider.StatusDelivered
			}
			return e, err
		}}),
		"lookups.status/of another message": look(looking{status: func(id string, e *provider.Event, err error) (*provider.Event, error) {
			if errors.Is(err, errOther) {
				return &provider.Event{Kind: provider.Report, ID: id, Status: provider.StatusDelivered, Final: true}, nil
			}
			return e, err
		}}),
		"lookups.find": look(looking{find: func(m *provider.Message) *provider.Message {
			m = m.Clone()
			m.Ref = "ref-9"
			return m
		}}),
		"lookups.cancel": look(looking{cancel: func(err error) error {
			if errors.Is(err, provider.Rejected) {
				return nil
			}
			return err
		}}),
		"lookups.balance/in cents": look(looking{balance: func(b *provider.Balance) { b.Available.Micros *= 100 }}),
		"lookups.balance/currency": look(looking{balance: func(b *provider.Balance) { b.Available.Currency = "EUR" }}),
		"lookups.quote":            withReference(func(r *reference) dear { return dear{r} }),
		"lookups.verify": look(looking{verify: func(provider.VerificationResult) provider.VerificationResult {
			return provider.VerificationRight
		}}),
		"lookups.inbox/loses one": look(looking{inbox: func(events []provider.Event) []provider.Event {
			if len(events) > 1 {
				return events[1:]
			}
			return events
		}}),
		"lookups.inbox/never advances": look(looking{cursor: func(string) string { return "" }}),
		"lookups.check":                withReference(func(r *reference) gloomy { return gloomy{r} }),
		"lookups.no-send/Check": look(looking{check: func(ctx context.Context, right *reference) {
			_, _ = right.Send(ctx, &provider.Message{To: e164.MustParse("+306900000001"), Text: "ping"})
		}}),
		"lookups.no-send/Quote": look(looking{quote: func(ctx context.Context, m *provider.Message, right *reference) {
			_, _ = right.Send(ctx, m)
		}}),
	}
}

// dear quotes twice the price.
type dear struct{ *reference }

func (d dear) Quote(ctx context.Context, m *provider.Message) (*provider.Quote, error) {
	q, err := d.reference.Quote(ctx, m)
	if err == nil {
		q.Cost.Micros *= 2
	}
	return q, err
}

// gloomy wants a balance to take the credentials for valid.
type gloomy struct{ *reference }

func (g gloomy) Check(ctx context.Context) error {
	b, err := g.Balance(ctx)
	if err == nil && b.Available.Micros == 0 {
		return provider.NewError(provider.Unauthenticated, "no balance")
	}
	return err
}
