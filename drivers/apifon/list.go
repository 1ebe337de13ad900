package apifon

import (
	"context"
	"iter"
	"net/url"

	"github.com/anysms/anysms/provider"
)

const listPath = api + "/list"

// ListType is the kind of a list.
type ListType string

// Advanced is the only kind.
const Advanced ListType = "ADVANCED"

// ListStatus is the state of a list.
type ListStatus string

// The statuses.
const (
	ListIdle      ListStatus = "IDLE"
	ListUpdating  ListStatus = "UPDATING"
	ListCorrupted ListStatus = "CORRUPTED" // its last import failed
)

// List is a list of contacts.
type List struct {
	Meta                   Meta              `json:"meta"`
	ID                     string            `json:"id"`
	Type                   ListType          `json:"type"`
	Title                  string            `json:"title"`
	Status                 ListStatus        `json:"status"`
	Description            string            `json:"description"`
	Prefix                 string            `json:"prefix"`
	AccountID              int64             `json:"account_id"`
	DateCreated            Millis            `json:"date_created"`
	DateUpdated            Millis            `json:"date_updated"`
	CampaignDefaults       CampaignDefaults  `json:"campaign_defaults"`
	TotalSubscribers       int               `json:"total_subscribers"`
	ActiveSubscribers      int               `json:"active_subscribers"`
	ActiveEmailSubscribers int               `json:"active_email_subscribers"`
	FormID                 string            `json:"form_id"`
	Groups                 []Group           `json:"groups"`
	SubscriberFields       []SubscriberField `json:"subscriber_fields"`
	GDPRFields             []GDPRField       `json:"gdpr_fields"`
	BrandName              string            `json:"brand_name"`
	CompanyName            string            `json:"company_name"`
	GDPRProperties         GDPRProperties    `json:"gdpr_properties"`
	DoubleOptIn            DoubleOptIn       `json:"double_optin"`
	FormURLs               map[string]string `json:"form_urls"` // SUBSCRIBE, and deprecated ones
}

// NewList is a list to be created.
type NewList struct {
	Type ListType `json:"type"` // "" = ADVANCED
	ListSettings
}

// ListSettings is what can be changed of a list.
type ListSettings struct {
	Title            string            `json:"title"`
	Description      string            `json:"description,omitempty"`
	Prefix           string            `json:"prefix"` // calling code of numbers without one, "+30"
	CampaignDefaults *CampaignDefaults `json:"campaign_defaults,omitempty"`
	GDPRProperties   *GDPRProperties   `json:"gdpr_properties,omitempty"`
	DoubleOptIn      *DoubleOptIn      `json:"double_optin,omitempty"`
}

// CampaignDefaults are used by campaigns that do not override them.
type CampaignDefaults struct {
	SenderID      string `json:"sender_id,omitempty"` // up to 16 digits, or up to 11 letters and digits
	ViberSenderID string `json:"viber_sender_id,omitempty"`
	SenderName    string `json:"sender_name,omitempty"` // of e-mails
	From          string `json:"from,omitempty"`        // e-mail address
	ReplyTo       string `json:"reply_to,omitempty"`    // e-mail address
}

// GDPRProperties are the legal texts of a list's forms. All three are required.
type GDPRProperties struct {
	Compliant   bool   `json:"gdpr_compliant"`
	LegalText   string `json:"legal_text"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// DoubleOptIn is how new subscribers confirm.
type DoubleOptIn struct {
	Mobile              bool `json:"mobile"`
	Email               bool `json:"email"`
	ReviewMobileDetails bool `json:"review_mobile_details"` // needs Mobile
}

func (s *ListSettings) check() error {
	if err := need("title", s.Title, "prefix", s.Prefix); err != nil {
		return err
	}
	if d := s.CampaignDefaults; d != nil && d.SenderID != "" {
		if reason := badSender(d.SenderID); reason != "" {
			return fieldError(provider.Unsupported, "campaign_defaults.sender_id", "%s", reason)
		}
	}
	if g := s.GDPRProperties; g != nil {
		err := need("gdpr_properties.legal_text", g.LegalText, "gdpr_properties.title", g.Title, "gdpr_properties.description", g.Description)
		if err != nil {
			return err
		}
	}
	if o := s.DoubleOptIn; o != nil && o.ReviewMobileDetails && !o.Mobile {
		return fieldError(provider.Unsupported, "double_optin.review_mobile_details", "needs mobile")
	}
	return nil
}

// AddList makes a list (POST /list, scope writeList) and returns its id.
func (c *Client) AddList(ctx context.Context, l NewList) (id string, err error) {
	if l.Type == "" {
		l.Type = Advanced
	}
	if err := oneOf("type", l.Type, Advanced); err != nil {
		return "", err
	}
	if err := l.check(); err != nil {
		return "", err
	}
	return c.change(ctx, "POST", listPath, l)
}

// UpdateList changes a list (PUT /list/{list_id}, scope writeList).
func (c *Client) UpdateList(ctx context.Context, id string, s ListSettings) error {
	if err := need("list_id", id); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	_, err := c.change(ctx, "PUT", segments(listPath, id), s)
	return err
}

// RemoveList removes a list with its subscribers, forms and landing pages
// (DELETE /list/{list_id}, scopes writeList and writeSubscriber).
func (c *Client) RemoveList(ctx context.Context, id string) error {
	if err := need("list_id", id); err != nil {
		return err
	}
	_, err := c.change(ctx, "DELETE", segments(listPath, id), nil)
	return err
}

// GetList reads a list (GET /list/{list_id}, scope readList).
func (c *Client) GetList(ctx context.Context, id string, how Read) (*List, error) {
	if err := need("list_id", id); err != nil {
		return nil, err
	}
	var l List
	if err := c.read(ctx, segments(listPath, id), how, &l); err != nil {
		return nil, err
	}
	return &l, nil
}

// ListsPage reads one page of the account's lists (GET /list, scope readList),
// by default 20.
func (c *Client) ListsPage(ctx context.Context, p Paging) (*Page[List], error) {
	if err := p.check(0); err != nil {
		return nil, err
	}
	return getPage[List](ctx, c, listPath, p.values(url.Values{"type": {string(Advanced)}}))
}

// Lists iterates over the account's lists, page by page.
func (c *Client) Lists(ctx context.Context, p Paging) iter.Seq2[List, error] {
	return everyResult(p, func(p Paging) (*Page[List], error) { return c.ListsPage(ctx, p) })
}
