package apifon

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// imExtras are the keys of provider.Message.Extra, after "apifon.", that make a
// message an instant message, with its Text as the SMS that may follow.
var imExtras = []string{
	"im_text", "im_sender", "im_channel", "im_image", "im_action_title", "im_action_url", "im_ttl", "im_expiry_text", "im_device_target",
	"im_video_url", "im_video_size", "im_video_duration", "im_video_thumbnail", "im_video_type", "im_video_caption",
}

// otpExtras are the keys of provider.VerificationRequest.Extra.
var otpExtras = []string{"im_text", "im_sender", "im_ttl", "im_device_target"}

// im converts a message with extras to the vendor's request.
func (p *Provider) im(m *provider.Message, extra map[string]string, e envelope) (IM, error) {
	if m.Validity != 0 {
		return IM{}, fieldError(provider.Unsupported, "tte", "Validity is not available for instant messages; use the extra apifon.im_ttl")
	}
	text, err := p.text(m)
	if err != nil {
		return IM{}, err
	}
	channel, err := channelOf(m.Text, extra)
	if err != nil {
		return IM{}, err
	}
	return IM{
		Recipients:  e.recipients,
		ReferenceID: e.reference,
		Failover:    &text,
		CallbackURL: p.callbacks(e.attempt),
		ReplyURL:    p.config.hook(p.config.ReplyURL, ""),
		Channels:    []Channel{channel},
		Date:        sendAt(m),
	}, nil
}

// channelOf converts the extras to the vendor's channel. If they have no
// content of their own, the message's text is the content.
func channelOf(text string, extra map[string]string) (Channel, error) {
	c := Channel{
		ID: extra["im_channel"], SenderID: extra["im_sender"], Text: extra["im_text"],
		ExpiryText: extra["im_expiry_text"], DeviceTarget: DeviceTarget(extra["im_device_target"]),
	}
	var err error
	if c.TTL, err = extraSeconds(extra, "im_ttl"); err != nil {
		return c, err
	}
	if image := extra["im_image"]; image != "" {
		c.Images = []string{image}
	}
	if title, address := extra["im_action_title"], extra["im_action_url"]; title != "" || address != "" {
		c.Actions = []Action{{title, address}}
	}
	if extra["im_video_url"] != "" {
		video, err := videoOf(extra)
		if err != nil {
			return c, err
		}
		c.Videos = []Video{video}
	} else if key := anyOf(extra, "im_video_"); key != "" {
		return c, fieldError(provider.Unsupported, driverName+"."+key, "needs apifon.im_video_url")
	}
	if c.Text == "" && len(c.Images) == 0 && len(c.Videos) == 0 {
		c.Text = text
	}
	for _, value := range extra {
		if err := checkMagic(value); err != nil {
			return c, err
		}
	}
	return c, nil
}

// anyOf returns the first key, in alphabetical order, that has the prefix and a
// value; "" = there is none.
func anyOf(extra map[string]string, prefix string) string {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		if strings.HasPrefix(key, prefix) && extra[key] != "" {
			return key
		}
	}
	return ""
}

func videoOf(extra map[string]string) (Video, error) {
	v := Video{
		URL: extra["im_video_url"], ThumbnailURL: extra["im_video_thumbnail"],
		ContentType: extra["im_video_type"], Caption: extra["im_video_caption"],
	}
	var err error
	if v.ContentLength, err = strconv.Atoi(extra["im_video_size"]); err != nil {
		return v, fieldError(provider.Unsupported, "apifon.im_video_size", "want a number of bytes")
	}
	v.Duration, err = extraSeconds(extra, "im_video_duration")
	return v, err
}

// extraSeconds reads a duration such as 90s; absent is 0.
func extraSeconds(extra map[string]string, key string) (int, error) {
	text, given := extra[key]
	if !given {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		return 0, fieldError(provider.Unsupported, driverName+"."+key, "want a duration such as 90s")
	}
	return int(d / time.Second), nil
}
