package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/anysms/anysms/conformance/faultserver"
)

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

// http is the reply as a response. It has been checked before.
func (r reply) http() faultserver.Response {
	response, err := parseResponse(r.text)
	if err != nil {
		return faultserver.Page(http.StatusInternalServerError)
	}
	return response
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
