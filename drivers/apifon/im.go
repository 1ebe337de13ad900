package apifon

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/anysms/anysms/provider"
)

// IM is a request of the IM gateway: one instant message to one or several
// recipients, and the SMS that is sent if it is not delivered.
type IM struct {
	Recipients  []Recipient `json:"subscribers"`
	ReferenceID string      `json:"reference_id,omitempty"` // up to 255 characters
	Failover    *Text       `json:"message,omitempty"`      // nil = no SMS
	CallbackURL string      `json:"callback_url,omitempty"` // https; "" = no delivery reports
	ReplyURL    string      `json:"reply_url,omitempty"`    // https; for senders with two-way messages
	Channels    []Channel   `json:"im_channels"`
	Date        Time        `json:"date,omitzero"` // zero = now
}

// Channel is the content for one channel; the only one is Viber. It must be one
// of: text; image; text and action; text, image and action; video; text and
// video, where the video may have a caption.
type Channel struct {
	ID           string       `json:"id,omitempty"`        // "" = that of the token
	SenderID     string       `json:"sender_id,omitempty"` // "" = that of the token
	Text         string       `json:"text,omitempty"`      // up to 1000 characters, with Viber's markdown
	Images       []string     `json:"images,omitempty"`    // at most one address
	Actions      []Action     `json:"actions,omitempty"`   // at most one
	Videos       []Video      `json:"videos,omitempty"`    // at most one
	TTL          int          `json:"ttl,omitempty"`       // seconds, 30 to 86400; 0 = 86400
	ExpiryText   string       `json:"expiry_text,omitempty"`
	DeviceTarget DeviceTarget `json:"device_target,omitempty"`
}

// Action is a button under a message.
type Action struct {
	Title     string `json:"title"` // up to 30 characters
	TargetURL string `json:"target_url"`
}

// Video is a video in a message. Its server must support HEAD and send a
// Content-Length.
type Video struct {
	URL           string `json:"video_url"`
	ContentLength int    `json:"video_content_length"` // octets, up to 200 MB
	Duration      int    `json:"video_duration"`       // seconds, up to 600
	ThumbnailURL  string `json:"thumbnail_image_url"`  // up to 1000 characters
	ContentType   string `json:"video_content_type"`   // 3gp, m4v, mov or mp4
	Caption       string `json:"video_caption,omitempty"`
}

// DeviceTarget says which of a person's devices get a message.
type DeviceTarget string

// The device targets; the vendor's default is all.
const (
	SmartphoneOnly DeviceTarget = "SMARTPHONE_ONLY"
	AllDevices     DeviceTarget = "SMARTPHONE_AND_OTHER_DEVICES"
)

// The IM gateway's limits.
const (
	maxChannelText   = 1000
	maxActionTitle   = 30
	maxVideoCaption  = 30
	maxVideoOctets   = 200 << 20
	maxVideoDuration = 600
	maxThumbnailURL  = 1000
	minTTL           = 30
	maxTTL           = 86400
)

var videoTypes = []string{"3gp", "m4v", "mov", "mp4"}

// SendIM sends an instant message (POST /im/send, scope imGateway).
func (c *Client) SendIM(ctx context.Context, im IM) (*SendResult, error) {
	if err := checkIM(im); err != nil {
		return nil, err
	}
	return c.submit(ctx, api+"/im/send", im)
}

// RemoveIM cancels scheduled instant messages by their request id (POST
// /im/remove, scope imGateway) and returns how many.
func (c *Client) RemoveIM(ctx context.Context, requestID string) (int, error) {
	return c.remove(ctx, api+"/im/remove", removal{requestID, "REQUEST_ID"})
}

// RemoveIMByReference cancels scheduled instant messages by the reference id of
// their request.
func (c *Client) RemoveIMByReference(ctx context.Context, referenceID string) (int, error) {
	return c.remove(ctx, api+"/im/remove", removal{referenceID, "REFERENCE_ID"})
}

// removeIMAfterSMS is RemoveIM after the SMS gateway has said that it has nothing
// scheduled under the id. The credentials were good there: a refusal here means
// that the account has no instant messages, and so none is scheduled.
func (c *Client) removeIMAfterSMS(ctx context.Context, requestID string) (int, error) {
	r, err := c.call(ctx, "POST", api+"/im/remove", removal{requestID, "REQUEST_ID"})
	if err != nil {
		return 0, err
	}
	switch r.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return 0, nil
	}
	return c.removed(r)
}

func checkIM(im IM) error {
	if err := checkEnvelope(im.Recipients, im.ReferenceID, im.CallbackURL, im.ReplyURL); err != nil {
		return err
	}
	if im.Failover != nil {
		if err := checkText("message", *im.Failover); err != nil {
			return err
		}
	}
	if len(im.Channels) == 0 {
		return fieldError(provider.InvalidMessage, "im_channels", "must not be empty; want at least one")
	}
	for i := range im.Channels {
		if err := im.Channels[i].check(at("im_channels", i)); err != nil {
			return err
		}
	}
	return nil
}

