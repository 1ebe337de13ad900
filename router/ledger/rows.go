package ledger

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

type scanner = func(...any) error

func (w *work) loadClaims(ctx context.Context, tx Tx, refs []string, ids *[]string) error {
	plain, queued := splitRefs(refs)
	if len(queued) > 0 {
		if err := w.readClaims(ctx, tx, ids, claimsOf+` WHERE m.id = ANY($1) AND c.message = m.id`, queued); err != nil {
			return err
		}
	}
	if len(plain) == 0 {
		return nil
	}
	return w.readClaims(ctx, tx, ids, claimsByRef, w.ledger.options.Namespace, plain)
}

// claimsByRef selects the claims c with refs of a namespace; claimsOf those of messages m,
// where "AND c.message = m.id" leaves out the claims of later messages with the same ref.
const (
	claimsByRef = `anysms_claims c WHERE c.namespace = $1 AND c.ref = ANY($2)`
	claimsOf    = `anysms_messages m JOIN anysms_claims c ON ` + claimOfMessage

	claimOfMessage = `c.namespace = m.namespace AND c.ref = CASE WHEN m.ref = '' THEN m.id ELSE m.ref END`
)

func (w *work) readClaims(ctx context.Context, tx Tx, ids *[]string, from string, args ...any) error {
	return tx.Query(ctx, func(scan scanner) error {
		var c claim
		var until int64
		if err := scan(&c.namespace, &c.ref, &c.fingerprint, &c.message, &c.owner, &c.run, &until); err != nil {
			return err
		}
		c.until = timeOf(until)
		w.addClaim(&c)
		*ids = append(*ids, c.message)
		return nil
	}, `SELECT c.namespace, c.ref, c.fingerprint, c.message, c.owner, c.run, c.keep_until FROM `+from, args...)
}

// loadOwners finds the messages that attempts belong to.
func (w *work) loadOwners(ctx context.Context, tx Tx, n needs, ids *[]string) error {
	read := func(scan scanner) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		*ids = append(*ids, id)
		return nil
	}
	if len(n.attempts) > 0 {
		if err := tx.Query(ctx, read, `SELECT message FROM anysms_attempts WHERE id = ANY($1)`, n.attempts); err != nil {
			return err
		}
	}
	if len(n.providerIDs) == 0 {
		return nil
	}
	if err := tx.Query(ctx, read, latestAttempts, n.providerIDs); err != nil {
		return err
	}
	return tx.Query(ctx, read, `SELECT message FROM anysms_segments WHERE provider_id = ANY($1)`, n.providerIDs)
}

// latestAttempts finds for each provider the latest attempt with a vendor's id: there are
// vendors that give every message the same id, and all its attempts would not fit.
const latestAttempts = `SELECT a.message FROM anysms_attempts a JOIN (
		SELECT provider, provider_id, MAX(started_at) AS latest FROM anysms_attempts
		WHERE provider_id <> '' AND provider_id = ANY($1) GROUP BY provider, provider_id
	) b ON a.provider_id = b.provider_id AND a.provider = b.provider AND a.started_at = b.latest
	WHERE a.provider_id <> ''`

// messageColumns are read by scanMessage and written by saveMessages, in this order.
const messageColumns = `id, namespace, ref, status, code, reason, recipient, sender, body, class, tag, country, provider,
	provider_id, encoding, segments, cost_micros, cost_currency, cost_estimated, duplicate_possible, ignored, created_at,
	updated_at, last_attempt_at, concluded, cancelled, card_micros, card_currency`

func scanMessage(scan scanner, m *Message) error {
	var micros, card, created, updated, last int64
	var estimated, duplicate, cancelled int
	var currency, cardCurrency, ignored string
	err := scan(&m.ID, &m.Namespace, &m.Ref, &m.Status, &m.Code, &m.Reason, &m.To, &m.From, &m.Text, &m.Class, &m.Tag,
		&m.Country, &m.Provider, &m.ProviderID, &m.Encoding, &m.Segments, &micros, &currency, &estimated, &duplicate,
		&ignored, &created, &updated, &last, &m.concluded, &cancelled, &card, &cardCurrency)
	if err != nil {
		return err
	}
	if currency != "" {
		m.Cost = &router.Cost{Money: provider.Money{Micros: micros, Currency: currency}, Estimated: estimated != 0}
	}
	m.CardPrice = moneyOf(card, cardCurrency)
	if ignored != "" {
		m.Ignored = strings.Split(ignored, ",")
	}
	m.DuplicatePossible, m.cancelled = duplicate != 0, cancelled != 0
	m.CreatedAt, m.UpdatedAt, m.lastAttempt = timeOf(created), timeOf(updated), timeOf(last)
	return nil
}

