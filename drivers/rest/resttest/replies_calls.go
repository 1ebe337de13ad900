package resttest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/provider"
)

// addCall adds the response to a call that does not send.
func (r *replyFiles) addCall(f *fixture.Fixture) error {
	if !slices.Contains([]string{"status", "find", "cancel", "balance", "quote", "inbox", "check"}, f.Kind()) {
		return nil // the suite knows no others
	}
	b := r.source(f)
	if err := callNotes(b, f); err != nil {
		return err
	}
	body, err := f.Reply.Bytes()
	if err != nil {
		return err
	}
	writeReply(b, f.Reply, body)
	r.save("calls/"+f.Kind(), b.Bytes())
	if f.Kind() == "balance" && f.Error == nil && r.file.Check.IsZero() {
		r.addCheck(f, body) // reading the balance is what shows that the credentials are valid
	}
	return nil
}

func (r *replyFiles) addCheck(f *fixture.Fixture, body []byte) {
	b := r.source(f)
	writeReply(b, f.Reply, body)
	r.save("calls/check", b.Bytes())
}

// callNotes says how the call is made and what it returns.
func callNotes(b *bytes.Buffer, f *fixture.Fixture) error {
	args := map[string]string{"id": f.ID, "cursor": f.Cursor, "since": f.Since}
	if f.Message != nil {
		args["to"], args["text"], args["ref"] = f.Message.To, f.Message.Text, f.Message.Ref
	}
	if f.Kind() == "find" && f.Since == "" {
		args["since"] = "0001-01-01T00:00:00Z"
	}
	if err := note(b, "args", set(args)); err != nil {
		return err
	}
	if f.Request != nil && f.Request.Path != "" {
		fmt.Fprintf(b, "# request: %s\n", strings.TrimSpace(f.Request.Method+" "+f.Request.Path))
	}
	if f.Error != nil {
		fmt.Fprintf(b, "# error: %s\n", f.Error.Code)
		return nil
	}
	switch f.Kind() {
	case "status":
		return note(b, "want", eventFields(f.Event))
	case "find":
		if f.Receipt == nil {
			b.WriteString("# want: null\n")
			return nil
		}
		return note(b, "want", map[string]any{"id": f.Receipt.ID, "segments": f.Receipt.Segments, "cost": f.Receipt.Cost})
	case "balance":
		return note(b, "want", map[string]string{"available": f.Balance})
	case "quote":
		return note(b, "want", map[string]any{"segments": f.Quote.Segments, "encoding": f.Quote.Encoding, "cost": f.Quote.Cost})
	case "inbox":
		return eventNotes(b, f.Events)
	}
	return nil
}

func eventNotes(b *bytes.Buffer, events []fixture.Event) error {
	for i := range events {
		if err := note(b, "event", eventFields(&events[i])); err != nil {
			return err
		}
	}
	return nil
}

// set returns the entries that have a value.
func set(all map[string]string) map[string]string {
	some := make(map[string]string, len(all))
	for key, value := range all {
		if value != "" {
			some[key] = value
		}
	}
	return some
}

// eventFields are all the fields of an event, empty ones too: a fixture names
// them all.
func eventFields(e *fixture.Event) map[string]any {
	if e == nil {
		return nil
	}
	kind := e.Kind
	if kind == "" {
		kind = "report"
	}
	return map[string]any{
		"kind": kind, "id": e.ID, "ref": e.Ref, "at": e.At, "status": e.Status, "final": e.Final, "code": e.Code,
		"vendor_status": e.VendorStatus, "vendor_code": e.VendorCode, "segments": e.Segments, "cost": e.Cost, "mccmnc": e.MCCMNC,
		"from": e.From, "to": e.To, "text": e.Text, "in_reply_to": e.InReplyTo,
	}
}

