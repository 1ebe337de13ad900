package feed

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider/sleep"
	"github.com/anysms/anysms/router/ledger"
)

const (
	// inFlight is how many events one endpoint gets at the same time. Those about the
	// same message come one after the other.
	inFlight = 16
	// maxPending is how many events may wait for another try before no further ones are
	// read from the feed.
	maxPending = 50
	// giveUpAfter is how long an event is tried.
	giveUpAfter = 72 * time.Hour
	// failuresInRow after which an endpoint counts as dead: the rest of the page waits.
	failuresInRow = inFlight
)

// pause returns how long to wait after a number of tries.
func pause(tries int) time.Duration {
	plan := []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute}
	if tries <= len(plan) {
		return plan[tries-1]
	}
	return time.Hour
}

// Webhook reports events to one endpoint. Where it has come to is in the ledger, so that
// after a crash it goes on there; an event may then come again.
type Webhook struct {
	source *Source
	conf   settings.Webhook
	sender *sender
	log    *slog.Logger
	name   string // of its state among the ledger's cursors
	state  state
	turns  *turns // nil = no other gateway reports to it
}

// state is where an endpoint has come to.
type state struct {
	After   int64     `json:"after"`             // everything up to this one was reported, or is pending
	Pending []pending `json:"pending,omitempty"` // in their order
}

// pending is an event to be tried again.
type pending struct {
	Seq     int64     `json:"seq"`
	Subject string    `json:"subject"` // what must stay in order
	Tries   int       `json:"tries"`
	Since   time.Time `json:"since"` // of the first try
	Due     time.Time `json:"due"`
}

// NewWebhook returns the webhook of an endpoint. Where the database is shared, gateways
// take turns, so that each event is reported by one of them.
func NewWebhook(s *Source, conf settings.Webhook, shared bool, log *slog.Logger) (*Webhook, error) {
	sender, err := newSender(conf)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(conf.URL))
	h := &Webhook{source: s, conf: conf, sender: sender, log: log, name: "webhook." + hex.EncodeToString(sum[:8])}
	if shared {
		h.turns = &turns{owner: rand.Text()}
	}
	return h, nil
}

// Run reports until the context ends. An endpoint that is new gets what comes next.
func (h *Webhook) Run(ctx context.Context) {
	defer h.sender.close()
	if h.turns != nil {
		h.takeTurns(ctx)
		return
	}
	h.run(ctx)
}

