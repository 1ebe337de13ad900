package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

const acceptedReply = "accepted"

// reply is one file of Harness.Replies.
type reply struct {
	file       string
	source     string
	vendorCode string
	response   faultserver.Response
}

// readReplies reads the *.http files at the root, by outcome.
func readReplies(files fs.FS) (map[string][]reply, error) {
	names, err := fs.Glob(files, "*.http")
	if err != nil {
		return nil, fmt.Errorf("Replies: %w", err)
	}
	replies := make(map[string][]reply)
	for _, name := range names {
		outcome, _, _ := strings.Cut(strings.TrimSuffix(name, ".http"), ".")
		if outcome != acceptedReply && !slices.Contains(provider.Codes(), provider.Code(outcome)) {
			return nil, fmt.Errorf("Replies: %s: the name must start with accepted or a code such as invalid_recipient", name)
		}
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("Replies: %w", err)
		}
		r, err := parseReply(raw)
		if err != nil {
			return nil, fmt.Errorf("Replies: %s: %w", name, err)
		}
		r.file = path.Base(name)
		if r.file == outcome+".http" {
			replies[outcome] = slices.Insert(replies[outcome], 0, r) // the plain name sorts before its variants
			continue
		}
		replies[outcome] = append(replies[outcome], r)
	}
	return replies, nil
}

func parseReply(raw []byte) (reply, error) {
	var r reply
	list, rest := notes(raw)
	for _, n := range list {
		switch n.key {
		case "source":
			r.source = n.value
		case "vendor_code":
			r.vendorCode = n.value
		}
	}
	if r.source == "" {
		return r, errNoSource
	}
	var err error
	r.response, err = parseResponse(rest)
	return r, err
}

// hasID reports whether each response has an id of its own.
func (r reply) hasID() bool {
	for _, p := range []string{"{{id}}", "{{uuid}}", "{{number}}"} {
		if bytes.Contains(r.response.Body, []byte(p)) {
			return true
		}
	}
	return false
}

// ids are a response's serial number in the forms of the placeholders.
type ids struct{ id, uuid, number string }

func idsOf(serial int) ids {
	return ids{
		id:     fmt.Sprintf("Zq%06dx", serial),
		uuid:   fmt.Sprintf("5a110c8e-0000-4000-8000-%012x", serial),
		number: fmt.Sprint(40_000_000 + serial),
	}
}

// in reports whether a receipt's id contains one of them.
func (i ids) in(receiptID string) bool {
	return strings.Contains(receiptID, i.id) || strings.Contains(receiptID, i.uuid) || strings.Contains(receiptID, i.number)
}

// fill replaces the placeholders by a message and a serial number.
func (r reply) fill(m *provider.Message, serial int) faultserver.Response {
	i := idsOf(serial)
	pairs := []string{"{{id}}", i.id, "{{uuid}}", i.uuid, "{{number}}", i.number}
	if m != nil {
		pairs = append(pairs, "{{to}}", m.To.String(), "{{digits}}", m.To.Digits(), "{{ref}}", m.Ref)
	}
	a := r.response
	a.Body = []byte(strings.NewReplacer(pairs...).Replace(string(a.Body)))
	return a
}

// mapStrings changes every string value of a JSON text. ok is false if the text is
// not JSON or has no strings.
func mapStrings(body []byte, change func(string) any) (changed []byte, ok bool) {
	return mapValues(body, func(v any) (any, bool) {
		s, ok := v.(string)
		if !ok {
			return v, false
		}
		return change(s), true
	})
}

// mapScalars is mapStrings for strings and numbers.
func mapScalars(body []byte, change func(string) any) (changed []byte, ok bool) {
	return mapValues(body, func(v any) (any, bool) {
		switch v := v.(type) {
		case string:
			return change(v), true
		case json.Number:
			return change(v.String()), true
		}
		return v, false
	})
}

// mapValues changes the values of a JSON text that are neither objects nor lists. ok
// reports whether any was changed.
func mapValues(body []byte, change func(any) (any, bool)) (changed []byte, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return nil, false
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
			return v
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
			return v
		}
		v, hit := change(v)
		ok = ok || hit
		return v
	}
	changed, err := json.Marshal(walk(tree))
	return changed, ok && err == nil
}
