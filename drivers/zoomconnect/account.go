package zoomconnect

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Balance returns the account's credits. (GET account/balance)
func (c *Client) Balance(ctx context.Context) (Credits, error) {
	resp, err := c.get(ctx, "/account/balance", nil)
	if err != nil {
		return Credits{}, err
	}
	var answer struct {
		CreditBalance *Credits `json:"creditBalance"`
	}
	if err := resp.Decode(&answer); err != nil || answer.CreditBalance == nil {
		return Credits{}, resp.Indeterminate(errNotDocumented)
	}
	return *answer.CreditBalance, nil
}

// User is an account of the team.
type User struct {
	UserID        int64   `json:"userId,omitempty"`
	FirstName     string  `json:"firstName"`
	LastName      string  `json:"lastName"`
	EmailAddress  string  `json:"emailAddress,omitempty"`
	ContactNumber string  `json:"contactNumber"`
	Company       string  `json:"company,omitempty"`
	CreditBalance Credits `json:"creditBalance,omitzero"`
}

// NewUser is a sub-account to be created. All but Company is required.
type NewUser struct {
	User
	Password provider.Secret
}

// userRequest reveals the password to the vendor.
type userRequest struct {
	User
	Password string `json:"password,omitempty"`
}

// CreateUser creates a sub-account in the account's team. (PUT account/user)
func (c *Client) CreateUser(ctx context.Context, u NewUser) (*User, error) {
	required := []struct{ field, value string }{
		{"firstName", u.FirstName}, {"lastName", u.LastName}, {"emailAddress", u.EmailAddress},
		{"contactNumber", u.ContactNumber}, {"password", u.Password.Reveal()},
	}
	for _, r := range required {
		if r.value == "" {
			return nil, fieldError(r.field, "is required")
		}
	}
	return c.user(c.request(ctx, http.MethodPut, "/account/user", userRequest{u.User, u.Password.Reveal()}))
}

// UpdateUser changes a sub-account: first name, last name, contact number, and
// the password unless it is empty. The vendor changes nothing else. (POST
// account/user/{userId})
func (c *Client) UpdateUser(ctx context.Context, u NewUser) (*User, error) {
	if u.UserID <= 0 {
		return nil, fieldError("userId", "is required")
	}
	path := "/account/user/" + strconv.FormatInt(u.UserID, 10)
	return c.user(c.request(ctx, http.MethodPost, path, userRequest{u.User, u.Password.Reveal()}))
}

// User returns an account of the team. (GET account/user/{userId})
func (c *Client) User(ctx context.Context, id int64) (*User, error) {
	return c.user(c.get(ctx, "/account/user/"+strconv.FormatInt(id, 10), nil))
}

func (c *Client) user(resp *httpcall.Response, err error) (*User, error) {
	if err != nil {
		return nil, err
	}
	var u User
	if err := resp.Decode(&u); err != nil || u.UserID == 0 {
		return nil, resp.Indeterminate(errNotDocumented)
	}
	return &u, nil
}

// FindUsers searches for accounts by e-mail address. (GET account/user)
func (c *Client) FindUsers(ctx context.Context, email string) ([]User, error) {
	resp, err := c.get(ctx, "/account/user", url.Values{"searchEmail": {email}})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Users []User `json:"webServiceUserList"`
	}
	if err := resp.Decode(&answer); err != nil {
		return nil, resp.Indeterminate(err)
	}
	return answer.Users, nil
}

// Transfer moves credits between two users of the team, and returns one of them
// with the new balance. (POST account/transfer)
func (c *Client) Transfer(ctx context.Context, fromEmail, toEmail string, credits provider.Money) (*User, error) {
	if credits.Currency != provider.Credits || credits.Micros <= 0 {
		return nil, fieldError("numberOfCreditsToTransfer", credits.String()+"; want credits, more than 0")
	}
	body := struct {
		From    string  `json:"transferFromEmailAddress"`
		To      string  `json:"transferToEmailAddress"`
		Credits Credits `json:"numberOfCreditsToTransfer"`
	}{fromEmail, toEmail, Credits{credits}}
	return c.user(c.request(ctx, http.MethodPost, "/account/transfer", body))
}

// StatisticsFilter selects what is counted; the zero value of a field leaves it
// to the vendor, which counts all users for an administrator, else the account.
type StatisticsFilter struct {
	From, To              time.Time // days of the vendor's time zone
	UserEmailAddress      string
	Campaign              string
	IncludeRefundedOptOut bool
	CreditValue           bool // count credits, not messages
}

// Statistics is a report on what was sent.
type Statistics struct {
	From               Time             `json:"from"`
	To                 Time             `json:"to"`
	ShowingCreditValue bool             `json:"showingCreditValue"`
	GrandTotal         Counts           `json:"grandTotal"`
	Users              []UserStatistics `json:"users"`
}

// UserStatistics is one user's part of the report.
type UserStatistics struct {
	User      User   `json:"user"`
	Total     Counts `json:"total"`
	Campaigns []struct {
		Campaign   string `json:"campaign"`
		Statistics Counts `json:"statistics"`
	} `json:"campaigns"`
}

// Counts are numbers of messages, or amounts of credits.
type Counts struct {
	Delivered      json.Number `json:"delivered"`
	Sent           json.Number `json:"sent"`
	Failed         json.Number `json:"failed"`
	FailedRefunded json.Number `json:"failedRefunded"`
	FailedOptOut   json.Number `json:"failedOptout"`
	Total          json.Number `json:"total"`
}

// Statistics returns the report. (GET account/statistics)
func (c *Client) Statistics(ctx context.Context, f StatisticsFilter) (*Statistics, error) {
	q := make(url.Values)
	for name, value := range map[string]string{
		"from": c.config.date(f.From, statisticsForm), "to": c.config.date(f.To, statisticsForm),
		"userEmailAddress": f.UserEmailAddress, "campaign": f.Campaign,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range map[string]bool{"includeRefundedAndOptout": f.IncludeRefundedOptOut, "calculateCreditValue": f.CreditValue} {
		if value {
			q.Set(name, "true")
		}
	}
	resp, err := c.get(ctx, "/account/statistics", q)
	if err != nil {
		return nil, err
	}
	var s Statistics
	if err := resp.Decode(&s); err != nil {
		return nil, resp.Indeterminate(err)
	}
	return &s, nil
}
