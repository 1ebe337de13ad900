package page

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/router/ledger"
)

// patience is how long a search goes on before it says how far it has come.
const patience = 120 * time.Millisecond

// scans reports whether no index serves a filter: the ledger then reads message after
// message, the newest first.
func scans(f *ledger.Filter) bool {
	indexed := f.To != "" || f.Ref != "" || f.Status != ""
	return !indexed && (f.Provider != "" || f.Tag != "" || f.Class != "" || f.Namespace != ledger.AllNamespaces)
}

// search looks backwards through the messages, one stretch of time after the other. It
// ends when the page is full, at the end, or when it has lost patience: then reached is
// how far back it has come.
func (p *Page) search(ctx context.Context, f ledger.Filter) (list []ledger.Message, next string, reached time.Time, err error) {
	start, stretch := time.Now(), 24*time.Hour
	until := f.Until
	if until.IsZero() {
		until = p.Now().Add(time.Hour)
	}
	if at, ok := timeOf(f.Cursor); ok && at.Before(until) {
		until = at.Add(time.Millisecond)
	}
	oldest := f.Since
	if oldest.IsZero() {
		oldest = until.AddDate(-10, 0, 0)
	}
	for until.After(oldest) {
		part := f
		part.Since, part.Until, part.Limit = until.Add(-stretch).Truncate(time.Millisecond), until, f.Limit-len(list)
		if part.Since.Before(oldest) {
			part.Since = oldest
		}
		begun := time.Now()
		found, more, err := p.Ledger.Messages(ctx, part)
		list = append(list, found...)
		if err != nil || more != "" {
			return list, more, reached, err
		}
		if len(list) == f.Limit {
			return list, list[len(list)-1].ID, reached, nil
		}
		until = part.Since
		if time.Since(start) > patience && until.After(oldest) {
			return list, "", until, nil
		}
		switch took := time.Since(begun); {
		case took < patience/8:
			stretch *= 2
		case took > patience/3:
			stretch = max(stretch/2, time.Minute)
		}
	}
	return list, "", reached, nil
}

// timeOf reads the time that an id begins with.
func timeOf(id string) (time.Time, bool) {
	digits := strings.ReplaceAll(strings.TrimPrefix(id, "msg_"), "-", "")
	const size = 12 // hexadecimal digits of milliseconds
	if len(digits) < size {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(digits[:size], 16, 64)
	return time.UnixMilli(ms), err == nil
}
