package resttest

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/provider"
)

// Replies returns the responses in a recipe's fixtures of send, in the form
// that package conformance takes: accepted.http, invalid_recipient.http and so
// on, with placeholders where the vendor makes an id or repeats the request.
func Replies(r *rest.Recipe) (fstest.MapFS, error) {
	m, err := modelOf(r)
	if err != nil {
		return nil, err
	}
	return m.replies()
}

func (m *model) replies() (fstest.MapFS, error) {
	files := make(fstest.MapFS)
	counts := make(map[string]int)
	for i := range m.fixtures {
		f := &m.fixtures[i]
		if f.Kind() != "send" || f.Reply == nil || f.Settings != nil {
			continue
		}
		outcome := "accepted"
		if f.Error != nil {
			outcome = string(f.Error.Code)
		}
		if inDoubtByStatus(f) {
			continue
		}
		counts[outcome]++
		name := fmt.Sprintf("%s.%d.http", outcome, counts[outcome])
		if counts[outcome] == 1 {
			name = outcome + ".http"
		}
		text, err := m.replyFile(f)
		if err != nil {
			return nil, fmt.Errorf("fixture %q: %w", f.Name, err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return files, nil
}

// inDoubtByStatus skips undocumented responses: the suite has its own.
func inDoubtByStatus(f *fixture.Fixture) bool {
	return f.Error != nil && provider.Code(f.Error.Code) == provider.Indeterminate && f.Error.VendorCode == ""
}

func (m *model) replyFile(f *fixture.Fixture) ([]byte, error) {
	body, err := replyBody(f)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# source: %s\n", strings.ReplaceAll(m.Sources[0].Page, "\n", " "))
	if f.Error != nil && f.Error.VendorCode != "" {
		fmt.Fprintf(&b, "# vendor_code: %s\n", f.Error.VendorCode)
	}
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\n", f.Reply.Status, http.StatusText(f.Reply.Status))
	for _, key := range slices.Sorted(maps.Keys(f.Reply.Headers)) {
		fmt.Fprintf(&b, "%s: %s\n", key, f.Reply.Headers[key])
	}
	b.WriteByte('\n')
	b.Write(body)
	return b.Bytes(), nil
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
		if !bytes.Contains(body, []byte(id)) || len(id) < 5 {
			return nil, fmt.Errorf("the reply must contain the id %q, which must be long enough to be found", id)
		}
		pairs = append(pairs, id, placeholder(id))
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