// run reports from where the endpoint has come to until the context ends.
func (h *Webhook) run(ctx context.Context) {
	for h.load(ctx) != nil {
		if sleep.For(ctx, time.Second) != nil {
			return
		}
	}
	for ctx.Err() == nil {
		moved := h.step(ctx)
		if moved == nil {
			continue
		}
		timer := time.NewTimer(h.untilDue())
		select {
		case <-moved:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// load reads the state.
func (h *Webhook) load(ctx context.Context) error {
	value, err := h.source.ledger.Cursor(ctx, h.name)
	if err != nil {
		return err
	}
	h.state = state{}
	if value != "" && json.Unmarshal([]byte(value), &h.state) == nil {
		return nil
	}
	h.state.After, _ = h.source.End()
	return h.save(ctx)
}

// save records the state. If that fails, events are reported again after a restart.
func (h *Webhook) save(ctx context.Context) error {
	value, _ := json.Marshal(h.state) // plain fields cannot fail
	_, err := h.source.ledger.RecordAt(context.WithoutCancel(ctx), "gateway", h.name, string(value))
	return err
}

// step reports what is due and what is new. It returns a channel to wait for if there is
// nothing left to do.
func (h *Webhook) step(ctx context.Context) (moved <-chan struct{}) {
	end, moved := h.source.End()
	did := h.retry(ctx)
	if h.state.After < end && len(h.state.Pending) < maxPending {
		did = h.next(ctx) || did
	}
	if !did {
		return moved
	}
	if h.turns != nil && h.turns.lost.Load() {
		return nil // the state is the other gateway's
	}
	if err := h.save(ctx); err != nil && ctx.Err() == nil {
		h.log.Warn("the place of a webhook was not recorded; its events may be reported again", "error", err)
		_ = sleep.For(ctx, time.Second)
	}
	return nil
}

func (h *Webhook) untilDue() time.Duration {
	wait := time.Hour
	for _, p := range h.state.Pending {
		wait = min(wait, time.Until(p.Due))
	}
	return max(wait, 10*time.Millisecond)
}

// next reports a page of new events.
func (h *Webhook) next(ctx context.Context) bool {
	list, err := h.source.Read(ctx, h.state.After)
	if errors.Is(err, ledger.ErrPruned) {
		end, _ := h.source.End()
		h.log.Error("events were deleted before a webhook took them; it goes on with what comes next", "from", h.state.After, "to", end)
		h.state.After = end
		return true
	}
	if err != nil || len(list) == 0 {
		return false
	}
	var jobs []job
	for i := range list {
		c := &list[i]
		if h.conf.Key != "" && c.Namespace != h.conf.Key || !wants(h.conf.Events, c.Type) {
			continue
		}
		if body := encode(c); body != nil {
			jobs = append(jobs, job{pending: pending{Seq: c.Seq, Subject: subjectOf(c)}, id: eventID(c), body: body})
		}
	}
	h.report(ctx, jobs)
	if ctx.Err() != nil { // what was not tried is read again
		return false
	}
	h.state.After = list[len(list)-1].Seq
	return true
}

// retry tries what is due again: of each message the first.
func (h *Webhook) retry(ctx context.Context) bool {
	now := time.Now()
	var jobs []job
	var left []pending
	seen := make(map[string]bool)
	for _, p := range h.state.Pending {
		if seen[p.Subject] || p.Due.After(now) || len(jobs) == inFlight {
			seen[p.Subject] = true
			left = append(left, p)
			continue
		}
		seen[p.Subject] = true
		j, err := h.again(ctx, p)
		switch {
		case err != nil:
			left = append(left, p)
		case j.body != nil:
			jobs = append(jobs, j)
		}
	}
	if len(left) == len(h.state.Pending) {
		return false
	}
	h.state.Pending = left
	h.report(ctx, jobs)
	return true
}

// again reads an event from the feed again; one that is no longer there has no body.
func (h *Webhook) again(ctx context.Context, p pending) (job, error) {
	list, err := h.source.ledger.Feed(ctx, p.Seq-1, 1)
	if errors.Is(err, ledger.ErrPruned) || err == nil && (len(list) == 0 || list[0].Seq != p.Seq) {
		return job{}, nil
	}
	if err != nil {
		return job{}, err
	}
	return job{pending: p, id: eventID(&list[0]), body: encode(&list[0])}, nil
}

// job is an event to report.
type job struct {
	pending
	id   string
	body []byte
}

// eventID is the same for each try.
func eventID(c *ledger.Change) string { return fmt.Sprintf("evt_%d_%d", c.Seq, c.At.UnixMicro()) }

func subjectOf(c *ledger.Change) string {
	switch {
	case c.Message != nil:
		return c.Message.ID
	case c.OptOut != nil:
		return c.OptOut.Number
	}
	return fmt.Sprint(c.Seq)
}

// report reports events, those about one message in their order, and notes which are to
// be tried again.
func (h *Webhook) report(ctx context.Context, jobs []job) {
	waits := make(map[string]bool) // subjects with an earlier event that waits
	for _, p := range h.state.Pending {
		waits[p.Subject] = true
	}
	var order []string
	groups := make(map[string][]job)
	for _, j := range jobs {
		if groups[j.Subject] == nil {
			order = append(order, j.Subject)
		}
		groups[j.Subject] = append(groups[j.Subject], j)
	}
	r := &round{webhook: h}
	slots := make(chan struct{}, inFlight)
	var work sync.WaitGroup
	for _, subject := range order {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			r.group(ctx, groups[subject], waits[subject])
		})
	}
	work.Wait()
	h.state.Pending = append(h.state.Pending, r.failed...)
	slices.SortFunc(h.state.Pending, func(a, b pending) int { return int(a.Seq - b.Seq) })
}

// round is one call of report.
type round struct {
	webhook *Webhook

	mu     sync.Mutex
	row    int // failures since the last success
	failed []pending
}

// group reports the events about one message. When one fails, the others wait for it.
func (r *round) group(ctx context.Context, jobs []job, wait bool) {
	for _, j := range jobs {
		now := time.Now()
		if wait || r.dead() || ctx.Err() != nil {
			wait = true
			r.postpone(j.pending, now)
			continue
		}
		err := r.webhook.sender.send(ctx, j.id, now, j.body)
		if err != nil && ctx.Err() != nil { // the gateway stops: no failure of the endpoint
			wait = true
			r.postpone(j.pending, now)
			continue
		}
		r.count(err)
		if err == nil {
			continue
		}
		wait = true
		if j.Since.IsZero() {
			j.Since = now
		}
		j.Tries++
		j.Due = time.Now().Add(pause(j.Tries))
		if j.Due.Sub(j.Since) > giveUpAfter {
			r.webhook.log.Error("an event was not taken for 72 hours and is given up", "event", j.id, "error", err)
			continue
		}
		if j.Tries == 1 {
			r.webhook.log.Warn("a webhook did not take an event; it is tried again", "event", j.id, "error", err)
		}
		r.fail(j.pending)
	}
}

// postpone leaves an event for later without counting a try.
func (r *round) postpone(p pending, now time.Time) {
	p.Due = now.Add(pause(1))
	r.fail(p)
}

func (r *round) fail(p pending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, p)
}

func (r *round) count(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row++
	if err == nil {
		r.row = 0
	}
}

func (r *round) dead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.row >= failuresInRow
}
