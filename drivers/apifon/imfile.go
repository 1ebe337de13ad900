package apifon

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/anysms/anysms/provider"
)

// IMFile is a request of the IM gateway that sends a file.
type IMFile struct {
	Recipients  []Recipient   `json:"subscribers"`            // without params
	ReferenceID string        `json:"reference_id,omitempty"` // up to 255 characters
	CallbackURL string        `json:"callback_url,omitempty"` // https; "" = no delivery reports
	ReplyURL    string        `json:"reply_url,omitempty"`    // https; for senders with two-way messages
	Channels    []FileChannel `json:"im_channels"`
	Date        Time          `json:"date,omitzero"` // zero = now
}

// FileChannel is the file for one channel.
type FileChannel struct {
	ID       string `json:"id,omitempty"`        // "" = that of the token
	SenderID string `json:"sender_id,omitempty"` // "" = that of the token
	Name     string `json:"file_name"`           // as recipients see it; up to 25 characters
	Type     string `json:"file_type"`           // without a dot: pdf
	URL      string `json:"file_url"`
	TTL      int    `json:"ttl,omitempty"` // seconds, 30 to 86400; 0 = 86400
}

const maxFileName = 25

// fileTypes are the reference's documents and spreadsheets.
var fileTypes = strings.Fields(`
	doc docx rtf dot dotx odt odf fodt txt info
	pdf xps pdax eps
	xls xlsx ods fods csv xlsm xltx`)

// SendIMFile sends a file (POST /im/file, scope imGateway).
func (c *Client) SendIMFile(ctx context.Context, file IMFile) (*SendResult, error) {
	if err := checkIMFile(file); err != nil {
		return nil, err
	}
	return c.submit(ctx, api+"/im/file", file)
}

func checkIMFile(file IMFile) error {
	if err := checkEnvelope(file.Recipients, file.ReferenceID, file.CallbackURL, file.ReplyURL); err != nil {
		return err
	}
	for i, r := range file.Recipients {
		if len(r.Params)+len(r.Landings) > 0 {
			return fieldError(provider.Unsupported, at("subscribers", i)+".params", "a file has no placeholders")
		}
	}
	if len(file.Channels) == 0 {
		return fieldError(provider.InvalidMessage, "im_channels", "must not be empty; want at least one")
	}
	for i, channel := range file.Channels {
		if err := channel.check(at("im_channels", i)); err != nil {
			return err
		}
	}
	return nil
}

func (f FileChannel) check(field string) error {
	switch n := utf8.RuneCountInString(f.Name); {
	case n == 0:
		return fieldError(provider.InvalidMessage, field+".file_name", "must not be empty")
	case n > maxFileName:
		return fieldError(provider.Unsupported, field+".file_name", "%d characters; the vendor accepts at most %d", n, maxFileName)
	case !slices.Contains(fileTypes, f.Type):
		return fieldError(provider.Unsupported, field+".file_type", "%q; want one of %s", f.Type, strings.Join(fileTypes, ", "))
	case !hasScheme(f.URL, "http", "https"):
		return fieldError(provider.Unsupported, field+".file_url", "want a URL that begins with http:// or https://")
	}
	return checkTTL(field, f.TTL)
}
