// Package strict reads the JSON bodies of requests: an unknown member, a wrong type, a
// member that comes twice or text that is not UTF-8 is an error that names the place by
// a JSON pointer.
package strict

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/provider/suggest"
)

// maxDepth bounds nesting.
const maxDepth = 8

// Decode reads a body into the struct or slice that into points to. Its members are
// strings, numbers, booleans, maps of strings, times, and pointers to these, under
// their json tags; those without omitempty must be there. null is no value of any.
func Decode(body []byte, into any) *problem.Problem {
	if !utf8.Valid(body) {
		return problem.New(400, problem.BadRequest, "the body is not valid UTF-8")
	}
	d := &decoder{json: json.NewDecoder(bytes.NewReader(body))}
	d.json.UseNumber()
	err := d.value("", reflect.ValueOf(into).Elem(), 0)
	if err == nil {
		_, err = d.json.Token()
		if err == nil {
			return problem.New(400, problem.BadRequest, "the body has more than one JSON value")
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	switch {
	case err != nil && len(body) == 0:
		return problem.New(400, problem.BadRequest, "the body is empty; want JSON")
	case err != nil:
		return problem.New(400, problem.BadRequest, "the body is not JSON: %s", describe(err))
	case len(d.wrong) > 0:
		return problem.Bad(d.wrong...)
	}
	return nil
}

func describe(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return strings.TrimPrefix(s.Error(), "json: ")
	}
	return err.Error()
}

// maxWrong bounds how many mistakes are listed.
const maxWrong = 20

// decoder reads one body. Mistakes that leave the JSON readable are collected.
type decoder struct {
	json  *json.Decoder
	wrong []problem.Field
}

func (d *decoder) bad(pointer, format string, args ...any) {
	if len(d.wrong) < maxWrong {
		d.wrong = append(d.wrong, problem.Field{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
	}
}

// value reads the next value. The error means that the JSON cannot be read.
func (d *decoder) value(pointer string, v reflect.Value, depth int) error {
	if depth > maxDepth {
		return errors.New("it is nested too deeply")
	}
	token, err := d.json.Token()
	if err != nil {
		return err
	}
	switch token {
	case nil:
		if v.IsValid() {
			d.bad(pointer, "got null, want %s", want(v.Type()))
		}
		return nil
	case json.Delim('{'):
		return d.object(pointer, v, depth)
	case json.Delim('['):
		return d.array(pointer, v, depth)
	}
	d.scalar(pointer, token, v)
	return nil
}

func (d *decoder) object(pointer string, v reflect.Value, depth int) error {
	var fields map[string]int
	isMap := v.IsValid() && v.Kind() == reflect.Map
	switch {
	case !v.IsValid(): // it is skipped
	case v.Kind() == reflect.Struct && !isText(v.Type()):
		fields = members(v.Type())
	case isMap:
		v.Set(reflect.MakeMap(v.Type()))
	default:
		d.bad(pointer, "got an object, want %s", want(v.Type()))
		v = reflect.Value{}
	}
	seen := make(map[string]bool)
	for d.json.More() {
		token, err := d.json.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // the decoder takes nothing else
		at := pointer + "/" + escape(key)
		if seen[key] {
			d.bad(at, "duplicate member")
		}
		seen[key] = true
		switch index, known := fields[key]; {
		case known:
			err = d.value(at, v.Field(index), depth+1)
		case isMap && v.IsValid():
			element := reflect.New(v.Type().Elem()).Elem()
			if err = d.value(at, element, depth+1); err == nil {
				v.SetMapIndex(reflect.ValueOf(key), element)
			}
		default:
			if v.IsValid() {
				d.bad(at, "unknown member%s", suggest.DidYouMean(key, keys(fields)))
			}
			err = d.value(at, reflect.Value{}, depth+1)
		}
		if err != nil {
			return err
		}
	}
	if fields != nil {
		d.require(pointer, v.Type(), seen)
	}
	_, err := d.json.Token()
	return err
}

// require collects the members that are missing.
func (d *decoder) require(pointer string, t reflect.Type, seen map[string]bool) {
	for f := range t.Fields() {
		if name, omit, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" && omit == "" && !seen[name] {
			d.bad(pointer+"/"+name, "missing; want %s", want(f.Type))
		}
	}
}

func (d *decoder) array(pointer string, v reflect.Value, depth int) error {
	if v.IsValid() && v.Kind() != reflect.Slice {
		d.bad(pointer, "got an array, want %s", want(v.Type()))
		v = reflect.Value{}
	}
	if v.IsValid() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	for i := 0; d.json.More(); i++ {
		at := pointer + "/" + strconv.Itoa(i)
		element := reflect.Value{}
		if v.IsValid() {
			element = reflect.New(v.Type().Elem()).Elem()
		}
		if err := d.value(at, element, depth+1); err != nil {
			return err
		}
		if v.IsValid() {
			v.Set(reflect.Append(v, element))
		}
	}
	_, err := d.json.Token()
	return err
}

func (d *decoder) scalar(pointer string, token json.Token, v reflect.Value) {
	if !v.IsValid() {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch t := token.(type) {
	case string:
		if isText(v.Type()) {
			if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(t)); err != nil {
				d.bad(pointer, "want %s", want(v.Type()))
			}
			return
		}
		if v.Kind() == reflect.String {
			v.SetString(t)
			return
		}
	case json.Number:
		if v.Kind() == reflect.Int {
			if n, err := strconv.ParseInt(string(t), 10, 32); err == nil {
				v.SetInt(n)
				return
			}
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(t)
			return
		}
	}
	d.bad(pointer, "got %s, want %s", kindOf(token), want(v.Type()))
}

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func members(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = i
		}
	}
	return fields
}

func keys(m map[string]int) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}

// want names a type for an error.
func want(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	case reflect.Struct:
		if t.PkgPath() == "time" {
			return "a time such as 2026-11-21T08:00:00Z"
		}
	}
	return "an object"
}

func kindOf(token json.Token) string {
	switch token.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	}
	return "a boolean"
}

// escape writes a key as a part of a JSON pointer.
func escape(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}
