package apifon

import (
	"context"

	"github.com/anysms/anysms/provider"
)

// SubscriberField is a custom field of a list's subscribers.
type SubscriberField struct {
	Field      string     `json:"field,omitempty"` // its id, assigned by the vendor
	Name       string     `json:"name"`
	Type       FieldType  `json:"type,omitempty"` // cannot be changed
	Length     int        `json:"length"`         // 1 to 256
	DateFormat DateFormat `json:"date_format,omitempty"`
	Internal   bool       `json:"internal"` // not shown on forms
}

// FieldType is the type of a field's values.
type FieldType string

// The field types. Times are UTC.
const (
	DateField   FieldType = "DATE"
	TextField   FieldType = "TEXT"
	NumberField FieldType = "NUMBER"
	URLField    FieldType = "URL"
	EmailField  FieldType = "EMAIL"
)

// DateFormat is how a date is written; for yy the vendor accepts two or four
// digits.
type DateFormat string

// The date formats.
const (
	DayMonthYearDash  DateFormat = "dd-MM-yy"
	YearMonthDayDash  DateFormat = "yy-MM-dd"
	MonthDayYearDash  DateFormat = "MM-dd-yy"
	DayMonthYearSlash DateFormat = "dd/MM/yy"
	YearMonthDaySlash DateFormat = "yy/MM/dd"
	MonthDayYearSlash DateFormat = "MM/dd/yy"
)

const maxFieldLength = 256

func (f *SubscriberField) check() error {
	if err := need("name", f.Name); err != nil {
		return err
	}
	if f.Length < 1 || f.Length > maxFieldLength {
		return fieldError(provider.Unsupported, "length", "%d; the vendor accepts 1 to %d", f.Length, maxFieldLength)
	}
	if err := oneOf("type", f.Type, DateField, TextField, NumberField, URLField, EmailField); err != nil {
		return err
	}
	if f.DateFormat != "" && f.Type != "" && f.Type != DateField {
		return fieldError(provider.Unsupported, "date_format", "is for fields of type DATE")
	}
	return oneOf("date_format", f.DateFormat, DayMonthYearDash, YearMonthDayDash, MonthDayYearDash,
		DayMonthYearSlash, YearMonthDaySlash, MonthDayYearSlash)
}

// AddSubscriberField adds a field to a list (POST /list/{list_id}/field, scope
// writeList) and returns its id.
func (c *Client) AddSubscriberField(ctx context.Context, listID string, f SubscriberField) (field string, err error) {
	if err := need("list_id", listID, "type", string(f.Type)); err != nil {
		return "", err
	}
	f.Field = ""
	if err := f.check(); err != nil {
		return "", err
	}
	return c.change(ctx, "POST", segments(listPath, listID, "field"), f)
}

// UpdateSubscriberField changes a field (PUT /list/{list_id}/field/{field},
// scope writeList). Its type cannot be changed.
func (c *Client) UpdateSubscriberField(ctx context.Context, listID, field string, f SubscriberField) error {
	if err := need("list_id", listID, "field", field); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	f.Field, f.Type = "", ""
	_, err := c.change(ctx, "PUT", segments(listPath, listID, "field", field), f)
	return err
}

// RemoveSubscriberField removes a field (DELETE /list/{list_id}/field/{field},
// scopes writeList and writeSubscriber).
func (c *Client) RemoveSubscriberField(ctx context.Context, listID, field string) error {
	if err := need("list_id", listID, "field", field); err != nil {
		return err
	}
	_, err := c.change(ctx, "DELETE", segments(listPath, listID, "field", field), nil)
	return err
}

// GDPRField is a purpose to which subscribers consent.
type GDPRField struct {
	Field       string `json:"field,omitempty"` // its id, assigned by the vendor
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Mobile      *bool  `json:"mobile,omitempty"` // nil = unknown
	Email       *bool  `json:"email,omitempty"`
}

// AddGDPRField adds a purpose to a list (POST /list/{list_id}/gdpr, scope
// writeList) and returns its id. Only name and description are sent.
func (c *Client) AddGDPRField(ctx context.Context, listID string, f GDPRField) (field string, err error) {
	if err := need("list_id", listID, "name", f.Name); err != nil {
		return "", err
	}
	return c.change(ctx, "POST", segments(listPath, listID, "gdpr"), GDPRField{Name: f.Name, Description: f.Description})
}

// UpdateGDPRField changes a purpose (PUT /list/{list_id}/gdpr/{field}, scope
// writeList). Only name and description are sent. The vendor documents no
// removal.
func (c *Client) UpdateGDPRField(ctx context.Context, listID, field string, f GDPRField) error {
	if err := need("list_id", listID, "field", field, "name", f.Name); err != nil {
		return err
	}
	_, err := c.change(ctx, "PUT", segments(listPath, listID, "gdpr", field), GDPRField{Name: f.Name, Description: f.Description})
	return err
}
