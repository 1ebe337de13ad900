package provider

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider/suggest"
)

// ConfigError is a setting that cannot be used. Its text contains no secret.
type ConfigError struct {
	Path   string // "retry.max_attempts"; "" = the whole
	Reason string // what is wrong and what would be right
}

// ConfigErrorf makes a [ConfigError].
func ConfigErrorf(path, format string, args ...any) *ConfigError {
	return &ConfigError{Path: path, Reason: fmt.Sprintf(format, args...)}
}

// Error names the setting and says what would be right.
func (e *ConfigError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// DecodeConfig reads JSON settings into the struct that config points to. It is
// strict: a key must be written exactly as its json tag, and an unknown one is a
// [ConfigError] that lists the known ones. No settings at all (nil or null)
// leave config as it is.
func DecodeConfig(raw json.RawMessage, config any) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if err := checkKeys("", raw, reflect.TypeOf(config)); err != nil {
		return err
	}
	err := json.Unmarshal(raw, config)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return wrongKind(settingPath(reflect.TypeOf(config), wrong.Field), wrong)
	}
	if err != nil {
		return ConfigErrorf("", "%v", err)
	}
	return nil
}

func wrongKind(path string, wrong *json.UnmarshalTypeError) error {
	return ConfigErrorf(path, "got %s, want %s", valueName(wrong.Value), typeName(wrong.Type))
}

// settingPath drops the names of embedded structs, which encoding/json puts
// into the path although they are not keys.
func settingPath(t reflect.Type, path string) string {
	_, fields := structFields(t)
	names := strings.Split(path, ".")
	for len(names) > 1 {
		if _, ok := fields[names[0]]; ok {
			break
		}
		names = names[1:]
	}
	return strings.Join(names, ".")
}

// checkKeys walks the JSON alongside the Go type that will hold it.
func checkKeys(path string, raw json.RawMessage, t reflect.Type) error {
	isStruct, fields := structFields(t)
	switch {
	case readsItself(deref(t)):
		return checkValue(path, raw, deref(t))
	case !isStruct:
		return checkElements(path, raw, t)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return ConfigErrorf(path, "want a map of settings: %v", err)
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		field, known := fields[key]
		if !known {
			names := slices.Sorted(maps.Keys(fields))
			return ConfigErrorf(join(path, key), "unknown key%s; want one of %s", suggest.DidYouMean(key, names), strings.Join(names, ", "))
		}
		if err := checkKeys(join(path, key), object[key], field.Type); err != nil {
			return err
		}
	}
	return nil
}

// checkValue names the setting when a type with its own UnmarshalJSON or
// UnmarshalText refuses the value, which encoding/json does not do. A value of
// the wrong kind is left to encoding/json.
func checkValue(path string, raw json.RawMessage, t reflect.Type) error {
	err := json.Unmarshal(raw, reflect.New(t).Interface())
	if _, kind := errors.AsType[*json.UnmarshalTypeError](err); err == nil || kind {
		return nil
	}
	return ConfigErrorf(path, "%v", err)
}

// checkElements looks into lists and maps. It names the element whose value is of the
// wrong kind, which encoding/json does not do.
func checkElements(path string, raw json.RawMessage, t reflect.Type) error {
	var err error
	switch t = deref(t); t.Kind() {
	case reflect.Slice:
		var list []json.RawMessage
		if err = json.Unmarshal(raw, &list); err != nil {
			break
		}
		for i, element := range list {
			if err := checkKeys(fmt.Sprintf("%s[%d]", path, i), element, t.Elem()); err != nil {
				return err
			}
		}
	case reflect.Map:
		var object map[string]json.RawMessage
		if err = json.Unmarshal(raw, &object); err != nil {
			break
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if err := checkKeys(join(path, key), object[key], t.Elem()); err != nil {
				return err
			}
		}
	default:
		err = json.Unmarshal(raw, reflect.New(t).Interface())
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return wrongKind(path, wrong)
	}
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// structFields returns the JSON fields of a struct that encoding/json would
// fill, those of embedded structs included. A type that decodes itself does not
// count as a struct.
func structFields(t reflect.Type) (isStruct bool, fields map[string]reflect.StructField) {
	t = deref(t)
	if t.Kind() != reflect.Struct || readsItself(t) {
		return false, nil
	}
	fields = make(map[string]reflect.StructField)
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields[name] = f
	}
	return true, fields
}

func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// Setting describes one key of a driver's configuration.
type Setting struct {
	Name   string `json:"name"`
	Type   string `json:"type"` // string, secret, duration, bool, number, list, map
	Doc    string `json:"doc"`
	Secret bool   `json:"secret"`
}

// settingsOf lists a configuration struct's keys, its own before those of
// embedded structs, each in source order.
func settingsOf[C any]() []Setting {
	var own, embedded []Setting
	for _, f := range reflect.VisibleFields(reflect.TypeFor[C]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		s := Setting{Name: name, Type: typeName(f.Type), Doc: f.Tag.Get("doc"), Secret: f.Type == reflect.TypeFor[Secret]()}
		if len(f.Index) > 1 {
			embedded = append(embedded, s)
			continue
		}
		own = append(own, s)
	}
	return append(own, embedded...)
}

// valueName is what encoding/json calls a value, in the words of typeName.
func valueName(json string) string {
	switch json {
	case "array":
		return "a list"
	case "object":
		return "a map"
	}
	return "a " + json
}

func typeName(t reflect.Type) string {
	switch t = deref(t); {
	case t == reflect.TypeFor[Secret]():
		return "secret"
	case t == reflect.TypeFor[Duration]():
		return "duration"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list"
	case reflect.Map, reflect.Struct:
		return "map"
	}
	return "string"
}
