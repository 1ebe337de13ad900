package apifon_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
)

// viber makes a message with extras: name, value, name, value.
func viber(pairs ...string) *provider.Message {
	m := hello()
	m.Extra = map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m.Extra["apifon."+pairs[i]] = pairs[i+1]
	}
	return m
}

var film = []string{
	"im_video_url", "https://v.example/v.mp4", "im_video_size", "912534", "im_video_duration", "15s",
	"im_video_thumbnail", "https://v.example/t.png", "im_video_type", "mp4",
}

func TestViberFirst(t *testing.T) {
	server, p := open(t, func(c *apifon.Config) {
		c.CallbackURL, c.ReplyURL = "https://hooks.example/dlr", "https://hooks.example/reply"
	})
	m := viber("im_text", "*Hello* on Viber", "im_sender", "Brand")
	m.Ref, m.SendAt = "r-1", time.Now().Add(time.Hour)
	receipt, err := p.Send(t.Context(), m)
	require.NoError(t, err)
	got := server.Messages()[0]
	assert.Equal(t, "VIBER", got.Channel)
	assert.Equal(t, "*Hello* on Viber", got.Text)
	assert.Equal(t, "Brand", got.From)
	assert.Equal(t, "r-1", got.ReferenceID)
	assert.Equal(t, "https://hooks.example/dlr", got.CallbackURL)
	assert.Equal(t, "https://hooks.example/reply", got.ReplyURL)
	assert.Equal(t, &apifontest.Failover{From: "Example", Text: "hello", DataCoding: 0, Segments: 1}, got.Failover)
	assert.Equal(t, got.RequestID, receipt.ID)

	require.NoError(t, p.Cancel(t.Context(), receipt.ID))
	assert.True(t, server.Messages()[0].Removed)
}

func TestViberContents(t *testing.T) {
	tests := []struct {
		name string
		m    *provider.Message
	}{
		{"the text alone", viber("im_sender", "Brand")},
		{"image", viber("im_image", "https://i.example/a.jpg")},
		{"text, image and action", viber("im_text", "x", "im_image", "https://i.example/a.jpg", "im_action_title", "Go", "im_action_url", "https://a.example")},
		{"text and action", viber("im_action_title", "Go", "im_action_url", "https://a.example")},
		{"video", viber(film...)},
		{"text and video with a button", viber(append([]string{"im_text", "x", "im_video_caption", "Watch"}, film...)...)},
		{"life, expiry and devices", viber("im_ttl", "90s", "im_expiry_text", "too late", "im_device_target", "SMARTPHONE_ONLY", "im_channel", "viber")},
	}
	_, p := open(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.Send(t.Context(), tt.m)
			require.NoError(t, err)
		})
	}
}

func TestViberRefusedWithoutRequest(t *testing.T) {
	validity := viber("im_text", "x")
	validity.Validity = time.Hour
	magic := viber("im_text", "x")
	magic.Text = "{apifon_lp}"
	tests := []struct {
		name string
		m    *provider.Message
		want string
	}{
		{"validity", validity, "im_ttl"},
		{"magic in the SMS", magic, "{apifon_"},
		{"magic", viber("im_text", "{apifon_lp}"), "{apifon_"},
		{"magic in an address", viber("im_action_title", "Go", "im_action_url", "https://a.example/{apifon_lp}"), "{apifon_"},
		{"video without an address", viber("im_text", "x", "im_video_caption", "Watch"), "im_video_url"},
		{"unknown extra", viber("im_colour", "red"), "apifon.im_colour"},
		{"long text", viber("im_text", strings.Repeat("x", 1001)), "im_channels[0].text"},
		{"image and action", viber("im_image", "https://i.example/a.jpg", "im_action_title", "Go", "im_action_url", "https://a.example"), "im_channels[0]"},
		{"image and text", viber("im_image", "https://i.example/a.jpg", "im_text", "x"), "im_channels[0]"},
		{"image and video", viber(append([]string{"im_image", "https://i.example/a.jpg"}, film...)...), "im_channels[0]"},
		{"button without text", viber(append([]string{"im_video_caption", "Watch"}, film...)...), "video_caption"},
		{"image address", viber("im_image", "a.jpg"), "images[0]"},
		{"action title", viber("im_action_title", strings.Repeat("x", 31), "im_action_url", "https://a.example"), "actions[0].title"},
		{"action address", viber("im_action_title", "Go"), "target_url"},
		{"life", viber("im_ttl", "29s"), "ttl"},
		{"life in words", viber("im_ttl", "soon"), "apifon.im_ttl"},
		{"device", viber("im_device_target", "FRIDGE"), "device_target"},
		{"video size", viber("im_video_url", "https://v.example"), "im_video_size"},
		{"video too large", viber(append(film, "im_video_size", "209715201")...), "video_content_length"},
		{"video too long", viber(append(film, "im_video_duration", "601s")...), "video_duration"},
		{"video type", viber(append(film, "im_video_type", "avi")...), "video_content_type"},
	}
	server, p := open(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.Send(t.Context(), tt.m)
			require.Error(t, err)
			assert.Contains(t, []provider.Code{provider.Unsupported, provider.InvalidMessage}, provider.CodeOf(err))
			assert.ErrorContains(t, err, tt.want)
		})
	}
	assert.Zero(t, server.Requests())
}
