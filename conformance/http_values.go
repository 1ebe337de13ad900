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
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
)

// valuesOf returns the values of a request: path segments, query, headers, and the
// body's form fields, JSON keys and scalars, or XML texts and attributes.
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
	for _, list := range rq.HTTP.Header {
		v = append(v, list...)
	}
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
