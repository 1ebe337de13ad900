package zoomconnect

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/anysms/anysms/provider/httpcall"
)

// Analysis is the vendor's analysis of a text.
type Analysis struct {
	Encoding         string          `json:"messageEncoding"` // the vendor's word, "GSM7"
	Length           int             `json:"messageLength"`   // characters
	WithinMaximum    bool            `json:"messageLengthWithinMaximumAllowed"`
	NumberOfMessages int             `json:"numberOfMessages"` // segments
	CreditCost       Credits         `json:"messageCreditCost"`
	Characters       json.RawMessage `json:"characterAnalysis"` // the vendor does not document its format
}

type analyseRequest struct {
	Message         string `json:"message"`
	RecipientNumber string `json:"recipientNumber"`
}

func (r analyseRequest) private() []string { return []string{r.RecipientNumber, r.Message} }

// Analyse returns all that the vendor can say about a text to a recipient, and
// sends nothing. (POST messages/analyse/full)
func (c *Client) Analyse(ctx context.Context, message, recipient string) (*Analysis, error) {
	var a Analysis
	resp, err := c.analyse(ctx, "full", message, recipient)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(resp.Raw(), &a); err != nil || a.NumberOfMessages == 0 {
		return nil, resp.Indeterminate(errNotDocumented)
	}
	return &a, nil
}

// AnalyseCost returns the cost in credits. (POST
// messages/analyse/message-credit-cost)
func (c *Client) AnalyseCost(ctx context.Context, message, recipient string) (cost Credits, err error) {
	err = c.scalar(ctx, "message-credit-cost", message, recipient, &cost)
	return cost, err
}

// AnalyseEncoding returns the vendor's word for the encoding. (POST
// messages/analyse/message-encoding)
func (c *Client) AnalyseEncoding(ctx context.Context, message, recipient string) (string, error) {
	resp, err := c.analyse(ctx, "message-encoding", message, recipient)
	if err != nil {
		return "", err
	}
	word := strings.Trim(strings.TrimSpace(string(resp.Body)), `"`) // JSON or plain text
	if word == "" {
		return "", resp.Indeterminate(errNotDocumented)
	}
	return word, nil
}

// AnalyseLength returns the number of characters. (POST
// messages/analyse/message-length)
func (c *Client) AnalyseLength(ctx context.Context, message, recipient string) (n int, err error) {
	err = c.scalar(ctx, "message-length", message, recipient, &n)
	return n, err
}

// AnalyseWithinMaximum reports whether the vendor accepts a text of this
// length. (POST messages/analyse/message-length-within-max-allowed)
func (c *Client) AnalyseWithinMaximum(ctx context.Context, message, recipient string) (ok bool, err error) {
	err = c.scalar(ctx, "message-length-within-max-allowed", message, recipient, &ok)
	return ok, err
}

// AnalyseNumberOfMessages returns the number of segments. (POST
// messages/analyse/number-of-messages)
func (c *Client) AnalyseNumberOfMessages(ctx context.Context, message, recipient string) (n int, err error) {
	err = c.scalar(ctx, "number-of-messages", message, recipient, &n)
	return n, err
}

func (c *Client) analyse(ctx context.Context, what, message, recipient string) (*httpcall.Response, error) {
	return c.request(ctx, http.MethodPost, "/messages/analyse/"+what, analyseRequest{message, recipient})
}

// scalar reads a bare value. It may come in quotes.
func (c *Client) scalar(ctx context.Context, what, message, recipient string, value any) error {
	resp, err := c.analyse(ctx, what, message, recipient)
	if err != nil {
		return err
	}
	body := string(resp.Body)
	if plain, err := strconv.Unquote(strings.TrimSpace(body)); err == nil {
		body = plain
	}
	if strings.TrimSpace(body) == "null" || json.Unmarshal([]byte(body), value) != nil {
		return resp.Indeterminate(errNotDocumented)
	}
	return nil
}
