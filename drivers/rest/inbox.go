package rest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// inboxCall polls for messages that people sent.
type inboxCall struct {
	call `yaml:",inline"`
	// Each leads to the messages; where they are not there at all, there are
	// none. Only keeps those for which its conditions hold.
	Each    path       `yaml:"each"`
	Only    conditions `yaml:"only"`
	Inbound eventSpec  `yaml:"inbound"`
	// Page is for vendors that answer in pages; Next for those whose answer has
	// a cursor of its own. Without Next the cursor is made of times and ids.
	// Overlap is how late the vendor may list a message after its time.
	Overlap span      `yaml:"overlap"`
	Page    *pageSpec `yaml:"page"`
	Next    *pick     `yaml:"next"`
}

// pageSpec is how pages are asked for: by {page}, which counts from Start, or
// by {offset}. A page with fewer messages than Size is the last.
type pageSpec struct {
	Size  int `yaml:"size"`
	Start int `yaml:"start"`
}

// maxPages bounds one call of Inbox. What lies behind is not lost where the
// vendor lists the oldest first or takes {since}.
const maxPages = 50

var errBadCursor = errors.New("the cursor is none of this vendor's inbox; the first is empty")

// Inbox asks for the messages after the cursor. They come in the order of their
// times.
func (p *Provider) Inbox(ctx context.Context, cursor string) (events []provider.Event, next string, err error) {
	c := p.recipe.Inbox
	if c == nil {
		return nil, "", notInRecipe("inbox")
	}
	if c.Next != nil {
		return p.inboxPage(ctx, c, cursor)
	}
	seen, err := parsePlace(cursor)
	seen.overlap = c.Overlap.Duration
	if err != nil {
		return nil, "", err
	}
	all, err := p.inboxAll(ctx, c, seen)
	if err != nil {
		return nil, "", err
	}
	slices.SortStableFunc(all, func(a, b provider.Event) int { return a.At.Compare(b.At) })
	for _, e := range all {
		if !seen.has(e) {
			events = append(events, e)
		}
	}
	return events, seen.after(all).String(), nil
}

// inboxPage is for vendors that have cursors of their own.
func (p *Provider) inboxPage(ctx context.Context, c *inboxCall, cursor string) ([]provider.Event, string, error) {
	values := make(map[string]any)
	if cursor != "" {
		values["cursor"] = cursor
	}
	events, _, tree, err := p.inboxAsk(ctx, c, values)
	if err != nil {
		return nil, "", err
	}
	return events, cmp.Or(c.Next.text(tree), cursor), nil
}

// inboxAll asks for page after page.
func (p *Provider) inboxAll(ctx context.Context, c *inboxCall, seen place) ([]provider.Event, error) {
	var all []provider.Event
	known := make(map[string]bool) // pages shift when something comes in meanwhile
	offset := 0
	for page := range maxPages {
		values := make(map[string]any, 3)
		if !seen.at.IsZero() {
			values["since"] = p.recipe.Write.Since.write(seen.at.Add(-seen.overlap))
		}
		if c.Page != nil {
			values["page"], values["offset"] = strconv.Itoa(page+c.Page.Start), strconv.Itoa(offset)
		}
		events, listed, _, err := p.inboxAsk(ctx, c, values)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if !known[e.ID] {
				known[e.ID] = true
				all = append(all, e)
			}
		}
		offset += listed
		if c.Page == nil || listed < c.Page.Size {
			break
		}
	}
	return all, nil
}

func (p *Provider) inboxAsk(ctx context.Context, c *inboxCall, values map[string]any) (events []provider.Event, listed int, tree any, err error) {
	a, err := p.ask(ctx, &c.call, scope{settings: p.settings, values: values})
	if err != nil {
		return nil, 0, nil, err
	}
	found, _ := c.Each.find(a.tree)
	for _, one := range found {
		if c.Only.hold(one) {
			events = append(events, p.event(&c.Inbound, provider.Inbound, one))
		}
	}
	return events, len(found), a.tree, nil
}

// place is where a poller stands: the time of the newest message it has, and
// the ids of all messages of that time, or shortly before it.
type place struct {
	at      time.Time
	ids     []string
	overlap time.Duration
}

// parsePlace reads "2030-07-16T07:56:06.902Z id id".
func parsePlace(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	words := strings.Split(cursor, " ")
	at, err := time.Parse(time.RFC3339Nano, words[0])
	if err != nil {
		return place{}, &provider.Error{Code: provider.Rejected, Err: errBadCursor}
	}
	return place{at: at, ids: words[1:]}, nil
}

// String is the place as a cursor.
func (p place) String() string {
	if p.at.IsZero() && len(p.ids) == 0 {
		return ""
	}
	return strings.Join(append([]string{p.at.Format(time.RFC3339Nano)}, p.ids...), " ")
}

// has reports whether e was answered before.
func (p place) has(e provider.Event) bool {
	return !e.At.IsZero() && e.At.Before(p.at.Add(-p.overlap)) || slices.Contains(p.ids, wordID(e.ID))
}

// after is the place behind events that are in the order of their times.
func (p place) after(events []provider.Event) place {
	next := place{at: p.at, overlap: p.overlap}
	if n := len(events); n > 0 && events[n-1].At.After(p.at) {
		next.at = events[n-1].At
	}
	if next.at.Equal(p.at) {
		next.ids = slices.Clone(p.ids)
	}
	for _, e := range events {
		recent := e.At.IsZero() || !e.At.Before(next.at.Add(-p.overlap))
		if id := wordID(e.ID); recent && !slices.Contains(next.ids, id) {
			next.ids = append(next.ids, id)
		}
	}
	return next
}

// wordID keeps an id one word of a cursor.
func wordID(id string) string { return strings.ReplaceAll(id, " ", "_") }
