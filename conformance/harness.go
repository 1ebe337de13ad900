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

// Harness is what the suite needs to know of a driver.
type Harness struct {
	// Open makes a provider that speaks to the vendor at url. It is called for
	// every case, at once from many goroutines, and makes no request. A driver
	// without HTTP ignores the url.
	Open func(url string) (provider.Provider, error)
	// Replies holds the vendor's answers and callbacks; see the package
	// documentation. One without *.http files at its root, or nil, says that the
	// driver makes no HTTP requests.
	Replies fs.FS
	// Secrets are the credentials that Open uses. They must not appear in
	// anything that the driver says.
	Secrets []string
	// Text finds the recipient and the text in a request to the send call. nil
	// looks for values equal to them in the path, the query, and a form, JSON or
	// XML body; it is needed where the vendor wants the text encoded otherwise.
	Text func(r *http.Request, body []byte) (to, text string)
	// OtherRequests answers the requests that are no sends, such as those for tokens. A
	// request is a send if it has a message's recipient or text. nil says that
	// the driver makes no others, and every request counts as a send.
	OtherRequests http.Handler
	// Parallel is how many cases run at the same time; 0 = 32, as most of them
	// wait. A driver whose Open starts a program does better with few.
	Parallel int
	// Skip leaves cases out: id → reason. Core cases cannot be left out.
	Skip map[string]string

	account *account // if ForDriver made it
}

// suite is a harness that has been checked.
type suite struct {
	Harness
	replies   map[string][]reply // by outcome: "accepted", "invalid_recipient"; none = no HTTP
	batches   []batchReply
	callbacks []golden
}

// http reports whether the driver makes HTTP requests.
func (s *suite) http() bool { return len(s.replies) > 0 }

// accepted is the answer that the faults spoil.
func (s *suite) accepted() reply { return s.replies[acceptedReply][0] }

func newSuite(h Harness) (*suite, error) {
	if h.Open == nil {
		return nil, errors.New("the harness has no Open")
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
		return nil, errors.New("harness Replies has no accepted.http, the vendor's answer to a message that it accepts")
	}
	return s, nil
}

func checkSkips(skip map[string]string) error {
	for _, id := range slices.Sorted(maps.Keys(skip)) {
		i := slices.IndexFunc(catalogue(), func(c Case) bool { return c.ID == id })
		switch {
		case i < 0:
			return fmt.Errorf("harness Skip: no case is called %q; see Catalogue", id)
		case catalogue()[i].Core:
			return fmt.Errorf("harness Skip: %s is a core case and cannot be left out", id)
		case skip[id] == "":
			return fmt.Errorf("harness Skip: %s has no reason", id)
		}
	}
	return nil
}
