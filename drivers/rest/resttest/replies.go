package resttest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/provider"
)

// Replies returns a recipe's fixtures in the form that package conformance
// takes: responses to sends as accepted.http, invalid_recipient.http and so on,
// with placeholders where the vendor makes an id or repeats the request;
// responses to batches and to other calls as batch/*.http and calls/*.http; and
// callbacks as callbacks/*.http.
func Replies(r *rest.Recipe) (fstest.MapFS, error) {
	m, err := modelOf(r)
	if err != nil {
		return nil, err
	}
	return m.replies()
}

func (m *model) replies() (fstest.MapFS, error) {
	files := &replyFiles{model: m, all: make(fstest.MapFS), counts: make(map[string]int)}
	for i := range m.fixtures {
		f := &m.fixtures[i]
		if f.Settings != nil {
			continue // the suite opens the provider with the recipe's example
		}
		if err := files.add(f); err != nil {
			return nil, fmt.Errorf("fixture %q: %w", f.Name, err)
		}
	}
	return files.all, nil
}

// replyFiles are the files so far.
type replyFiles struct {
	*model
	all    fstest.MapFS
	counts map[string]int // files by the start of their names
}

func (r *replyFiles) add(f *fixture.Fixture) error {
	switch kind := f.Kind(); {
	case kind == "callback":
		return r.addCallback(f)
	case f.Reply == nil: // refused without a request
		return nil
	case kind == "send":
		return r.addSend(f)
	case kind == "batch":
		return r.addBatch(f)
	default:
		return r.addCall(f)
	}
}

// save adds a file; several with one start are numbered.
func (r *replyFiles) save(start string, text []byte) {
	r.counts[start]++
	name := start + ".http"
	if n := r.counts[start]; n > 1 {
		name = fmt.Sprintf("%s.%d.http", start, n)
	}
	r.all[name] = &fstest.MapFile{Data: text}
}

// note writes a comment line whose value is JSON.
func note(b *bytes.Buffer, key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "# %s: %s\n", key, text)
	return nil
}

// source begins a file.
func (m *model) source(f *fixture.Fixture) *bytes.Buffer {
	b := new(bytes.Buffer)
	fmt.Fprintf(b, "# source: %s; fixture %q\n", strings.ReplaceAll(m.Sources[0].Page, "\n", " "), f.Name)
	return b
}

// writeReply writes a response with another body.
func writeReply(b *bytes.Buffer, reply *fixture.Reply, body []byte) {
	status := max(reply.Status, http.StatusOK)
	fmt.Fprintf(b, "HTTP/1.1 %d %s\n", status, http.StatusText(status))
	for _, key := range slices.Sorted(maps.Keys(reply.Headers)) {
		fmt.Fprintf(b, "%s: %s\n", key, reply.Headers[key])
	}
	b.WriteByte('\n')
	b.Write(body)
}

func (r *replyFiles) addSend(f *fixture.Fixture) error {
	if inDoubtByStatus(f) {
		return nil
	}
	body, err := replyBody(f)
	if err != nil {
		return err
	}
	outcome := "accepted"
	b := r.source(f)
	if f.Error != nil {
		outcome = string(f.Error.Code)
		if f.Error.VendorCode != "" {
			fmt.Fprintf(b, "# vendor_code: %s\n", f.Error.VendorCode)
		}
	} else if err := r.acceptedNotes(b, f); err != nil {
		return err
	}
	writeReply(b, f.Reply, body)
	r.save(outcome, b.Bytes())
	return nil
}

// acceptedNotes says what the response has beside the id, and how the recipe
// writes times and validities.
func (r *replyFiles) acceptedNotes(b *bytes.Buffer, f *fixture.Fixture) error {
	if f.Receipt != nil && (f.Receipt.Segments > 0 || f.Receipt.Cost != "") {
		if err := note(b, "receipt", map[string]any{"segments": f.Receipt.Segments, "cost": f.Receipt.Cost}); err != nil {
			return err
		}
	}
	at := r.file.Write.SendAt
	life := r.file.Write.Validity
	unit := cmp.Or(life.Unit, "seconds")
	if life.Layout != "" {
		unit = "until " + inZone(life.Layout, life.Zone)
	}
	fmt.Fprintf(b, "# send_at: %s\n# validity: %s\n", inZone(cmp.Or(at.Layout, "rfc3339"), at.Zone), unit)
	return nil
}

func inZone(layout, zone string) string {
	if zone == "" {
		return layout
	}
	return layout + " in " + zone
}

// inDoubtByStatus skips undocumented responses: the suite has its own.
func inDoubtByStatus(f *fixture.Fixture) bool {
	return f.Error != nil && provider.Code(f.Error.Code) == provider.Indeterminate && f.Error.VendorCode == ""
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// replyBody returns the fixture's response with placeholders.
func replyBody(f *fixture.Fixture) ([]byte, error) {
	body, err := f.Reply.Bytes()
	if err != nil || f.Message == nil {
		return body, err
	}
	m, err := f.Message.Message()
	if err != nil {
		return nil, err
	}
	pairs := []string{m.To.String(), "{{to}}", m.To.Digits(), "{{digits}}"}
	if f.Receipt != nil && f.Receipt.ID != "" {
		id, _, _ := strings.Cut(f.Receipt.ID, ":")
		if f.Receipt.ID != id && !strings.HasSuffix(f.Receipt.ID, ":"+m.To.Digits()) {
			id = f.Receipt.ID
		}
		switch quoted := strconv.Quote(id); {
		case len(id) >= 5 && bytes.Contains(body, []byte(id)):
			pairs = append(pairs, id, placeholder(id))
		case bytes.Count(body, []byte(quoted)) == 1:
			pairs = append(pairs, quoted, strconv.Quote(placeholder(id)))
		default:
			return nil, fmt.Errorf("the reply must contain the id %q, which must be long enough to be found", id)
		}
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(body))), nil
}

func placeholder(id string) string {
	switch {
	case uuidForm.MatchString(id):
		return "{{uuid}}"
	case strings.Trim(id, "0123456789") == "":
		return "{{number}}"
	}
	return "{{id}}"
}

// addBatch replaces the numbers and refs of the fixture's messages by
// placeholders.
func (r *replyFiles) addBatch(f *fixture.Fixture) error {
	body, err := f.Reply.Bytes()
	if err != nil {
		return err
	}
	var pairs []string
	for i := range f.Messages {
		m, err := f.Messages[i].Message()
		if err != nil {
			return err
		}
		pairs = append(pairs, m.To.String(), fmt.Sprintf("{{to.%d}}", i+1), m.To.Digits(), fmt.Sprintf("{{digits.%d}}", i+1))
		if m.Ref != "" {
			pairs = append(pairs, m.Ref, fmt.Sprintf("{{ref.%d}}", i+1))
		}
	}
	fill := strings.NewReplacer(pairs...)
	b := r.source(f)
	for _, v := range f.Verdicts {
		if v.Error != nil {
			fmt.Fprintf(b, "# verdict: %s\n", v.Error.Code)
			continue
		}
		fmt.Fprintf(b, "# verdict: accepted %s\n", fill.Replace(v.Receipt.ID))
	}
	writeReply(b, f.Reply, []byte(fill.Replace(string(body))))
	r.save("batch/batch", b.Bytes())
	return nil
}
