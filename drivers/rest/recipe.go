package rest

import (
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// Recipe describes one vendor's API: how a request is built, and what its
// responses mean. [Load] and [Parse] make one; it is complete and must not be
// changed.
type Recipe struct {
	// Version is the version of the format, 1.
	Version int
	// Name is a lower-case word. It prefixes the recipe's message extras:
	// "zoomconnect.campaign".
	Name  string
	Title string
	// Sources are the documents that the recipe was written from, in the recipe's
	// order.
	Sources []Document
	// Experimental says that the recipe was not tested at the real vendor.
	Experimental bool
	// Notes say what is assumed where the sources are silent.
	Notes []string
	// BaseURL is the default of the setting base_url; "" = it must be given.
	BaseURL string
	// Settings are the settings of an account, in the recipe's order.
	Settings []Setting
	// RateLimit is the vendor's limit in requests per second; 0 = unknown.
	RateLimit float64
	// MaxInFlight is the vendor's limit of requests at the same time; 0 =
	// unknown.
	MaxInFlight int
	// Example holds made-up settings, for the fixtures.
	Example map[string]string
	// Fixtures are the names of the examples in the file, which package resttest
	// replays.
	Fixtures []string
	// FixturesFrom are the sources from whose descriptions the fixtures were built
	// that are no samples of the vendor.
	FixturesFrom []string

	api     api
	file    string
	source  string
	samples int
}

// Setting is one setting of an account.
type Setting struct {
	Name     string
	Doc      string
	Secret   bool
	Optional bool
	Default  string
	Choices  []string
	Pattern  *regexp.Regexp // nil = any value
	// Templates makes it a list of {id, text}: the registered texts of a vendor
	// that sends no others.
	Templates bool
}

// Source returns the text of the file that the recipe was read from.
func (r *Recipe) Source() string { return r.source }

// SampleFixtures counts the fixtures whose response or callback is one that the
// vendor published.
func (r *Recipe) SampleFixtures() int { return r.samples }

func (r *Recipe) setting(name string) (Setting, bool) {
	i := slices.IndexFunc(r.Settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return r.Settings[i], true
}

// recipeFile is the content of a recipe file.
type recipeFile struct {
	Version      int               `yaml:"recipe"`
	Name         string            `yaml:"name"`
	Title        string            `yaml:"title"`
	Sources      sources           `yaml:"sources"`
	Experimental bool              `yaml:"experimental"`
	Notes        []string          `yaml:"notes"`
	BaseURL      string            `yaml:"base_url"`
	Settings     settings          `yaml:"settings"`
	RateLimit    float64           `yaml:"rate_limit"`
	MaxInFlight  int               `yaml:"max_in_flight"`
	API          api               `yaml:",inline"`
	Example      map[string]string `yaml:"example"`
	Fixtures     yaml.Node         `yaml:"fixtures"`
	FixturesFrom oneOrMore         `yaml:"fixtures_from"`
}

func (f *recipeFile) recipe(file string, source []byte) *Recipe {
	return &Recipe{
		Version: f.Version, Name: f.Name, Title: f.Title, Sources: f.Sources, Experimental: f.Experimental, Notes: f.Notes,
		BaseURL: f.BaseURL, Settings: f.Settings, RateLimit: f.RateLimit, MaxInFlight: f.MaxInFlight, Example: f.Example, FixturesFrom: f.FixturesFrom,
		api: f.API, file: file, source: string(source),
	}
}

// api is what the recipe says about the vendor's API.
type api struct {
	Auth         request.Auth     `yaml:"auth"`
	Limits       limits           `yaml:"limits"`
	Refuse       []string         `yaml:"refuse"`
	Write        writing          `yaml:"write"`
	Extras       names            `yaml:"extras"`
	IDOf         string           `yaml:"id_of"`
	Idempotency  *idempotency     `yaml:"idempotency"`
	Errors       errorTable       `yaml:"errors"`
	Statuses     table[statusRow] `yaml:"statuses"`
	ReportCodes  table[codeRow]   `yaml:"report_codes"`
	Send         sendCall         `yaml:"send"`
	Batch        *batchCall       `yaml:"batch"`
	Status       *statusCall      `yaml:"status"`
	Find         *findCall        `yaml:"find"`
	Cancel       *call            `yaml:"cancel"`
	Balance      *balanceCall     `yaml:"balance"`
	Quote        *quoteCall       `yaml:"quote"`
	Check        *call            `yaml:"check"`
	Callbacks    *callbackSpec    `yaml:"callbacks"`
	Inbox        *inboxCall       `yaml:"inbox"`
	FormatNumber *numberCall      `yaml:"format_number"`
}

// settings keeps the order of the file.
type settings []Setting

// UnmarshalYAML reads the map of settings.
func (s *settings) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if slices.Contains(reservedSettings(), name.Value) {
			return request.FaultAt(name, "%q is a setting of every recipe; choose another name", name.Value)
		}
		var f settingFile
		if err := n.Content[i+1].Decode(&f); err != nil {
			return err
		}
		setting, err := f.setting(name.Value)
		if err != nil {
			return err
		}
		*s = append(*s, setting)
	}
	return nil
}

