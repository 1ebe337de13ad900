package apifontest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Report is what the vendor reports about a message later.
type Report struct {
	Code      int    // a callback status of the message's channel
	Channel   string // default the message's; SMS for the SMS after an instant message
	ErrorCode string // the network operator's; default 000 for SMS
	Price     string // default 0.002
	VAT       string // default 0.00048
	MCCMNC    string // default 20210 for SMS
	Metadata  map[string]any
}

// smsStatuses are the words of the SMS callback statuses.
var smsStatuses = map[int]string{
	1: "absent", 3: "accepted", 4: "accepted_smsc", 5: "call_barred", 7: "delivered", 8: "expired", 11: "open",
	18: "rejected_smsc", 19: "teleservice_not_provisioned", 21: "unexpected_value", 22: "unknown_sub", 23: "smpp_refused",
	24: "smsc_refused", 101: "no_sender", 103: "invalid_sender", 105: "lookup_invalid_msisdn", 106: "unknown_sender_type",
	107: "account_not_allowed", 109: "no_coverage", 110: "no_price", 111: "spam_control", 112: "no_route_plan",
	113: "invalid_account", 115: "account_insufficient_credits",
}

// imStatuses are the words of the IM callback statuses.
var imStatuses = map[int]string{
	3: "sent", 7: "delivered", 8: "expired", 10: "seen", 11: "open", 22: "unknown_user", 101: "no_sender", 105: "invalid_msisdn",
	109: "no_coverage", 110: "no_product", 111: "spam_control", 115: "account_insufficient_credits", 119: "sender_id_disabled",
	120: "no_active_subscription", 121: "invalid_url", 130: "shared_sender_cap",
}

// accountID is the account's number in callbacks.
const accountID = 5411

// ReportBody is the delivery report of a message as the vendor would send it. The
// message is found by its message id, or if it was alone in its request by the request's.
func (s *Server) ReportBody(messageID string, r Report) ([]byte, error) {
	m, err := s.message(messageID)
	if err != nil {
		return nil, err
	}
	r.Channel = cmp.Or(r.Channel, m.Channel)
	words, from := smsStatuses, m.From
	if r.Channel == imChannel {
		words = imStatuses
	}
	if r.Channel == smsChannel && m.Failover != nil {
		from = m.Failover.From
	}
	item := map[string]any{
		"from": from, "to": strings.TrimPrefix(m.To, "+"), "message_id": m.ID,
		"status":    map[string]any{"code": r.Code, "text": words[r.Code]},
		"timestamp": s.options.Now().Unix(),
		"price":     cmp.Or(r.Price, "0.002"), "vat": cmp.Or(r.VAT, "0.00048"),
	}
	if m.CustomID != "" {
		item["custom_id"] = m.CustomID
	}
	if r.Channel == smsChannel {
		item["error_code"], item["mccmnc"] = cmp.Or(r.ErrorCode, "000"), cmp.Or(r.MCCMNC, "20210")
	}
	if r.Metadata != nil {
		item["metadata"] = r.Metadata
	}
	return json.Marshal(map[string]any{
		"url": m.CallbackURL, "request_id": m.RequestID, "reference_id": m.ReferenceID,
		"data": []any{item}, "account_id": accountID, "type": r.Channel,
	})
}

// Report sends a delivery report to the callback_url of the message's request,
// with [Options].Callbacks. A message without one is an error.
func (s *Server) Report(ctx context.Context, messageID string, r Report) error {
	body, err := s.ReportBody(messageID, r)
	if err != nil {
		return err
	}
	m, err := s.message(messageID)
	if err != nil {
		return err
	}
	return s.call(ctx, m.CallbackURL, body)
}

// ReplyBody is what the vendor would send when the recipient of a message
// replies to it.
func (s *Server) ReplyBody(messageID, text string) ([]byte, error) {
	m, err := s.message(messageID)
	if err != nil {
		return nil, err
	}
	from, id, at := strings.TrimPrefix(m.To, "+"), s.newID("message"), s.options.Now().Unix()
	if m.Channel == smsChannel {
		return json.Marshal(map[string]any{
			"message_id": id, "from": from, "to": m.From, "text": text, "timestamp": at, "type": smsChannel,
		})
	}
	return json.Marshal(map[string]any{
		"channel": m.Channel,
		"reply": map[string]any{
			"reply_message_id": id, "from": from, "to": m.From, "timestamp": at, "price": 0.05,
			"message": map[string]any{"text": text, "mediaUrl": nil, "mediaFileName": nil},
		},
		"original_im": map[string]any{
			"message_id": m.ID, "request_id": m.RequestID, "reference_id": m.ReferenceID, "custom_id": m.CustomID,
		},
	})
}

// Reply sends a reply to an instant message to the reply_url of its request.
func (s *Server) Reply(ctx context.Context, messageID, text string) error {
	body, err := s.ReplyBody(messageID, text)
	if err != nil {
		return err
	}
	m, err := s.message(messageID)
	if err != nil {
		return err
	}
	return s.call(ctx, m.ReplyURL, body)
}

// message finds a message by its id or that of its request.
func (s *Server) message(id string) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, known := s.places[id]; known {
		return s.messages[i], nil
	}
	return Message{}, fmt.Errorf("apifontest: no message has the id %s", id)
}

// call makes one callback. Any 2xx is success.
func (s *Server) call(ctx context.Context, url string, body []byte) error {
	if url == "" {
		return fmt.Errorf("apifontest: the request has no URL for this callback")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("apifontest: %w", err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer, err := s.options.Callbacks.Do(req)
	if err != nil {
		return fmt.Errorf("apifontest: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body) // the vendor ignores its content
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("apifontest: the callback got HTTP status %d", answer.StatusCode)
	}
	return nil
}
