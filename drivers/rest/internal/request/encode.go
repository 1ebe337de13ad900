package request

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/url"
	"strings"
)

var errXMLText = errors.New("the message contains a control character, which XML cannot have")

// MarshalJSON writes the members in the recipe's order.
func (o Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := appendJSON(&b, m.Key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := appendJSON(&b, m.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func appendJSON(b *bytes.Buffer, v any) error {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	return nil
}

// FormValues encodes a filled tree as a form or query. Lists repeat their key;
// the schema allows no deeper nodes.
func FormValues(filled any) url.Values {
	members, _ := filled.(Object)
	values := make(url.Values, len(members))
	for _, m := range members {
		if list, ok := m.Value.([]any); ok {
			for _, v := range list {
				values.Add(m.Key, WordOf(v))
			}
			continue
		}
		values.Add(m.Key, WordOf(m.Value))
	}
	return values
}

// xmlBody encodes a filled tree as XML: keys are elements, "@key" is an
// attribute, "#text" is text next to attributes, a list repeats its element.
func xmlBody(filled any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	members, _ := filled.(Object)
	for _, m := range members {
		if err := appendElement(&b, m.Key, m.Value); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func appendElement(b *bytes.Buffer, name string, v any) error {
	if list, ok := v.([]any); ok {
		for _, one := range list {
			if err := appendElement(b, name, one); err != nil {
				return err
			}
		}
		return nil
	}
	children, isObject := v.(Object)
	b.WriteString("<" + name)
	for _, c := range children {
		if attribute, ok := strings.CutPrefix(c.Key, "@"); ok {
			b.WriteString(" " + attribute + `="`)
			if err := appendXMLText(b, WordOf(c.Value)); err != nil {
				return err
			}
			b.WriteByte('"')
		}
	}
	b.WriteByte('>')
	if !isObject {
		if err := appendXMLText(b, WordOf(v)); err != nil {
			return err
		}
	}
	for _, c := range children {
		var err error
		switch {
		case c.Key == "#text":
			err = appendXMLText(b, WordOf(c.Value))
		case !strings.HasPrefix(c.Key, "@"):
			err = appendElement(b, c.Key, c.Value)
		}
		if err != nil {
			return err
		}
	}
	b.WriteString("</" + name + ">")
	return nil
}

// appendXMLText refuses characters that package xml would replace: a text
// arrives as written or not at all.
func appendXMLText(b *bytes.Buffer, s string) error {
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return errXMLText
		}
	}
	return xml.EscapeText(b, []byte(s))
}