// addCallback adds a callback that is genuine and documented.
func (r *replyFiles) addCallback(f *fixture.Fixture) error {
	if f.Forged || f.NotUnderstood {
		return nil
	}
	c, err := f.Callback.Callback()
	if err != nil {
		return err
	}
	if len(f.Events) == 0 {
		return nil // a vendor's test of the address
	}
	target, host := "/", "hooks.example"
	if u, err := url.Parse(c.URL); err == nil && u.Host != "" {
		target, host = u.RequestURI(), u.Host
	} else if len(c.Query) > 0 {
		target = "/?" + c.Query.Encode()
	}
	b := r.source(f)
	signature := signatureNotes(&r.file.Callbacks.Verify, c.Header)
	b.WriteString(signature)
	if err := eventNotes(b, f.Events); err != nil {
		return err
	}
	if word := f.Events[0].VendorStatus; word != "" && !strings.Contains(signature, "signature_covers") {
		b.WriteString(statusNote(&f.Events[0], c, target))
	}
	if c.RemoteIP != "" {
		fmt.Fprintf(b, "# remote_ip: %s\n", c.RemoteIP)
	}
	if f.Callback.ReceivedAt != "" {
		fmt.Fprintf(b, "# received_at: %s\n", f.Callback.ReceivedAt)
	}
	fmt.Fprintf(b, "%s %s HTTP/1.1\nHost: %s\n", c.Method, target, host)
	if err := c.Header.Write(b); err != nil {
		return err
	}
	text := append(bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n")), '\n')
	r.save("callbacks/callback", append(append(text, c.Body...), '\n'))
	return nil
}

// statusNote says how to put another status into a callback, "" = its word is not
// unique there.
func statusNote(e *fixture.Event, c *provider.Callback, target string) string {
	if e.VendorCode != "" {
		return "# status_word: none: where a code comes with the status, or the status's group, it may decide\n"
	}
	const fresh = "ZQNEWSTATUS"
	word := e.VendorStatus
	forms := [][2]string{{word, fresh}, {`"` + word + `"`, `"` + fresh + `"`}}
	form, _ := url.ParseQuery(string(c.Body)) // of another body there are no values
	for _, values := range []url.Values{c.Query, form} {
		for key, list := range values {
			for _, value := range list {
				first, _, _ := strings.Cut(value, ",") // or the statuses of several messages
				if first == word {
					begin := url.QueryEscape(key) + "="
					forms = append(forms, [2]string{begin + url.QueryEscape(word), begin + fresh})
				}
			}
		}
	}
	if len(forms) > 3 {
		return "" // several values are like the word
	}
	for _, f := range forms {
		if bytes.Count(c.Body, []byte(f[0]))+strings.Count(target, f[0]) == 1 {
			return fmt.Sprintf("# status_word: %s => %s\n", f[0], f[1])
		}
	}
	return ""
}

// signatureNotes says how the vendor proves that a callback is its own: of several
// ways the first that the callback has.
func signatureNotes(verify *yaml.Node, given http.Header) string {
	if verify.Kind != yaml.SequenceNode {
		return signatureNote(verify, given)
	}
	for _, way := range verify.Content {
		if note := signatureNote(way, given); note != "" && carries(given, note) {
			return note
		}
	}
	return ""
}

// carries reports whether a callback has the header that a note names, if it names one.
func carries(given http.Header, note string) bool {
	line, _, _ := strings.Cut(note, "\n")
	name, isHeader := strings.CutPrefix(line, "# signature: header ")
	return !isHeader || given.Get(name) != ""
}

func signatureNote(verify *yaml.Node, given http.Header) string {
	var v struct {
		None  string                         `yaml:"none"`
		Token struct{ Query, Header string } `yaml:"token"`
		Basic map[string]string              `yaml:"basic"`
		IPs   string                         `yaml:"ip_list"`
		HMAC  struct{ Header string }        `yaml:"hmac_body"`
		URL   struct {
			Header yaml.Node
			Pairs  string
		} `yaml:"hmac_url"`
		Parts struct{ Header string }         `yaml:"hmac_parts"`
		JWT   struct{ Header, Scheme string } `yaml:"jwt"`
		Ed    struct{ Header string }         `yaml:"ed25519"`
	}
	if verify.Decode(&v) != nil {
		return ""
	}
	const covers = "# signature_covers: body\n"
	header := func(name string) string { return "# signature: header " + http.CanonicalHeaderKey(name) + "\n" }
	switch {
	case v.None != "":
		return "# signature: none: " + strings.ReplaceAll(v.None, "\n", " ") + "\n"
	case v.Token.Query != "":
		return "# signature: query " + v.Token.Query + "\n"
	case v.Token.Header != "":
		return header(v.Token.Header)
	case v.Basic != nil:
		return header("Authorization")
	case v.IPs != "":
		return "# signature: remote_ip\n"
	case v.HMAC.Header != "":
		return header(v.HMAC.Header) + covers
	case !v.URL.Header.IsZero():
		var names []string
		if v.URL.Header.Decode(&names) != nil {
			names = []string{v.URL.Header.Value}
		}
		for _, name := range names {
			switch {
			case given.Get(name) == "":
			case v.URL.Pairs == "none":
				return header(name)
			default:
				return header(name) + covers
			}
		}
	case v.Parts.Header != "":
		return header(v.Parts.Header) + covers
	case v.JWT.Header != "":
		return header(v.JWT.Header) + covers
	case v.Ed.Header != "":
		return header(v.Ed.Header) + covers
	}
	return ""
}
