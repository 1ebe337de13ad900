package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// Harness describes a driver to the suite.
type Harness struct {
	// Open returns a provider for the vendor at an address. It is called for every
	// case, concurrently, and must not make a request. A driver without a transport
	// ignores the address.
	Open func(address string) (provider.Provider, error)
	// OpenTimeout is Open with a timeout of the driver's own for each send. nil means
	// that it has none, or none that can be set: then the cases for it do not apply.
	OpenTimeout func(address string, timeout time.Duration) (provider.Provider, error)
	// Replies has the vendor's replies and callbacks; see the package documentation.
	// nil, or no *.http files at its root, means that the driver has no transport,
	// unless Lab is set.
	Replies fs.FS
	// Lab is the transport of a driver that does not make HTTP requests.
	Lab Lab
	// Secrets are the credentials that Open uses. They must not appear in errors,
	// receipts or logs of the driver.
	Secrets []string
	// Extra is the prefix of the driver's own keys in Message.Extra, without the dot.
	// It is the driver's name. "" means that it is not known.
	Extra string
	// Text returns the recipient and the text of a request that sends a message, ""
	// if it sends none. It is needed if the vendor has a special encoding for the
	// text; nil finds equal values in the path, the query, and a form, JSON or XML
	// body. For HTTP only.
	Text func(r *http.Request, body []byte) (to, text string)
	// Numbers is the beginning of the recipients' numbers, for a vendor that does not
	// send everywhere, such as "+614"; eight digits follow. "" means "+3069".
	Numbers string
	// OtherRequests serves requests that do not send, such as those for tokens. A
	// request sends if it has a message's recipient. nil means that the driver makes
	// no other requests while it sends: each one counts as a send. For HTTP only.
	OtherRequests http.Handler
	// Parallel is the number of cases that run concurrently; 0 = 32, as most of
	// them wait. Use fewer if Open starts a process.
	Parallel int
	// Skip has the reasons to skip cases, by id. Core cases cannot be skipped.
	Skip map[string]string
	// WireProvenBy names another run of the suite that has tested how the driver treats
	// connections: that of an account over the same code, such as another recipe. The
	// cases about connections are then not applicable. "" means that they must run.
	WireProvenBy string
	// AllowUnproven makes Run pass if a capability could not be tested for want of
	// reply files.
	AllowUnproven bool

	account *account      // set by ForDriver
	start   time.Duration // of the process that Open starts, if it has one; set by ForDriver
	pace    pace          // zero = usualPace
}

// suite is a valid harness.
type suite struct {
	Harness
	lab       Lab                // nil = the driver has no transport
	replies   map[string][]reply // by outcome: "accepted", "invalid_recipient"
	sendAt    *timeForm          // of the vendor; nil = not known
	validity  *spanForm          // of the vendor; nil = not known
	batches   []batchReply
	calls     []callFile
	callbacks []golden
	pushed    []pushed
}

// accepted returns the reply that the faults modify.
func (s *suite) accepted() reply { return s.replies[acceptedReply][0] }

func newSuite(h Harness) (*suite, error) {
	if h.Open == nil {
		return nil, errors.New("Open must not be nil")
	}
	if h.pace == (pace{}) {
		h.pace = usualPace
	}
	h.pace.call = max(h.pace.call, h.start)
	s := &suite{Harness: h}
	if err := s.read(); err != nil {
		return nil, err
	}
	return s, s.checkSkips()
}

// read reads the reply files.
func (s *suite) read() error {
	if err := s.readReplies(); err != nil || s.Replies == nil {
		return err
	}
	var err error
	if s.lab != nil {
		if s.batches, err = readBatches(s.Replies, s.lab); err != nil {
			return err
		}
	}
	if s.calls, err = readCalls(s.Replies, s.lab); err != nil {
		return err
	}
	if s.pushed, err = readPushed(s.Replies, s.lab); err != nil {
		return err
	}
	s.callbacks, err = readCallbacks(s.Replies)
	return err
}

// readReplies reads the replies to sends and finds the lab.
func (s *suite) readReplies() error {
	lab := s.Lab
	if lab == nil {
		lab = httpLab{text: s.Text, others: s.OtherRequests}
	}
	if s.Replies != nil {
		var err error
		if s.replies, err = readReplies(s.Replies, lab); err != nil {
			return err
		}
	}
	if len(s.replies) == 0 && s.Lab == nil {
		return nil
	}
	s.lab = lab
	if len(s.replies[acceptedReply]) == 0 {
		return fmt.Errorf("Replies: accepted.%s is missing: the vendor's reply to a message that it accepts", lab.Extension())
	}
	return s.readForms()
}

// readForms reads how the vendor writes times and validities.
func (s *suite) readForms() error {
	for _, r := range s.replies[acceptedReply] {
		for _, n := range r.forms {
			switch n.key {
			case "send_at":
				f, err := parseTimeForm(n.value)
				if err != nil {
					return fmt.Errorf("Replies: %s: send_at %w", r.file, err)
				}
				s.sendAt = &f
			case "validity":
				f, err := parseSpanForm(n.value)
				if err != nil {
					return fmt.Errorf("Replies: %s: validity %w", r.file, err)
				}
				s.validity = &f
			}
		}
	}
	return nil
}

// catalogue lists the cases for the harness's transport.
func (s *suite) catalogue() []Case {
	if s.Lab != nil {
		return CatalogueOf(s.Lab)
	}
	return Catalogue()
}

func (s *suite) checkSkips() error {
	for _, id := range slices.Sorted(maps.Keys(s.Skip)) {
		i := slices.IndexFunc(s.catalogue(), func(c Case) bool { return c.ID == id })
		switch {
		case i < 0:
			return fmt.Errorf("Skip: unknown case %q; see Catalogue", id)
		case s.catalogue()[i].Core:
			return fmt.Errorf("Skip: %s is a core case and cannot be skipped", id)
		case s.Skip[id] == "":
			return fmt.Errorf("Skip: the reason for %s must not be empty", id)
		}
	}
	return nil
}