func (m *Message) row() []any {
	var cost router.Cost
	if m.Cost != nil {
		cost = *m.Cost
	}
	card, cardCurrency := moneyRow(m.CardPrice)
	return []any{
		m.ID, m.Namespace, m.Ref, string(m.Status), string(m.Code), clean(m.Reason), m.To, clean(m.From), clean(m.Text),
		string(m.Class), clean(m.Tag), m.Country, m.Provider, clean(m.ProviderID), m.Encoding, m.Segments, cost.Micros,
		cost.Currency, number(cost.Estimated), number(m.DuplicatePossible), strings.Join(m.Ignored, ","),
		micros(m.CreatedAt), micros(m.UpdatedAt), micros(m.lastAttempt), string(m.concluded), number(m.cancelled),
		card, cardCurrency,
	}
}

// loadRecords reads messages with their attempts and events.
func (w *work) loadRecords(ctx context.Context, tx Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := w.loadMessages(ctx, tx, ids); err != nil {
		return err
	}
	if err := w.loadAttempts(ctx, tx, ids); err != nil {
		return err
	}
	return w.loadEvents(ctx, tx, ids)
}

func (w *work) loadMessages(ctx context.Context, tx Tx, ids []string) error {
	return tx.Query(ctx, func(scan scanner) error {
		r := new(record)
		if err := scanMessage(scan, &r.Message); err != nil {
			return err
		}
		was := r.seldom()
		r.stored, r.was, w.messages[r.ID] = &was, r.Status, r
		return nil
	}, `SELECT `+messageColumns+` FROM anysms_messages WHERE id = ANY($1)`, ids)
}

const attemptColumns = `id, message, owner, run, provider, outcome, settled, contradicted, code, vendor_code, reason,
	provider_id, started_at, duration_us, reconciled, abandoned, charged_micros, charged_currency, card_micros, card_currency`

func scanAttempt(scan scanner, a *Attempt) error {
	var started, duration, charged, card int64
	var chargedCurrency, cardCurrency string
	var contradicted, reconciled, abandoned int
	err := scan(&a.ID, &a.message, &a.owner, &a.run, &a.Provider, &a.Outcome, &a.Settled, &contradicted, &a.Code, &a.VendorCode,
		&a.Reason, &a.ProviderID, &started, &duration, &reconciled, &abandoned,
		&charged, &chargedCurrency, &card, &cardCurrency)
	a.StartedAt, a.Duration = timeOf(started), time.Duration(duration)*time.Microsecond
	a.Contradicted, a.Reconciled, a.abandoned = contradicted != 0, reconciled != 0, abandoned != 0
	a.Charged, a.CardPrice = moneyOf(charged, chargedCurrency), moneyOf(card, cardCurrency)
	return err
}

func (a *Attempt) row() []any {
	charged, chargedCurrency := moneyRow(a.Charged)
	card, cardCurrency := moneyRow(a.CardPrice)
	return []any{
		a.ID, a.message, a.owner, a.run, a.Provider, string(a.Outcome), string(a.Settled), number(a.Contradicted), string(a.Code),
		clean(a.VendorCode), clean(a.Reason), clean(a.ProviderID), micros(a.StartedAt), a.Duration.Microseconds(),
		number(a.Reconciled), number(a.abandoned), charged, chargedCurrency, card, cardCurrency,
	}
}

func (w *work) loadAttempts(ctx context.Context, tx Tx, ids []string) error {
	return tx.Query(ctx, func(scan scanner) error {
		a := new(Attempt)
		if err := scanAttempt(scan, a); err != nil {
			return err
		}
		if r := w.messages[a.message]; r != nil {
			r.attempts = append(r.attempts, a)
			w.attempts[a.ID], w.stored[a.ID] = r, *a
			w.index(a)
		}
		return nil
	}, `SELECT `+attemptColumns+` FROM anysms_attempts WHERE message = ANY($1) ORDER BY started_at, id`, ids)
}

const eventColumns = `seq, event_key, provider, kind, message, attempt, provider_id, status, final, segment, segment_of,
	segment_status, vendor_time, received_at, code, vendor_status, vendor_code, peer, detail`

// eventDetail is what is erased with the texts and numbers.
type eventDetail struct {
	To        string            `json:"to,omitempty"`
	Text      string            `json:"text,omitempty"`
	Ref       string            `json:"ref,omitempty"`
	InReplyTo string            `json:"in_reply_to,omitempty"`
	MCCMNC    string            `json:"mccmnc,omitempty"`
	Segments  int               `json:"segments,omitempty"`
	Cost      *provider.Money   `json:"cost,omitempty"`
	Extra     map[string]string `json:"extra,omitempty"`
	Raw       string            `json:"raw,omitempty"`       // of an item that could not be read
	RawBytes  []byte            `json:"raw_bytes,omitempty"` // the same, if it is no text that a database takes
}

