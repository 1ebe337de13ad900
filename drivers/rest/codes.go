package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// errorTable reads refusals. The vendor's code is looked up in When, then in
// Codes, then in the rules of When that are a fallback; a code that is in none
// proves nothing unless Otherwise is set, and the status decides.
type errorTable struct {
	Code       *pick          `yaml:"code"`
	Message    *pick          `yaml:"message"`
	When       []errorRule    `yaml:"when"`
	Codes      table[codeRow] `yaml:"codes"`
	Otherwise  code           `yaml:"otherwise"`
	RetryAfter *retryAfter    `yaml:"retry_after"`
}

// errorRule is a rule that needs more than the vendor's code. Says are phrases of
// the vendor that it must apply to, and From the source that has them.
type errorRule struct {
	Status  []int      `yaml:"status"`
	Codes   []word     `yaml:"code"`
	Like    *pattern   `yaml:"code_like"`
	Message *pattern   `yaml:"message"`
	Where   conditions `yaml:"where"`
	Is      code       `yaml:"is"`
	Says    []string   `yaml:"says"`
	From    string     `yaml:"from"`
	// Fallback rules are tried after the rows, for codes that have none.
	Fallback bool `yaml:"fallback"`
	at       request.Position
}

// UnmarshalYAML reads the rule and keeps its position.
func (r *errorRule) UnmarshalYAML(n *yaml.Node) error {
	type plain errorRule
	if err := n.Decode((*plain)(r)); err != nil {
		return err
	}
	r.at = request.At(n)
	return nil
}

// bare reports whether the status alone decides.
func (r *errorRule) bare() bool {
	return len(r.Codes) == 0 && r.Like == nil && r.Message == nil && len(r.Where) == 0
}

// doubtful reports whether a response with this status may come from a proxy,
// after the vendor took the request.
func doubtful(status int) bool {
	switch status {
	case 301, 302, 303, 408, 409:
		return true
	case 501, 505:
		return false
	}
	return status < 300 || status >= 500
}

// holds reports whether the rule applies to this response. Words do not count
// if the status of a failure leaves the outcome unknown; codes do.
func (r *errorRule) holds(status int, vendorCode, message string, answer any) bool {
	words := r.Like != nil || r.Message != nil
	if words && status >= 300 && doubtful(status) {
		return false
	}
	return (len(r.Status) == 0 || slices.Contains(r.Status, status)) &&
		(len(r.Codes) == 0 || slices.Contains(r.Codes, word(vendorCode))) &&
		(r.Like == nil || r.Like.MatchString(vendorCode)) &&
		(r.Message == nil || r.Message.MatchString(message)) &&
		r.Where.hold(answer)
}

// retryAfter finds how long the vendor asks to wait, for vendors that say so in
// the body.
type retryAfter struct {
	pick `yaml:",inline"`
	Unit string `yaml:"unit"` // ms, s
}

// UnmarshalYAML reads {path, pattern, unit}.
func (r *retryAfter) UnmarshalYAML(n *yaml.Node) error {
	var unit struct {
		Unit string `yaml:"unit"`
	}
	if err := n.Decode(&unit); err != nil {
		return err
	}
	r.Unit = unit.Unit
	return r.pick.UnmarshalYAML(n)
}

func (r *retryAfter) duration(answer any) time.Duration {
	if r == nil {
		return 0
	}
	n, err := strconv.ParseUint(r.word(answer), 10, 31)
	if err != nil {
		return 0
	}
	if r.Unit == "ms" {
		return time.Duration(n) * time.Millisecond
	}
	return time.Duration(n) * time.Second
}

// verdict returns the error of a part of a response: the whole, or one element
// of a batch. The code is "" if the vendor's words decide nothing.
func (t *errorTable) verdict(status int, answer any) (found code, vendorCode, message string) {
	vendorCode, message = t.Code.word(answer), t.Message.word(answer)
	rule := func(fallback bool) *errorRule {
		for i := range t.When {
			if w := &t.When[i]; w.Fallback == fallback && w.holds(status, vendorCode, message, answer) {
				return w
			}
		}
		return nil
	}
	if w := rule(false); w != nil {
		return w.Is, vendorCode, message
	}
	if r, ok := t.Codes.row(vendorCode); ok {
		return r.Is, vendorCode, message
	}
	if w := rule(true); w != nil {
		return w.Is, vendorCode, message
	}
	if vendorCode == "" {
		return "", "", message
	}
	return t.Otherwise, vendorCode, message
}

// failure makes the error of a response that is not an acceptance. A documented
// code decides; without one the status does, and the vendor's words are kept. A
// 403 with a code that is in no table concerns this message, such as a country
// that the account may not send to, rather than the account as a whole.
func (t *errorTable) failure(resp *httpcall.Response, answer any) *provider.Error {
	found, vendorCode, message := t.verdict(resp.Status, answer)
	err := resp.Failed(provider.Code(found), vendorCode, message)
	if found == "" {
		bare := resp.ByStatus()
		err.Code, err.Err = bare.Code, bare.Err
		if resp.Status == http.StatusForbidden && vendorCode != "" {
			err.Code = provider.NoRoute
		}
	}
	if wait := t.RetryAfter.duration(answer); wait > 0 && err.RetryAfter == 0 {
		err.RetryAfter = wait
	}
	return err
}

// byStatus makes the error of a response whose body cannot be read: from its
// words if it is a line of text and the recipe's message is the whole body ("."),
// from a rule that needs only the status, else from the status.
func (t *errorTable) byStatus(resp *httpcall.Response) *provider.Error {
	if line := lineOf(resp); t.Message.word(line) != "" {
		return t.failure(resp, line)
	}
	err := resp.ByStatus()
	for i := range t.When {
		if rule := &t.When[i]; rule.bare() && slices.Contains(rule.Status, resp.Status) {
			err.Code = provider.Code(rule.Is)
			break
		}
	}
	return err
}

// lineOf returns a body that is one line of plain text, else "".
func lineOf(resp *httpcall.Response) string {
	const longest = 300
	line := strings.TrimSpace(string(resp.Body))
	if len(line) > longest || strings.HasPrefix(line, "<") || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
		return ""
	}
	return line
}

// code is a provider.Code.
type code provider.Code

// UnmarshalYAML checks the code.
func (c *code) UnmarshalYAML(n *yaml.Node) error {
	if !slices.Contains(provider.Codes(), provider.Code(n.Value)) {
		return request.FaultAt(n, "unknown code %q; want one of %s", n.Value, codeNames())
	}
	*c = code(n.Value)
	return nil
}

func codeNames() string {
	var all []string
	for _, c := range provider.Codes() {
		all = append(all, string(c))
	}
	return strings.Join(all, ", ")
}

// status is a provider.Status.
type status provider.Status

// UnmarshalYAML checks the status.
func (s *status) UnmarshalYAML(n *yaml.Node) error {
	if !slices.Contains(provider.Statuses(), provider.Status(n.Value)) {
		var all []string
		for _, one := range provider.Statuses() {
			all = append(all, string(one))
		}
		return request.FaultAt(n, "unknown status %q; want one of %s", n.Value, strings.Join(all, ", "))
	}
	*s = status(n.Value)
	return nil
}
