package conformance_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

const apiKey = "k3y-0f-the-reference"

// reference is a correct driver for an imaginary vendor: a JSON body with to,
// from and text goes to /messages; the response has an id or an error.
type reference struct {
	client *httpcall.Client
}

func newReference(url string) (*reference, error) {
	return newTimed(url, 0)
}

// newTimed is newReference with a timeout for each request.
func newTimed(url string, timeout time.Duration) (*reference, error) {
	client, err := httpcall.New(httpcall.Config{BaseURL: url, Timeout: provider.Duration(timeout)}, apiKey)
	if err != nil {
		return nil, err
	}
	return &reference{client: client}, nil
}

// retime gives the driver another timeout.
func (r *reference) retime(url string, timeout time.Duration) {
	if timed, err := newTimed(url, timeout); err == nil {
		r.client = timed.client
	}
}

func openReference(url string) (provider.Provider, error) { return newReference(url) }

// referenceTime is how the vendor writes times, in UTC.
const referenceTime = "2006-01-02 15:04"

type referenceRequest struct {
	To   string `json:"to"`
	From string `json:"from,omitempty"`
	Text string `json:"text"`
	Ref  string `json:"ref,omitempty"`
	TTL  int    `json:"ttl,omitempty"`
	At   string `json:"at,omitempty"`
}

// word is a JSON string, or a number as it is written.
type word string

func (w *word) UnmarshalJSON(b []byte) error {
	*w = word(strings.Trim(string(b), `"`))
	return nil
}

// isID reports whether a word can be an id, and not some other JSON value.
func isID(w word) bool { return strings.Trim(string(w), "0123456789abcdefxZq-") == "" }

type referenceResponse struct {
	ID    word `json:"id"`
	Error struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

var referenceCodes = map[int]provider.Code{
	1: provider.InvalidRecipient, 2: provider.InvalidMessage, 3: provider.OptedOut, 4: provider.SenderRejected,
	5: provider.Unsupported, 6: provider.NoRoute, 7: provider.Rejected, 8: provider.RateLimited,
	9: provider.Unauthenticated, 10: provider.InsufficientFunds, 11: provider.Unavailable, 12: provider.Indeterminate,
}

func (r *reference) Close() error { return r.client.Close() }

func (r *reference) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	request, err := r.request(m)
	if err != nil {
		return nil, err
	}
	response, err := r.client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	return r.judge(response)
}

func (r *reference) request(m *provider.Message) (httpcall.Request, error) {
	body, err := r.body(m)
	if err != nil {
		return httpcall.Request{}, err
	}
	request, err := httpcall.JSON(http.MethodPost, "/messages", body)
	if err != nil {
		return httpcall.Request{}, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	request.Header.Set("Authorization", "Bearer "+apiKey)
	request.Private = []string{m.To.Digits(), m.Text}
	return request, nil
}

// body refuses what the vendor does not support.
func (r *reference) body(m *provider.Message) (referenceRequest, error) {
	if err := m.Validate(); err != nil {
		return referenceRequest{}, err
	}
	if _, err := m.ExtraOf("reference"); err != nil {
		return referenceRequest{}, err
	}
	if utf8.RuneCountInString(m.Text) > maxCharacters {
		return referenceRequest{}, provider.NewError(provider.Unsupported, "the text is longer than the vendor allows")
	}
	request := referenceRequest{To: m.To.String(), From: m.From, Text: m.Text, Ref: m.Ref, TTL: int(m.Validity.Seconds())}
	if !m.SendAt.IsZero() {
		request.At = m.SendAt.UTC().Format(referenceTime)
	}
	return request, nil
}

func (r *reference) judge(response *httpcall.Response) (*provider.Receipt, error) {
	var body referenceResponse
	err := response.Decode(&body)
	switch {
	case err == nil && body.Error.Code != 0:
		code, known := referenceCodes[body.Error.Code]
		if !known {
			code = provider.Rejected
		}
		return nil, response.Failed(code, strconv.Itoa(body.Error.Code), body.Error.Message)
	case !response.OK():
		return nil, response.ByStatus()
	case err != nil:
		return nil, response.Indeterminate(err)
	case body.ID == "" || !isID(body.ID):
		return nil, response.Indeterminate(errors.New("the response has no id"))
	}
	return &provider.Receipt{ID: string(body.ID), Raw: response.Raw()}, nil
}

// referenceReplies are the imaginary vendor's documented responses.
func referenceReplies() fstest.MapFS {
	files := fstest.MapFS{"accepted.http": reply(
		"# source: the reference vendor\n# validity: seconds\n# send_at: " + referenceTime + "\nHTTP/1.1 200 OK\nContent-Type: application/json\n\n" +
			`{"id":"{{id}}","to":"{{to}}","note":"ok"}` + "\n"),
		"accepted.number.http":  reply("# source: the reference vendor\nHTTP/1.1 200 OK\n\n" + `{"id":{{number}}}` + "\n"),
		"accepted.created.http": reply("# source: the reference vendor\nHTTP/1.1 201 Created\n\n" + `{"id":"{{uuid}}"}` + "\n")}
	for number, code := range referenceCodes {
		head := "# source: the reference vendor\n# vendor_code: " + strconv.Itoa(number) + "\nHTTP/1.1 400 Bad Request\n"
		if code == provider.RateLimited {
			head += "Retry-After: 30\n"
		}
		files[string(code)+".http"] = reply(head + "\n" +
			`{"error":{"code":` + strconv.Itoa(number) + `,"message":"no, not to {{digits}}"}}` + "\n")
	}
	for name, text := range referenceExtras() {
		files[name] = reply(text)
	}
	return files
}

func reply(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func referenceHarness(open func(url string) (provider.Provider, error)) conformance.Harness {
	return conformance.Harness{
		Open:    open,
		Replies: referenceReplies(),
		Secrets: []string{apiKey},
		Extra:   "reference",
		OpenTimeout: func(url string, timeout time.Duration) (provider.Provider, error) {
			p, err := open(url)
			if r, ok := p.(interface {
				retime(url string, timeout time.Duration)
			}); ok && err == nil {
				r.retime(url, timeout)
			}
			return p, err
		},
	}
}