func scanEvent(scan scanner, e *Event) error {
	var at, received int64
	var final int
	var segment provider.EventSegment
	var detail string
	err := scan(&e.Seq, &e.key, &e.Provider, &e.Kind, &e.Message, &e.Attempt, &e.ID, &e.Status, &final, &segment.Number,
		&segment.Of, &segment.Status, &at, &received, &e.Code, &e.VendorStatus, &e.VendorCode, &e.From, &detail)
	if err != nil {
		return err
	}
	e.Final, e.At, e.ReceivedAt = final != 0, timeOf(at), timeOf(received)
	if segment.Of > 0 {
		e.Segment = &segment
	}
	if detail == "" {
		return nil
	}
	var d eventDetail
	err = json.Unmarshal([]byte(detail), &d)
	e.To, e.Text, e.Ref, e.InReplyTo, e.MCCMNC, e.Segments, e.Cost, e.Extra = d.To, d.Text, d.Ref, d.InReplyTo, d.MCCMNC, d.Segments, d.Cost, d.Extra
	e.Raw = json.RawMessage(d.Raw)
	if d.RawBytes != nil {
		e.Raw = d.RawBytes
	}
	return err
}

func (e *Event) row() []any {
	var segment provider.EventSegment
	if e.Segment != nil {
		segment = *e.Segment
	}
	d := eventDetail{e.To, e.Text, e.Ref, e.InReplyTo, e.MCCMNC, e.Segments, e.Cost, e.Extra, string(e.Raw), nil}
	if !storable(d.Raw) {
		d.Raw, d.RawBytes = "", e.Raw
	}
	detail, _ := json.Marshal(d) // plain fields cannot fail
	text := strings.ReplaceAll(string(detail), `\u0000`, `\ufffd`)
	if text == "{}" {
		text = ""
	}
	return []any{
		e.key, e.Provider, string(e.Kind), e.Message, e.Attempt, clean(e.ID), string(e.Status), number(e.Final), segment.Number,
		segment.Of, string(segment.Status), micros(e.At), micros(e.ReceivedAt), string(e.Code), clean(e.VendorStatus),
		clean(e.VendorCode), clean(e.From), text,
	}
}

// joinedRow is what changes of an event when its message is found.
func (e *Event) joinedRow() []any {
	var segment provider.EventSegment
	if e.Segment != nil {
		segment = *e.Segment
	}
	return []any{e.Message, e.Attempt, clean(e.ID), string(e.Status), number(e.Final), segment.Number, segment.Of, string(segment.Status), e.Seq}
}

// loadEvents reads the events of messages.
func (w *work) loadEvents(ctx context.Context, tx Tx, ids []string) error {
	return tx.Query(ctx, w.readEvent, `SELECT `+eventColumns+` FROM anysms_events WHERE message <> '' AND message = ANY($1) ORDER BY seq`, ids)
}

// loadParked reads the events without a message that have one of the vendors' ids.
func (w *work) loadParked(ctx context.Context, tx Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Query(ctx, w.readEvent, `SELECT `+eventColumns+` FROM anysms_events WHERE message = '' AND provider_id = ANY($1) ORDER BY seq`, ids)
}

func (w *work) readEvent(scan scanner) error {
	e := new(Event)
	if err := scanEvent(scan, e); err != nil {
		return err
	}
	if r := w.messages[e.Message]; r != nil {
		r.events = append(r.events, e)
	} else if e.Message == "" {
		w.parked[e.ID] = append(w.parked[e.ID], e)
	}
	return nil
}

func (w *work) loadKeys(ctx context.Context, tx Tx, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return tx.Query(ctx, func(scan scanner) error {
		var key string
		err := scan(&key)
		w.known[key] = true
		return err
	}, `SELECT event_key FROM anysms_events WHERE event_key = ANY($1)`, keys)
}

func (w *work) loadOptOuts(ctx context.Context, tx Tx, numbers []string) error {
	if len(numbers) == 0 {
		return nil
	}
	return tx.Query(ctx, func(scan scanner) error {
		o, err := scanOptOut(scan)
		w.optOuts[o.Number] = append(w.optOuts[o.Number], o)
		return err
	}, `SELECT `+optOutColumns+` FROM anysms_optouts WHERE number = ANY($1)`, numbers)
}

// micros is how times are kept: microseconds since 1970 in UTC; 0 = none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// moneyRow is how amounts are kept: without a currency there is none.
func moneyRow(m *provider.Money) (micros int64, currency string) {
	if m == nil {
		return 0, ""
	}
	return m.Micros, clean(m.Currency)
}

func moneyOf(micros int64, currency string) *provider.Money {
	if currency == "" {
		return nil
	}
	return &provider.Money{Micros: micros, Currency: currency}
}

// number is how booleans are kept.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// clean replaces what a database does not take in a text.
func clean(s string) string {
	if storable(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