// settingFile is a setting in a recipe file.
type settingFile struct {
	Doc       string   `yaml:"doc"`
	Secret    bool     `yaml:"secret"`
	Optional  bool     `yaml:"optional"`
	Default   string   `yaml:"default"`
	Choices   []string `yaml:"choices"`
	Pattern   *pattern `yaml:"pattern"`
	Templates bool     `yaml:"templates"`
}

func (f *settingFile) setting(name string) (Setting, error) {
	s := Setting{
		Name: name, Doc: f.Doc, Secret: f.Secret, Optional: f.Optional, Default: f.Default, Choices: f.Choices, Templates: f.Templates,
	}
	if f.Pattern == nil {
		return s, nil
	}
	s.Pattern = f.Pattern.Regexp
	if s.Default != "" && !s.Pattern.MatchString(s.Default) {
		return s, f.Pattern.at.Fault("the default does not match")
	}
	return s, nil
}

// names is a map of which only the keys are used.
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
	at request.Position
}

// UnmarshalYAML compiles the expression.
func (p *pattern) UnmarshalYAML(n *yaml.Node) error {
	compiled, err := regexp.Compile(n.Value)
	if err != nil {
		return request.FaultAt(n, "%v", err)
	}
	*p = pattern{compiled, request.At(n)}
	return nil
}

// paths are places to look for one value; the first that exists is used.
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
	at request.Position
}

// UnmarshalYAML reads "12h".
func (s *span) UnmarshalYAML(n *yaml.Node) error {
	d, err := time.ParseDuration(n.Value)
	if err != nil || d <= 0 {
		return request.FaultAt(n, "%q is not a duration such as 90s or 12h", n.Value)
	}
	*s = span{d, request.At(n)}
	return nil
}

// limits are what the vendor accepts at most; 0 = none known.
type limits struct {
	Segments   int `yaml:"segments"`
	Characters int `yaml:"characters"` // code points
}

// What the vendor's ids identify: one message, or a request whose messages are
// distinguished by their recipients.
const (
	idOfMessage = "message"
	idOfRequest = "request"
)

// idempotency describes the vendor's idempotency key.
type idempotency struct {
	Type string `yaml:"type"` // string, uuid, int32
	Max  int    `yaml:"max"`
	Life span   `yaml:"life"`
	When string `yaml:"when"` // a setting that must be "true"
}

// call is a request and what its response means.
type call struct {
	Request request.Request `yaml:"request"`
	Reply   reply           `yaml:"reply"`
	Success success         `yaml:"success"`
	Errors  *errorTable     `yaml:"errors"` // nil = the recipe's
}

type sendCall struct {
	call    `yaml:",inline"`
	Receipt receiptSpec `yaml:"receipt"`
}

// receiptSpec says where a receipt's parts are in a response.
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

// Features returns the features that the recipe supports. Some need settings:
// Capabilities says what a configured account can do.
func (r *Recipe) Features() provider.Feature {
	f := provider.Feature(0)
	for _, has := range []struct {
		bit provider.Feature
		is  bool
	}{
		{provider.HasBatch, r.api.Batch != nil},
		{provider.HasStatus, r.api.Status != nil},
		{provider.HasFind, r.api.Find != nil},
		{provider.HasCancel, r.api.Cancel != nil},
		{provider.HasBalance, r.api.Balance != nil},
		{provider.HasQuote, r.api.Quote != nil},
		{provider.HasCallbacks, r.api.Callbacks != nil},
		{provider.HasInbox, r.api.Inbox != nil},
		{provider.HasCheck, r.api.Check != nil || r.api.Balance != nil},
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

// sends reports whether the send request uses a value.
func (r *Recipe) sends(name string) bool { return slices.Contains(r.api.Send.Request.Names(), name) }
