package rest

import (
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
)

// partsCheck requires a MAC over several parts of the callback.
type partsCheck struct {
	Hash     string `yaml:"hash"`
	Header   string `yaml:"header"`
	Encoding string `yaml:"encoding"` // hex (the default), base64
	Secret   string `yaml:"secret"`
	Joint    string `yaml:"joint"`
	// Signs lists the parts that are signed. Where a vendor's documents
	// contradict each other there are several lists; one that is right is enough.
	Signs     signedParts `yaml:"signs"`
	Timestamp string      `yaml:"timestamp"` // a header with Unix seconds
	Window    span        `yaml:"window"`
}

// signedParts are lists of parts: method, url, path (with the query), body,
// body_md5 (in hexadecimal), or header: and the name of one.
type signedParts [][]string

// UnmarshalYAML reads one list or several.
func (s *signedParts) UnmarshalYAML(n *yaml.Node) error {
	if len(n.Content) > 0 && n.Content[0].Kind == yaml.SequenceNode {
		return n.Decode((*[][]string)(s))
	}
	*s = make(signedParts, 1)
	return n.Decode(&(*s)[0])
}

func (p *partsCheck) verify(c *provider.Callback, secret string) error {
	got := strings.TrimSpace(c.Header.Get(p.Header))
	if got == "" {
		return errNoProof
	}
	if err := fresh(c.Header.Get(p.Timestamp), c.ReceivedAt, p.Window.Duration); err != nil {
		return err
	}
	if p.Encoding != "base64" {
		got = strings.ToLower(got)
	}
	err := errProof
	for _, parts := range p.Signs {
		var signed string
		if signed, err = p.joined(c, parts); err != nil {
			return err
		}
		if err = same(got, sign(p.Hash, p.Encoding, secret, signed)); err == nil {
			return nil
		}
	}
	return err
}

// joined is what is signed. A header that is missing is no proof.
func (p *partsCheck) joined(c *provider.Callback, parts []string) (string, error) {
	words := make([]string, len(parts))
	for i, part := range parts {
		name, isHeader := strings.CutPrefix(part, "header:")
		switch {
		case isHeader:
			if words[i] = c.Header.Get(name); words[i] == "" {
				return "", errNoProof
			}
		case part == "method":
			words[i] = c.Method
		case part == "url":
			words[i] = c.URL
		case part == "path":
			at, err := url.Parse(c.URL)
			if err != nil {
				return "", errProof
			}
			words[i] = at.RequestURI()
		case part == "body":
			words[i] = string(c.Body)
		case part == "body_md5":
			sum := md5.Sum(c.Body)
			words[i] = hex.EncodeToString(sum[:])
		}
	}
	return strings.Join(words, p.Joint), nil
}