// checkEnvelope checks what messages and files have in common.
func checkEnvelope(recipients []Recipient, reference, callback, reply string) error {
	if err := checkRecipients(recipients); err != nil {
		return err
	}
	if err := checkReference(reference); err != nil {
		return err
	}
	if err := checkCallback("callback_url", callback); err != nil {
		return err
	}
	return checkCallback("reply_url", reply)
}

func (c *Channel) check(field string) error {
	if err := c.checkContent(field); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(c.Text); n > maxChannelText {
		return fieldError(provider.Unsupported, field+".text", "%d characters; the vendor accepts at most %d", n, maxChannelText)
	}
	for i, image := range c.Images {
		if !hasScheme(image, "http", "https") {
			return fieldError(provider.Unsupported, field+"."+at("images", i), "want a URL that begins with http:// or https://")
		}
	}
	for i, a := range c.Actions {
		if err := a.check(field + "." + at("actions", i)); err != nil {
			return err
		}
	}
	for i := range c.Videos {
		if err := c.Videos[i].check(field + "." + at("videos", i)); err != nil {
			return err
		}
	}
	if c.DeviceTarget != "" && c.DeviceTarget != SmartphoneOnly && c.DeviceTarget != AllDevices {
		return fieldError(provider.Unsupported, field+".device_target", "%q; want %s or %s", c.DeviceTarget, SmartphoneOnly, AllDevices)
	}
	return checkTTL(field, c.TTL)
}

func checkTTL(field string, ttl int) error {
	if ttl != 0 && (ttl < minTTL || ttl > maxTTL) {
		return fieldError(provider.Unsupported, field+".ttl", "%d s; the vendor accepts %d to %d", ttl, minTTL, maxTTL)
	}
	return nil
}

// contents are the combinations that the reference allows.
var contents = []string{"text", "image", "text action", "text image action", "video", "text video"}

func (c *Channel) checkContent(field string) error {
	var has []string
	for _, part := range []struct {
		name  string
		count int
	}{{"text", min(len(c.Text), 1)}, {"image", len(c.Images)}, {"action", len(c.Actions)}, {"video", len(c.Videos)}} {
		if part.count > 1 {
			return fieldError(provider.Unsupported, field+"."+part.name+"s", "%d; the vendor accepts one", part.count)
		}
		if part.count == 1 {
			has = append(has, part.name)
		}
	}
	if len(c.Videos) == 1 && c.Videos[0].Caption != "" && c.Text == "" {
		return fieldError(provider.Unsupported, field+".videos[0].video_caption", "a button needs a text as well as the video")
	}
	if content := strings.Join(has, " "); !slices.Contains(contents, content) {
		return fieldError(provider.Unsupported, field, "the content is %q; the vendor accepts one of: %s", content, strings.Join(contents, ", "))
	}
	return nil
}

func (a Action) check(field string) error {
	switch n := utf8.RuneCountInString(a.Title); {
	case n == 0:
		return fieldError(provider.InvalidMessage, field+".title", "must not be empty")
	case n > maxActionTitle:
		return fieldError(provider.Unsupported, field+".title", "%d characters; the vendor accepts at most %d", n, maxActionTitle)
	case a.TargetURL == "":
		return fieldError(provider.InvalidMessage, field+".target_url", "must not be empty")
	}
	return nil
}

func (v *Video) check(field string) error {
	switch {
	case !hasScheme(v.URL, "http", "https"):
		return fieldError(provider.Unsupported, field+".video_url", "want a URL that begins with http:// or https://")
	case v.ContentLength < 1 || v.ContentLength > maxVideoOctets:
		return fieldError(provider.Unsupported, field+".video_content_length", "%d octets; the vendor accepts 1 to %d", v.ContentLength, maxVideoOctets)
	case v.Duration < 1 || v.Duration > maxVideoDuration:
		return fieldError(provider.Unsupported, field+".video_duration", "%d s; the vendor accepts 1 to %d", v.Duration, maxVideoDuration)
	case !hasScheme(v.ThumbnailURL, "http", "https") || utf8.RuneCountInString(v.ThumbnailURL) > maxThumbnailURL:
		return fieldError(provider.Unsupported, field+".thumbnail_image_url", "want a URL of at most %d characters", maxThumbnailURL)
	case !slices.Contains(videoTypes, v.ContentType):
		return fieldError(provider.Unsupported, field+".video_content_type", "%q; want one of %s", v.ContentType, strings.Join(videoTypes, ", "))
	case utf8.RuneCountInString(v.Caption) > maxVideoCaption:
		return fieldError(provider.Unsupported, field+".video_caption", "more than %d characters", maxVideoCaption)
	}
	return nil
}
