package resttest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider/e164"
)

// model is a recipe with the parts that the package reads from its file.
type model struct {
	*rest.Recipe
	fixtures []fixture.Fixture
	file     recipeFile
}

// recipeFile is the part of a recipe file that says how a send is written.
type recipeFile struct {
	Auth  request.Auth `yaml:"auth"`
	Write struct {
		To   numberForm `yaml:"to"`
		Text struct {
			UCS2 string `yaml:"ucs2"`
		} `yaml:"text"`
		Encoding struct {
			UCS2 *request.Constant `yaml:"ucs2"`
		} `yaml:"encoding"`
		SendAt struct {
			Layout string `yaml:"layout"`
			Zone   string `yaml:"zone"`
		} `yaml:"send_at"`
		Validity struct {
			Unit   string `yaml:"unit"`
			Layout string `yaml:"layout"`
			Zone   string `yaml:"zone"`
		} `yaml:"validity"`
	} `yaml:"write"`
	Check     yaml.Node `yaml:"check"`
	Callbacks struct {
		Verify yaml.Node `yaml:"verify"`
	} `yaml:"callbacks"`
	Send     sendCall  `yaml:"send"`
	Batch    *sendCall `yaml:"batch"`
	Fixtures yaml.Node `yaml:"fixtures"`
}

type sendCall struct {
	Request request.Request `yaml:"request"`
}

// numberForm is "digits" or {as: digits}.
type numberForm struct {
	As   string   `yaml:"as"`
	Only []string `yaml:"only"`
}

func (f *numberForm) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		f.As = n.Value
		return nil
	}
	type plain numberForm
	return n.Decode((*plain)(f))
}

func modelOf(r *rest.Recipe) (*model, error) {
	m := &model{Recipe: r}
	if err := yaml.Unmarshal([]byte(r.Source()), &m.file); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", r.Name, err)
	}
	var errs []error
	m.fixtures, errs = fixture.Decode(&m.file.Fixtures)
	if len(errs) > 0 {
		return nil, fmt.Errorf("recipe %s: %w", r.Name, errors.Join(errs...))
	}
	return m, nil
}

// fixture finds the first fixture that fits; nil = there is none.
func (m *model) fixture(fits func(*fixture.Fixture) bool) *fixture.Fixture {
	for i := range m.fixtures {
		if fits(&m.fixtures[i]) {
			return &m.fixtures[i]
		}
	}
	return nil
}

// received reads a request to the recipe's send or batch call back into the
// values that it was filled with, by the names of templates: to, text, from and
// so on, one map for each message. The recipient is E.164 with its plus where
// the vendor's form of it allows. A request that the recipe could not have made
// is an error.
func (m *model) received(req *http.Request, body []byte) ([]map[string]string, error) {
	err := errors.New("the path is not that of a send")
	send := &m.file.Send.Request
	if send.Fits(req) {
		var one map[string]string
		if one, _, err = send.ReadBack(&m.file.Auth, req, body); err == nil {
			return []map[string]string{m.plain(one)}, nil
		}
	}
	if m.file.Batch == nil || !m.file.Batch.Request.Fits(req) {
		return nil, err
	}
	shared, each, err := m.file.Batch.Request.ReadBack(&m.file.Auth, req, body)
	if err != nil {
		return nil, err
	}
	for i := range each {
		maps.Copy(each[i], shared)
		each[i] = m.plain(each[i])
	}
	return each, nil
}

// plain converts numbers and texts back from the vendor's format.
func (m *model) plain(values map[string]string) map[string]string {
	write := &m.file.Write
	if to, ok := values["to"]; ok && write.To.As != "national" {
		if n, err := e164.ParseDigits(strings.TrimPrefix(strings.TrimPrefix(to, "+"), "00")); err == nil {
			values["to"] = n.String()
		}
	}
	flag := write.Encoding.UCS2
	if write.Text.UCS2 == "utf16be_hex" && flag != nil && values["encoding"] == request.WordOf(flag.Value) {
		if text, err := fromUTF16Hex(values["text"]); err == nil {
			values["text"] = text
		}
	}
	return values
}

func fromUTF16Hex(s string) (string, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b)%2 != 0 {
		return "", errors.New("not UTF-16 in hexadecimal")
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units)), nil
}

// authentic reports whether a request has the credentials of the recipe's
// example.
func (m *model) authentic(req *http.Request, body []byte) bool {
	return m.file.Auth.Authenticates(req, body, m.Example)
}
