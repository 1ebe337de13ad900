package rest

import (
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
)

// Recipe describes one vendor's API: how a request is built, and what its
// answers mean. [Load] and [Parse] make one; it is complete and never changes.
type Recipe struct {
	// Version is the version of the format, 1.
	Version int `yaml:"recipe"`
	// Name is a lower-case word. The message extras of the recipe are under it:
	// "zoomconnect.campaign".
	Name  string `yaml:"name"`
	Title string `yaml:"title"`
	// Sources are the documents that the recipe was written from.
	Sources []string `yaml:"sources"`
	// Experimental says that the recipe was not proven at the real vendor.
	Experimental bool `yaml:"experimental"`
	// Notes say what is assumed where the sources are silent.
	Notes []string `yaml:"notes"`
	// BaseURL is the default of the setting base_url; "" = it must be given.
	BaseURL string `yaml:"base_url"`
	// Settings are what the vendor's account needs, in the recipe's order.
	Settings settings `yaml:"settings"`
	// RateLimit is the vendor's limit in requests per second; 0 = none known.
	RateLimit float64 `yaml:"rate_limit"`

	api `yaml:",inline"`

	// Example holds settings for the fixtures, made up.
	Example map[string]string `yaml:"example"`
	// Fixtures say by example what the recipe does.
	Fixtures []Fixture `yaml:"fixtures"`

	file string
}

// api is what the recipe says of the vendor's API.
type api struct {
	Auth         auth          `yaml:"auth"`
	Limits       limits        `yaml:"limits"`
	Refuse       []string      `yaml:"refuse"`
	Write        writing       `yaml:"write"`
	Extras       names         `yaml:"extras"`
	IDOf         string        `yaml:"id_of"`
	Idempotency  *idempotency  `yaml:"idempotency"`
	Errors       errorTable    `yaml:"errors"`
	Statuses     statusTable   `yaml:"statuses"`
	ReportCodes  codeTable     `yaml:"report_codes"`
	Send         sendCall      `yaml:"send"`
	Batch        *batchCall    `yaml:"batch"`
	Status       *statusCall   `yaml:"status"`
	Find         *findCall     `yaml:"find"`
	Cancel       *call         `yaml:"cancel"`
	Balance      *balanceCall  `yaml:"balance"`
	Quote        *quoteCall    `yaml:"quote"`
	Check        *call         `yaml:"check"`
	Callbacks    *callbackSpec `yaml:"callbacks"`
	Inbox        *inboxCall    `yaml:"inbox"`
	FormatNumber *numberCall   `yaml:"format_number"`
}

// Setting is one thing that the vendor's account needs.
type Setting struct {
	Name     string   `yaml:"-"`
	Doc      string   `yaml:"doc"`
	Secret   bool     `yaml:"secret"`
	Optional bool     `yaml:"optional"`
	Default  string   `yaml:"default"`
	Choices  []string `yaml:"choices"`
	Pattern  *pattern `yaml:"pattern"`
	// Templates makes it a list of {id, text}: the texts registered at a vendor
	// that sends no others.
	Templates bool `yaml:"templates"`
}

// settings keeps the order of the file.
type settings []Setting

// UnmarshalYAML reads the map of settings.
func (s *settings) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		setting := Setting{Name: n.Content[i].Value}
		if err := n.Content[i+1].Decode(&setting); err != nil {
			return err
		}
		if slices.Contains(reservedSettings(), setting.Name) {
			return problemAt(n.Content[i], "%q is a setting of every recipe; choose another name", setting.Name)
		}
		*s = append(*s, setting)
	}
	return nil
}

func (s settings) find(name string) (Setting, bool) {
	i := slices.IndexFunc(s, func(one Setting) bool { return one.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return s[i], true
}

// names is a map from names to what they mean, of which the names matter here.
type names []string

// UnmarshalYAML reads the keys of the map.
func (ns *names) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i < len(n.Content); i += 2 {
		*ns = append(*ns, n.Content[i].Value)
	}
	return nil
}

// pattern is a regular expression of Go (RE2: its time is linear).
type pattern struct {
	*regexp.Regexp
	at position
}

// UnmarshalYAML compiles the expression.
func (p *pattern) UnmarshalYAML(n *yaml.Node) error {
	compiled, err := regexp.Compile(n.Value)
	if err != nil {
		return problemAt(n, "%v", err)
	}
	*p = pattern{compiled, positionOf(n)}
	return nil
}

// paths are places to look for one value, the first that has it wins.
type paths []path

// UnmarshalYAML reads one path or a list of them.
func (ps *paths) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]path)(ps))
	}
	var p path
	if err := n.Decode(&p); err != nil {
		return err
	}
	*ps = paths{p}
	return nil
}

