package queuetest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Vendor is a vendor on a real socket, which counts how often it was sent each message.
type Vendor struct {
	URL string

	mu    sync.Mutex
	total int               // messages that it has taken
	sent  map[string]int    // the same, by ref
	last  map[string]string // the text, by ref
	// status is what it returns; 0 = it takes messages.
	status int
	// meet is called for each message; nil = nothing is.
	meet func(ref string)
}

// NewVendor starts a vendor for a test.
func NewVendor(t testing.TB) *Vendor {
	v := &Vendor{sent: make(map[string]int), last: make(map[string]string)}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	v.URL = server.URL
	return v
}

// message is what the vendor takes and returns.
type message struct {
	Ref  string `json:"ref"`
	Text string `json:"text"`
}

// ServeHTTP takes a message.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m message
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		http.Error(w, "cut off", http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	status, meet := v.status, v.meet
	if status == 0 {
		v.total++
		v.sent[m.Ref]++
		v.last[m.Ref] = m.Text
	}
	v.mu.Unlock()
	if meet != nil {
		meet(m.Ref)
	}
	if status != 0 {
		http.Error(w, "no", status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(m) // a client that was killed reads nothing
}

// Refuse makes the vendor return a status for every message; 0 = it takes them again.
func (v *Vendor) Refuse(status int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status = status
}

// Meet sets what is called for each message before it is answered.
func (v *Vendor) Meet(f func(ref string)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.meet = f
}

// Sent returns how often the vendor has taken a message.
func (v *Vendor) Sent(ref string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sent[ref]
}

// Text returns the text that the vendor has taken last under a ref.
func (v *Vendor) Text(ref string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last[ref]
}

// Total returns how many messages the vendor has taken.
func (v *Vendor) Total() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.total
}

// client is a provider for the vendor.
type client struct{ http *httpcall.Client }

// NewProvider returns a provider for the vendor at a URL.
func NewProvider(url string) (provider.Provider, error) {
	c, err := httpcall.New(httpcall.Config{BaseURL: url})
	return &client{c}, err
}

// Capabilities implements [provider.Provider].
func (*client) Capabilities() provider.Capabilities { return provider.Capabilities{} }

// Send implements [provider.Provider].
func (c *client) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if m.Text == "boom" {
		panic("the driver has a bug")
	}
	r, err := httpcall.JSON(http.MethodPost, "/messages", message{m.Ref, m.Text})
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	resp, err := c.http.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if resp.Status == http.StatusServiceUnavailable { // this vendor documents it
		return nil, provider.NewError(provider.Unavailable, "it takes no messages now")
	}
	var taken message
	if err := resp.Decode(&taken); err != nil || taken.Ref != m.Ref {
		return nil, resp.ByStatus()
	}
	return &provider.Receipt{ID: "id-" + taken.Ref}, nil
}
