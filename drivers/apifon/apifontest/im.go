package apifontest

import (
	"net/http"
	"slices"
	"strings"
)

// imRequest is the body of im/send and im/file.
type imRequest struct {
	Subscribers []recipient `json:"subscribers"`
	ReferenceID string      `json:"reference_id"`
	Message     *smsText    `json:"message"`
	CallbackURL string      `json:"callback_url"`
	ReplyURL    string      `json:"reply_url"`
	Channels    []channel   `json:"im_channels"`
	Date        string      `json:"date"`
}

type channel struct {
	SenderID string `json:"sender_id"`
	Text     string `json:"text"`
	FileName string `json:"file_name"`
}

// defaultIMSender is the sender of the token, for requests without one.
const defaultIMSender = "ExampleIM"

var ttl = integer(30, 86400)

var webAddress = address("http", "https")

var deviceTarget = oneOf("SMARTPHONE_ONLY", "SMARTPHONE_AND_OTHER_DEVICES")

var video = object(map[string]field{
	"video_url":            must(webAddress),
	"video_content_length": must(integer(1, 200<<20)),
	"video_duration":       must(integer(1, 600)),
	"thumbnail_image_url":  must(all(webAddress, text(1, 1000))),
	"video_content_type":   must(oneOf("3gp", "m4v", "mov", "mp4")),
	"video_caption":        may(text(0, 30)),
})

var action = object(map[string]field{
	"title":      must(text(1, 30)),
	"target_url": must(text(1, 0)),
})

// contents are the combinations of a channel that the reference allows.
var contents = []string{"text", "images", "text actions", "text images actions", "videos", "text videos"}

var imChannelCheck = all(object(map[string]field{
	"id":            may(text(1, 0)),
	"sender_id":     may(text(1, 0)),
	"text":          may(text(1, 1000)),
	"images":        may(array(0, 1, webAddress)),
	"actions":       may(array(0, 1, action)),
	"videos":        may(array(0, 1, video)),
	"ttl":           may(ttl),
	"expiry_text":   may(text(0, 0)),
	"device_target": may(deviceTarget),
}), func(at string, v any) *fault {
	members := v.(map[string]any)
	var has []string
	for _, part := range []string{"text", "images", "actions", "videos"} {
		if l, isList := members[part].([]any); members[part] != nil && (!isList || len(l) > 0) {
			has = append(has, part)
		}
	}
	if !slices.Contains(contents, strings.Join(has, " ")) {
		return &fault{at, "the content must follow one of the allowed patterns"}
	}
	return nil
})

// failover also accepts the empty object, which the reference shows for "none".
func failover(at string, v any) *fault {
	if members, ok := v.(map[string]any); ok && len(members) == 0 {
		return nil
	}
	return message(at, v)
}

var sendIM = object(map[string]field{
	"subscribers":  must(recipients),
	"reference_id": may(text(0, 255)),
	"message":      may(failover),
	"callback_url": may(callbackURL),
	"reply_url":    may(callbackURL),
	"im_channels":  must(array(1, 0, imChannelCheck)),
	"date":         may(date),
})

// fileTypes are the reference's file types.
var fileTypes = strings.Fields(`doc docx rtf dot dotx odt odf fodt txt info pdf xps pdax eps xls xlsx ods fods csv xlsm xltx`)

var sendIMFile = object(map[string]field{
	"subscribers": must(array(1, 0, object(map[string]field{
		"number":    must(number),
		"custom_id": may(text(0, 0)),
	}))),
	"reference_id": may(text(0, 255)),
	"callback_url": may(callbackURL),
	"reply_url":    may(callbackURL),
	"im_channels": must(array(1, 0, object(map[string]field{
		"id":        may(text(1, 0)),
		"sender_id": may(text(1, 0)),
		"file_name": must(text(1, 25)),
		"file_type": must(oneOf(fileTypes...)),
		"file_url":  must(webAddress),
		"ttl":       may(ttl),
	}))),
	"date": may(date),
})

// sendIM is POST /im/send.
func (s *Server) sendIM(r *request) answer { return s.takeIM(r, sendIM) }

// sendIMFile is POST /im/file. The text of its messages is the file's name.
func (s *Server) sendIMFile(r *request) answer { return s.takeIM(r, sendIMFile) }

func (s *Server) takeIM(r *request, c check) answer {
	var body imRequest
	if wrong := s.read(r, c, &body); wrong != nil {
		return *wrong
	}
	accepted := make([]Message, len(body.Subscribers))
	for i, to := range body.Subscribers {
		m, wrong := s.composeIM(to, body.Channels[0], body.Message)
		if wrong != nil {
			return s.gatewayError(http.StatusForbidden, wrong.field+": "+wrong.reason)
		}
		accepted[i] = m
	}
	return s.accept(accepted, envelope{body.ReferenceID, body.CallbackURL, body.ReplyURL, body.Date})
}

// composeIM makes the message that one recipient gets, and the SMS after it.
func (s *Server) composeIM(to recipient, c channel, sms *smsText) (Message, *fault) {
	rendered, pages := s.replace(c.Text+c.FileName, to.Params)
	if strings.Contains(rendered, "{apifon_") {
		return Message{}, &fault{"im_channels[0].text", "a placeholder has no landing page"}
	}
	m := Message{
		Channel: imChannel, To: "+" + to.Number, From: c.SenderID, Text: rendered, Segments: 1,
		CustomID: to.CustomID, pages: pages,
	}
	if m.From == "" {
		m.From = defaultIMSender
	}
	if sms == nil || sms.Text == "" {
		return m, nil
	}
	after, wrong := s.compose(to, *sms)
	if wrong != nil {
		return Message{}, wrong
	}
	m.Failover = &Failover{after.From, after.Text, after.DataCoding, after.Segments}
	return m, nil
}