// span is a Go duration.
type span struct {
	time.Duration
	at position
}

// UnmarshalYAML reads "12h".
func (s *span) UnmarshalYAML(n *yaml.Node) error {
	d, err := time.ParseDuration(n.Value)
	if err != nil || d <= 0 {
		return problemAt(n, "%q is not a duration such as 90s or 12h", n.Value)
	}
	*s = span{d, positionOf(n)}
	return nil
}

// limits are what the vendor takes at most; 0 = none known.
type limits struct {
	Segments   int `yaml:"segments"`
	Characters int `yaml:"characters"` // code points
}

// Where an id that the vendor gives leads: to one message, or to a request
// whose messages are told apart by their recipients.
const (
	idOfMessage = "message"
	idOfRequest = "request"
)

// idempotency describes the vendor's own key against duplicates.
type idempotency struct {
	Type string `yaml:"type"` // string, uuid, int32
	Max  int    `yaml:"max"`
	Life span   `yaml:"life"`
	When string `yaml:"when"` // a setting that must be "true"
}

// request is an HTTP request with values to fill in.
type request struct {
	Method  string   `yaml:"method"`
	Path    template `yaml:"path"`
	Query   *tree    `yaml:"query"`
	Headers *tree    `yaml:"headers"`
	Form    *tree    `yaml:"form"`
	JSON    *tree    `yaml:"json"`
	XML     *tree    `yaml:"xml"`
	at      position
}

// UnmarshalYAML reads the request and keeps its place.
func (r *request) UnmarshalYAML(n *yaml.Node) error {
	type plain request
	if err := n.Decode((*plain)(r)); err != nil {
		return err
	}
	r.at = positionOf(n)
	return nil
}

// trees lists the parts that values are placed into.
func (r *request) trees() []*tree { return []*tree{r.Query, r.Headers, r.Form, r.JSON, r.XML} }

// call is a request and what its answer means.
type call struct {
	Request request     `yaml:"request"`
	Reply   reply       `yaml:"reply"`
	Success success     `yaml:"success"`
	Errors  *errorTable `yaml:"errors"` // nil = the recipe's
}

type sendCall struct {
	call    `yaml:",inline"`
	Receipt receiptSpec `yaml:"receipt"`
}

// receiptSpec says where a receipt's parts stand in an answer.
type receiptSpec struct {
	ID       *pick  `yaml:"id"`
	NoID     string `yaml:"no_id"` // why the vendor gives none
	Segments *pick  `yaml:"segments"`
	Cost     *price `yaml:"cost"`
}

type balanceCall struct {
	call      `yaml:",inline"`
	Available price `yaml:"available"`
}

type quoteCall struct {
	call     `yaml:",inline"`
	Segments *pick  `yaml:"segments"`
	Encoding *pick  `yaml:"encoding"`
	Cost     *price `yaml:"cost"`
}

// Features are the abilities that follow from what the recipe has. Some need
// settings: what a configured account can do is told by its Capabilities.
func (r *Recipe) Features() provider.Feature {
	f := provider.Feature(0)
	for _, has := range []struct {
		bit provider.Feature
		is  bool
	}{
		{provider.HasBatch, r.Batch != nil},
		{provider.HasStatus, r.Status != nil},
		{provider.HasFind, r.Find != nil},
		{provider.HasCancel, r.Cancel != nil},
		{provider.HasBalance, r.Balance != nil},
		{provider.HasQuote, r.Quote != nil},
		{provider.HasCallbacks, r.Callbacks != nil},
		{provider.HasInbox, r.Inbox != nil},
		{provider.HasCheck, r.Check != nil || r.Balance != nil},
		{provider.CanSchedule, r.sends("send_at")},
		{provider.CanSetValidity, r.sends("validity")},
		{provider.CanChooseSender, r.sends("from")},
	} {
		if has.is {
			f |= has.bit
		}
	}
	return f
}

// sends reports whether the send request has a place for a value.
func (r *Recipe) sends(name string) bool { return slices.Contains(r.Send.Request.names(), name) }

// names lists the values that a request needs.
func (r *request) names() []string {
	names := r.Path.names()
	for _, t := range r.trees() {
		t.walk(func(_ []string, leaf *tree) { names = append(names, leaf.leaf.names()...) })
	}
	return names
}
