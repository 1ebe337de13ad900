package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

// note is one comment line at the start of a file.
type note struct{ key, value string }

// notes splits a file into its comment lines and the rest.
func notes(raw []byte) ([]note, []byte) {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	var all []note
	for bytes.HasPrefix(raw, []byte("#")) {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		key, value, _ := strings.Cut(strings.TrimSpace(strings.TrimLeft(string(line), "# ")), ":")
		all = append(all, note{key, strings.TrimSpace(value)})
		raw = rest
	}
	return all, raw
}

var errNoSource = errors.New(`the source is missing; want a comment line such as "# source: https://acme.example/docs, read 2026-11-02"`)

// message splits a message into its head, with HTTP line ends, and its body.
func message(raw []byte) (head, body []byte) {
	head, body, _ = bytes.Cut(raw, []byte("\n\n"))
	head = append(bytes.ReplaceAll(bytes.TrimSpace(head), []byte("\n"), []byte("\r\n")), "\r\n\r\n"...)
	return head, bytes.TrimSuffix(body, []byte("\n"))
}

func parseResponse(raw []byte) (faultserver.Response, error) {
	head, body := message(raw)
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: http.MethodHead})
	if err != nil {
		return faultserver.Response{}, fmt.Errorf("not an HTTP response: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return faultserver.Response{}, fmt.Errorf("not an HTTP response: %w", err)
	}
	return faultserver.Response{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// batchReply is one file of Replies/batch.
type batchReply struct {
	file     string
	verdicts []string // "accepted" or a code, in the order of the messages
	response faultserver.Response
}

func readBatches(files fs.FS) ([]batchReply, error) {
	var all []batchReply
	err := eachGolden(files, "batch", func(file string, raw []byte) error {
		b := batchReply{file: file}
		list, rest := notes(raw)
		for _, n := range list {
			if n.key != "verdict" {
				continue
			}
			if n.value != acceptedReply && !slices.Contains(provider.Codes(), provider.Code(n.value)) {
				return fmt.Errorf("verdict %q; want accepted or a code such as invalid_recipient", n.value)
			}
			b.verdicts = append(b.verdicts, n.value)
		}
		if len(b.verdicts) == 0 {
			return errors.New(`the verdicts are missing; want a comment line such as "# verdict: accepted" for each message`)
		}
		var err error
		b.response, err = parseResponse(rest)
		all = append(all, b)
		return err
	})
	return all, err
}

// fill replaces the placeholders {{to.1}}, {{digits.1}}, {{ref.1}}, {{id.1}},
// {{uuid.1}} and {{number.1}}, and so on for further messages.
func (b batchReply) fill(messages []*provider.Message) faultserver.Response {
	var pairs []string
	for i, m := range messages {
		id := idsOf(i + 1)
		for key, value := range map[string]string{
			"to": m.To.String(), "digits": m.To.Digits(), "ref": m.Ref, "id": id.id, "uuid": id.uuid, "number": id.number,
		} {
			pairs = append(pairs, fmt.Sprintf("{{%s.%d}}", key, i+1), value)
		}
	}
	a := b.response
	a.Body = []byte(strings.NewReplacer(pairs...).Replace(string(a.Body)))
	return a
}

// golden is one file of Replies/callbacks.
type golden struct {
	file      string
	callback  provider.Callback
	events    []map[string]any // the fields that each event must have
	signature string           // "header NAME" or "query NAME"; "" = the vendor does not sign
	covers    bool             // the signature covers the body
	status    string           // the vendor's word for a status, as in the body
}

func readCallbacks(files fs.FS) ([]golden, error) {
	var all []golden
	err := eachGolden(files, "callbacks", func(file string, raw []byte) error {
		g := golden{file: file}
		list, rest := notes(raw)
		for _, n := range list {
			if err := g.take(n); err != nil {
				return err
			}
		}
		if len(g.events) == 0 {
			return errors.New(`the events are missing; want a comment line such as "# event: {"kind":"report","id":"42","status":"delivered"}"`)
		}
		if err := g.read(rest); err != nil {
			return err
		}
		all = append(all, g)
		return nil
	})
	return all, err
}

func (g *golden) take(n note) error {
	switch n.key {
	case "event":
		var event map[string]any
		if err := json.Unmarshal([]byte(n.value), &event); err != nil {
			return fmt.Errorf("event %s: %w", n.value, err)
		}
		for key := range event {
			if _, known := eventFields(provider.Event{})[key]; !known {
				return fmt.Errorf("event %s: unknown field %q", n.value, key)
			}
		}
		g.events = append(g.events, event)
	case "signature":
		kind, name, ok := strings.Cut(n.value, " ")
		if !ok || name == "" || kind != "header" && kind != "query" {
			return fmt.Errorf(`signature %q: want "header NAME" or "query NAME"`, n.value)
		}
		g.signature = n.value
	case "signature_covers":
		if n.value != "body" {
			return fmt.Errorf(`signature_covers %q: want "body"`, n.value)
		}
		g.covers = true
	case "status_word":
		g.status = n.value
	case "remote_ip":
		g.callback.RemoteIP = n.value
	case "received_at":
		at, err := time.Parse(time.RFC3339, n.value)
		if err != nil {
			return fmt.Errorf("received_at: %w", err)
		}
		g.callback.ReceivedAt = at
	}
	return nil
}

func (g *golden) read(raw []byte) error {
	head, body := message(raw)
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return fmt.Errorf("not an HTTP request: %w", err)
	}
	g.callback.Method = request.Method
	g.callback.URL = "https://" + request.Host + request.URL.RequestURI()
	g.callback.Query = request.URL.Query()
	g.callback.Header = request.Header
	g.callback.Body = body
	if g.status != "" && !bytes.Contains(body, []byte(g.status)) && !strings.Contains(g.callback.URL, g.status) {
		return fmt.Errorf("status_word %q is in neither the body nor the URL", g.status)
	}
	return nil
}

// eventFields returns an event's fields by their names in event lines.
func eventFields(e provider.Event) map[string]any {
	return map[string]any{
		"kind": string(e.Kind), "id": e.ID, "ref": e.Ref, "status": string(e.Status), "final": e.Final,
		"code": string(e.Code), "vendor_status": e.VendorStatus, "vendor_code": e.VendorCode,
		"segments": float64(e.Segments), "mccmnc": e.MCCMNC, "cost": costOf(e), "at": timeOf(e),
		"from": e.From, "to": e.To, "text": e.Text, "in_reply_to": e.InReplyTo,
	}
}

func costOf(e provider.Event) string {
	if e.Cost == nil {
		return ""
	}
	return e.Cost.String()
}

func timeOf(e provider.Event) string {
	if e.At.IsZero() {
		return ""
	}
	return e.At.UTC().Format(time.RFC3339)
}

// eachGolden reads the *.http files of a directory, which need not exist.
func eachGolden(files fs.FS, dir string, take func(file string, raw []byte) error) error {
	names, err := fs.Glob(files, dir+"/*.http")
	if err != nil {
		return fmt.Errorf("Replies: %w", err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("Replies: %w", err)
		}
		list, _ := notes(raw)
		if !slices.ContainsFunc(list, func(n note) bool { return n.key == "source" && n.value != "" }) {
			return fmt.Errorf("Replies: %s: %w", name, errNoSource)
		}
		if err := take(name, raw); err != nil {
			return fmt.Errorf("Replies: %s: %w", name, err)
		}
	}
	return nil
}

func containsPlaceholder(body []byte, key string, n int) bool {
	return bytes.Contains(body, fmt.Appendf(nil, "{{%s.%d}}", key, n))
}
