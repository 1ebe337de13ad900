package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

const acceptedReply = "accepted"

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

// eachFile reads the files of a directory with an extension. Each must name its
// source.
func eachFile(files fs.FS, dir, extension string, take func(file string, list []note, rest []byte) error) error {
	names, err := fs.Glob(files, path.Join(dir, "*."+extension))
	if err != nil {
		return fmt.Errorf("Replies: %w", err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("Replies: %w", err)
		}
		list, rest := notes(raw)
		if !slices.ContainsFunc(list, func(n note) bool { return n.key == "source" && n.value != "" }) {
			return fmt.Errorf("Replies: %s: %w", name, errNoSource)
		}
		if err := take(name, list, rest); err != nil {
			return fmt.Errorf("Replies: %s: %w", name, err)
		}
	}
	return nil
}

// reply is one file of Harness.Replies.
type reply struct {
	file       string
	vendorCode string
	receipt    receiptFields // of an accepted message
	forms      []note        // how the vendor writes times and validities
	magic      []string      // what the vendor would replace in a text
	text       []byte
}

// readReplies reads the files at the root, by outcome.
func readReplies(files fs.FS, lab Lab) (map[string][]reply, error) {
	replies := make(map[string][]reply)
	err := eachFile(files, ".", lab.Extension(), func(file string, list []note, rest []byte) error {
		outcome, _, _ := strings.Cut(file, ".")
		if outcome != acceptedReply && !slices.Contains(provider.Codes(), provider.Code(outcome)) {
			return errors.New("the name must start with accepted or a code such as invalid_recipient")
		}
		r := reply{file: file, text: rest}
		for _, n := range list {
			if err := r.take(n); err != nil {
				return err
			}
		}
		if err := lab.CheckReply(rest); err != nil {
			return err
		}
		if file == outcome+"."+lab.Extension() {
			replies[outcome] = slices.Insert(replies[outcome], 0, r) // the plain name comes before its variants
			return nil
		}
		replies[outcome] = append(replies[outcome], r)
		return nil
	})
	return replies, err
}

func (r *reply) take(n note) error {
	switch n.key {
	case "vendor_code":
		r.vendorCode = n.value
	case "receipt":
		return decodeNote(n, &r.receipt)
	case "send_at", "validity":
		r.forms = append(r.forms, n)
	case "placeholder":
		r.magic = append(r.magic, n.value)
	}
	return nil
}

// hasID reports whether each reply has an id of its own.
func (r reply) hasID() bool {
	return slices.ContainsFunc([]string{"id", "uuid", "number"}, func(key string) bool { return r.has(key) })
}

func (r reply) has(placeholder string) bool {
	return bytes.Contains(r.text, []byte("{{"+placeholder+"}}"))
}

// ids are a reply's serial number in the forms of the placeholders.
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
func (r reply) fill(m *provider.Message, serial int) []byte { return r.fillWith(m, idsOf(serial)) }

func (r reply) fillWith(m *provider.Message, i ids) []byte {
	pairs := []string{"{{id}}", i.id, "{{uuid}}", i.uuid, "{{number}}", i.number}
	if m != nil {
		pairs = append(pairs, "{{to}}", m.To.String(), "{{digits}}", m.To.Digits(), "{{ref}}", m.Ref)
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(r.text)))
}
