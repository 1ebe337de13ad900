package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"

	"github.com/anysms/anysms/provider"
)

// Harness describes a driver to the suite.
type Harness struct {
	// Open returns a provider for the vendor at url. It is called for every case,
	// concurrently, and must not make a request. A driver without HTTP ignores the
	// url.
	Open func(url string) (provider.Provider, error)
	// Replies has the vendor's responses and callbacks; see the package
	// documentation. nil, or no *.http files at its root, means that the driver
	// makes no HTTP requests.
	Replies fs.FS
	// Secrets are the credentials that Open uses. They must not appear in errors,
	// receipts or logs of the driver.
	Secrets []string
	// Text returns the recipient and the text of a request that sends a message. It
	// is needed if the vendor has a special encoding for the text; nil finds equal
	// values in the path, the query, and a form, JSON or XML body.
	Text func(r *http.Request, body []byte) (to, text string)
	// OtherRequests serves requests that do not send, such as those for tokens. A
	// request sends if it has a message's recipient or text. nil means that the
	// driver makes no other requests: each one counts as a send.
	OtherRequests http.Handler
	// Parallel is the number of cases that run concurrently; 0 = 32, as most of
	// them wait. Use fewer if Open starts a process.
	Parallel int
	// Skip has the reasons to skip cases, by id. Core cases cannot be skipped.
	Skip map[string]string

	account *account // set by ForDriver
}

// suite is a valid harness.
type suite struct {
	Harness
	replies   map[string][]reply // by outcome: "accepted", "invalid_recipient"; empty = no HTTP
	batches   []batchReply
	callbacks []golden
}

// http reports whether the driver makes HTTP requests.
func (s *suite) http() bool { return len(s.replies) > 0 }

// accepted returns the response that the faults modify.
func (s *suite) accepted() reply { return s.replies[acceptedReply][0] }

func newSuite(h Harness) (*suite, error) {
	if h.Open == nil {
		return nil, errors.New("Open must not be nil")
	}
	if err := checkSkips(h.Skip); err != nil {
		return nil, err
	}
	s := &suite{Harness: h}
	if h.Replies == nil {
		return s, nil
	}
	var err error
	if s.replies, err = readReplies(h.Replies); err != nil {
		return nil, err
	}
	if s.batches, err = readBatches(h.Replies); err != nil {
		return nil, err
	}
	if s.callbacks, err = readCallbacks(h.Replies); err != nil {
		return nil, err
	}
	if s.http() && len(s.replies[acceptedReply]) == 0 {
		return nil, errors.New("Replies: accepted.http is missing: the vendor's response to a message that it accepts")
	}
	return s, nil
}

func checkSkips(skip map[string]string) error {
	for _, id := range slices.Sorted(maps.Keys(skip)) {
		i := slices.IndexFunc(catalogue(), func(c Case) bool { return c.ID == id })
		switch {
		case i < 0:
			return fmt.Errorf("Skip: unknown case %q; see Catalogue", id)
		case catalogue()[i].Core:
			return fmt.Errorf("Skip: %s is a core case and cannot be skipped", id)
		case skip[id] == "":
			return fmt.Errorf("Skip: the reason for %s must not be empty", id)
		}
	}
	return nil
}
