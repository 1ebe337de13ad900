package conformance

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// values are all the values of a request: path segments, query, and the body's
// form fields, JSON keys and scalars, or XML texts and attributes.
type values []string

func (v values) has(s string) bool {
	return slices.Contains(v, s)
}

// hasNumber also finds it in lists such as "306900000001,306900000002".
func (v values) hasNumber(n e164.Number) bool {
	for _, value := range v {
		for part := range strings.SplitSeq(value, ",") {
			if isNumber(part, n) {
				return true
			}
		}
	}
	return false
}

// isNumber reports whether s is n in a form that vendors use.
func isNumber(s string, n e164.Number) bool {
	s = strings.TrimPrefix(strings.TrimSpace(s), "tel:")
	_, national := n.Split()
	switch n.Digits() {
	case s, strings.TrimPrefix(s, "+"), strings.TrimPrefix(s, "00"):
		return true
	}
	return s == national || s == "0"+national
}

func valuesOf(rq *faultserver.Request) values {
	if rq.HTTP == nil {
		return nil
	}
	var v values
	for segment := range strings.SplitSeq(rq.HTTP.URL.EscapedPath(), "/") {
		if plain, err := url.PathUnescape(segment); err == nil {
			v = append(v, plain)
		}
	}
	v = v.form(rq.HTTP.URL.Query())
	return v.body(rq.HTTP.Header, rq.Body)
}

func (v values) form(fields url.Values) values {
	for key, list := range fields {
		v = append(append(v, key), list...)
	}
	return v
}

// body detects the format of a body by its content, as media types are often
// wrong.
func (v values) body(h http.Header, body []byte) values {
	mediaType, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if strings.HasPrefix(mediaType, "multipart/") {
		return v.multipart(body, params["boundary"])
	}
	switch trimmed := bytes.TrimSpace(body); {
	case len(trimmed) == 0:
		return v
	case mediaType == "application/x-www-form-urlencoded":
		if fields, err := url.ParseQuery(string(body)); err == nil {
			return v.form(fields)
		}
	case trimmed[0] == '{' || trimmed[0] == '[':
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		var tree any
		if decoder.Decode(&tree) == nil {
			return v.json(tree)
		}
	case trimmed[0] == '<':
		return v.xml(body)
	}
	return append(v, string(body))
}

func (v values) json(tree any) values {
	switch tree := tree.(type) {
	case map[string]any:
		for key, value := range tree {
			v = append(v, key).json(value)
		}
	case []any:
		for _, value := range tree {
			v = v.json(value)
		}
	case string:
		v = append(v, tree)
	case json.Number:
		v = append(v, tree.String())
	}
	return v
}

func (v values) xml(body []byte) values {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	text := ""
	for {
		token, err := decoder.Token()
		if err != nil {
			return v
		}
		switch token := token.(type) {
		case xml.StartElement:
			text = ""
			for _, a := range token.Attr {
				v = append(v, a.Value)
			}
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			v = append(v, text)
		}
	}
}

func (v values) multipart(body []byte, boundary string) values {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextPart()
		if err != nil {
			return v
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return v
		}
		v = append(v, string(content))
	}
}

// sighting is what a request has of a message.
type sighting struct {
	message *provider.Message // nil = none of the messages of the case
	exact   bool              // with its text unchanged
}

// sight finds which of the messages a request sends.
func (s *suite) sight(rq *faultserver.Request, messages []*provider.Message) sighting {
	if rq.HTTP == nil {
		return sighting{}
	}
	if s.Text != nil {
		to, text := s.Text(rq.HTTP, rq.Body)
		for _, m := range messages {
			if isNumber(to, m.To) {
				return sighting{m, text == m.Text}
			}
		}
		return sighting{}
	}
	v := valuesOf(rq)
	for _, m := range messages {
		if v.hasNumber(m.To) {
			return sighting{m, v.has(m.Text)}
		}
	}
	return sighting{}
}
