package conformance

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// callFile is one file of Replies/calls: a call that does not send, the vendor's
// replies, and what the call must return.
type callFile struct {
	file    string
	call    string // one of the names of lookups
	sent    []sentMessage
	args    callArgs
	replies []callReply      // nth request, nth reply; the last is repeated
	want    map[string]any   // fields of the result
	absent  bool             // Find must find nothing
	code    provider.Code    // of the error; "" = none
	events  []map[string]any // of Inbox
}

// callReply is the reply to one request of a call.
type callReply struct {
	target string   // of the request, "" = any
	has    []string // values that must be in the request
	text   []byte
}

// sentMessage is sent before the call.
type sentMessage struct {
	To     string `json:"to"`
	Text   string `json:"text"`
	Ref    string `json:"ref"`
	SendAt string `json:"send_at"` // duration from now
}

// callArgs are a call's arguments. {{id.1}} is the receipt's id of the first message
// that was sent before, and so on.
type callArgs struct {
	ID     string `json:"id"`
	To     string `json:"to"`
	Text   string `json:"text"`
	Ref    string `json:"ref"`
	Code   string `json:"code"`
	Cursor string `json:"cursor"`
	Since  string `json:"since"` // RFC 3339; "" = an hour ago
}

func (a callArgs) message() *provider.Message {
	return &provider.Message{To: a.number(), Text: cmp.Or(a.Text, "Hello"), Ref: a.Ref}
}

const defaultTo = "+306937000700"

func (a callArgs) number() e164.Number { return e164.MustParse(cmp.Or(a.To, defaultTo)) }

func (a callArgs) since() time.Time {
	if at, err := time.Parse(time.RFC3339, a.Since); err == nil {
		return at
	}
	return time.Now().Add(-time.Hour)
}

// nextReply is the line between the replies to several requests of one call.
const nextReply = "# next reply"

func readCalls(files fs.FS, lab Lab) ([]callFile, error) {
	var all []callFile
	err := eachFile(files, "calls", extensionOf(lab), func(file string, list []note, rest []byte) error {
		f := callFile{file: file}
		f.call, _, _ = strings.Cut(path.Base(file), ".")
		if !slices.ContainsFunc(lookups(), func(l lookup) bool { return l.call == f.call }) {
			return fmt.Errorf("the name must start with one of %s", strings.Join(callNames(), ", "))
		}
		if err := f.read(list, rest, lab); err != nil {
			return err
		}
		all = append(all, f)
		return f.check()
	})
	return all, err
}

// extensionOf is the ending of files; without a lab there are no replies in them.
func extensionOf(lab Lab) string {
	if lab == nil {
		return "txt"
	}
	return lab.Extension()
}

var errNoTransport = errors.New("a driver without a transport has no replies; want comment lines only")

func callNames() []string {
	var names []string
	for _, l := range lookups() {
		names = append(names, l.call)
	}
	return names
}

func (f *callFile) read(list []note, rest []byte, lab Lab) error {
	var first callReply
	for _, n := range list {
		if err := f.take(n, &first); err != nil {
			return err
		}
	}
	if lab == nil {
		if len(bytes.TrimSpace(rest)) > 0 {
			return errNoTransport
		}
		return nil
	}
	for i, part := range bytes.Split(rest, []byte("\n"+nextReply+"\n")) {
		r := first
		if i > 0 {
			r = callReply{}
			list, part = notes(part)
			for _, n := range list {
				switch n.key {
				case "request":
					r.target = n.value
				case "request_has":
					r.has = append(r.has, n.value)
				}
			}
		}
		r.text = part
		if err := lab.CheckReply(part); err != nil {
			return fmt.Errorf("reply %d: %w", i+1, err)
		}
		f.replies = append(f.replies, r)
	}
	return nil
}

func (f *callFile) take(n note, first *callReply) error {
	switch n.key {
	case "sent":
		var m sentMessage
		if err := decodeNote(n, &m); err != nil {
			return err
		}
		f.sent = append(f.sent, m)
	case "args":
		return decodeNote(n, &f.args)
	case "request":
		first.target = n.value
	case "request_has":
		first.has = append(first.has, n.value)
	case "want":
		f.absent = n.value == "null"
		return decodeNote(n, &f.want)
	case "event":
		event, err := parseEvent(n)
		if err != nil {
			return err
		}
		f.events = append(f.events, event)
	case "error":
		f.code = provider.Code(n.value)
		if !slices.Contains(provider.Codes(), f.code) {
			return fmt.Errorf("error %q; want a code such as rejected", n.value)
		}
	}
	return nil
}

// check reports whether the file says what the call must return.
func (f *callFile) check() error {
	if f.args.To != "" {
		if _, err := e164.Parse(f.args.To); err != nil {
			return fmt.Errorf("args: to: %w", err)
		}
	}
	known := resultFields(f.call)
	for key := range f.want {
		if !slices.Contains(known, key) {
			return fmt.Errorf("want: unknown field %q; %s has %s", key, f.call, strings.Join(known, ", "))
		}
	}
	switch f.call {
	case "cancel", "check", "inbox":
		return nil
	}
	if f.code == "" && !f.absent && len(f.want) == 0 {
		return fmt.Errorf(`what %s must return is missing; want a comment line such as "# want: {…}" with some of %s, or "# error: rejected"`, f.call, strings.Join(known, ", "))
	}
	if f.absent && f.call != "find" {
		return errors.New("want: null is for find alone")
	}
	return nil
}

// resultFields are the names of a result's fields.
func resultFields(call string) []string {
	switch call {
	case "status":
		return slices.Sorted(maps.Keys(eventFields(provider.Event{})))
	case "find":
		return []string{"id", "segments", "cost"}
	case "balance":
		return []string{"available", "reserved"}
	case "quote":
		return []string{"segments", "encoding", "cost"}
	case "start_verification":
		return []string{"id"}
	case "check_verification":
		return []string{"result"}
	case "inbox":
		return []string{"next"}
	}
	return nil
}

// fill replaces the placeholders of a reply.
func (f *callFile) fill(text []byte) []byte {
	to := f.args.number()
	return []byte(strings.NewReplacer("{{to}}", to.String(), "{{digits}}", to.Digits(), "{{ref}}", f.args.Ref).Replace(string(text)))
}

// said reports whether one of the replies has a text.
func (f *callFile) said(text string) bool {
	return slices.ContainsFunc(f.replies, func(r callReply) bool { return text != "" && bytes.Contains(f.fill(r.text), []byte(text)) })
}
