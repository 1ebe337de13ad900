package rest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/anysms/anysms/drivers/internal/inbox"
	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// inboxCall polls for messages that people sent.
type inboxCall struct {
	call `yaml:",inline"`
	// Each leads to the messages; if it does not exist, there are none. Only
	// selects those for which its conditions hold.
	Each    path       `yaml:"each"`
	Only    conditions `yaml:"only"`
	Inbound eventSpec  `yaml:"inbound"`
	// Page is for vendors that respond in pages; Next for those whose response
	// has a cursor of its own. Without Next the cursor is made of times and
	// ids. Overlap is how late the vendor may list a message after its time.
	Overlap span      `yaml:"overlap"`
	Page    *pageSpec `yaml:"page"`
	Next    *pick     `yaml:"next"`
}

// pageSpec is how pages are requested: by {page}, which counts from Start, or
// by {offset}. A page with fewer messages than Size is the last.
type pageSpec struct {
	Size  int `yaml:"size"`
	Start int `yaml:"start"`
}

// maxPages bounds one call of Inbox. Messages beyond it are not lost if the
// vendor lists the oldest first or accepts {since}.
const maxPages = 50

// Inbox reads the messages after the cursor. They are in the order of their
// times.
func (p *Provider) Inbox(ctx context.Context, cursor string) (events []provider.Event, next string, err error) {
	c := p.recipe.api.Inbox
	if c == nil {
		return nil, "", notInRecipe("inbox")
	}
	if c.Next != nil {
		return p.inboxPage(ctx, c, cursor)
	}
	since, err := inbox.ParsePosition(cursor)
	if err != nil {
		return nil, "", err
	}
	all, err := p.inboxAll(ctx, c, since.At)
	if err != nil {
		return nil, "", err
	}
	slices.SortStableFunc(all, func(a, b provider.Event) int { return a.At.Compare(b.At) })
	entries := make([]inbox.Entry, len(all))
	for i, e := range all {
		entries[i] = inbox.Entry{At: e.At, ID: e.ID}
		if !since.Passed(entries[i], c.Overlap.Duration) {
			events = append(events, e)
		}
	}
	return events, since.Advance(entries, c.Overlap.Duration).String(), nil
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
	return events, cmp.Or(c.Next.word(tree), cursor), nil
}

// inboxAll reads page after page.
func (p *Provider) inboxAll(ctx context.Context, c *inboxCall, since time.Time) ([]provider.Event, error) {
	var all []provider.Event
	known := make(map[string]bool) // pages shift if messages arrive meanwhile
	offset := 0
	for page := range maxPages {
		values := make(map[string]any, 3)
		if !since.IsZero() {
			values["since"] = p.recipe.api.Write.Since.write(since.Add(-c.Overlap.Duration))
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
	a, err := p.ask(ctx, &c.call, request.Scope{Settings: p.settings, Values: values})
	if err != nil {
		return nil, 0, nil, err
	}
	found, _ := c.Each.find(a.tree)
	for _, one := range found {
		if c.Only.hold(one) {
			e := p.event(&c.Inbound, provider.Inbound, one)
			e.Raw = a.RawOf(one)
			events = append(events, e)
		}
	}
	return events, len(found), a.tree, nil
}
