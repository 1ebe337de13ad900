package strict_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/strict"
)

type message struct {
	To     string            `json:"to"`
	SendAt time.Time         `json:"send_at,omitzero"`
	Length *int              `json:"length,omitempty"`
	Extra  map[string]string `json:"extra,omitempty"`
}

func TestDecode(t *testing.T) {
	var m message
	require.Nil(t, strict.Decode([]byte(`{"to":"+30","send_at":"2026-11-21T08:00:00Z","length":4,"extra":{"a.b":"c"}}`), &m))
	assert.Equal(t, "+30", m.To)
	assert.Equal(t, 4, *m.Length)
	assert.Equal(t, map[string]string{"a.b": "c"}, m.Extra)
	assert.Equal(t, time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC), m.SendAt)

	var list []message
	require.Nil(t, strict.Decode([]byte(` [{"to":"a"},{"to":"b"}] `), &list))
	require.Len(t, list, 2)
	assert.Nil(t, list[1].Length)
}

func TestDecodeBadInput(t *testing.T) {
	deep := `{"extra":` + string(repeat('[', 100)) + string(repeat(']', 100)) + `}`
	for name, c := range map[string]struct{ body, pointer, detail string }{
		"empty":               {"", "", "the body is empty; want JSON"},
		"not JSON":            {"hello", "", "the body is not JSON: invalid character 'h' looking for beginning of value"},
		"cut off":             {`{"to":"+30"`, "", "the body is not JSON: it ends too early"},
		"two values":          {`{} {}`, "", "the body has more than one JSON value"},
		"trailing":            {`{} x`, "", "the body is not JSON: invalid character 'x' looking for beginning of value"},
		"invalid UTF-8":       {"{\"to\":\"\xff\"}", "", "the body is not valid UTF-8"},
		"null":                {"null", "", "got null, want an object"},
		"array":               {"[]", "", "got an array, want an object"},
		"string":              {`"x"`, "", "got a string, want an object"},
		"missing member":      {`{}`, "/to", "missing; want a string"},
		"null member":         {`{"to":null}`, "/to", "got null, want a string"},
		"unknown member":      {`{"to":"a","too":"x"}`, "/too", `unknown member (did you mean "to"?)`},
		"unknown object":      {`{"to":"a","x":{"to":[1,{"a":null}]}}`, "/x", "unknown member"},
		"other case":          {`{"to":"a","TO":"x"}`, "/TO", `unknown member (did you mean "to"?)`},
		"twice":               {`{"to":"a","to":"b"}`, "/to", "duplicate member"},
		"number for a string": {`{"to":306900000001}`, "/to", "got a number, want a string"},
		"object for a string": {`{"to":{"a":1}}`, "/to", "got an object, want a string"},
		"array for a string":  {`{"to":["+30"]}`, "/to", "got an array, want a string"},
		"fraction":            {`{"to":"a","length":4.5}`, "/length", "got a number, want a whole number"},
		"huge":                {`{"to":"a","length":1e999}`, "/length", "got a number, want a whole number"},
		"string for a number": {`{"to":"a","length":"4"}`, "/length", "got a string, want a whole number"},
		"wrong time":          {`{"to":"a","send_at":"tomorrow"}`, "/send_at", "want a time such as 2026-11-21T08:00:00Z"},
		"number for a time":   {`{"to":"a","send_at":1}`, "/send_at", "got a number, want a time such as 2026-11-21T08:00:00Z"},
		"inside a map":        {`{"to":"a","extra":{"a/b~":1}}`, "/extra/a~1b~0", "got a number, want a string"},
		"deep":                {deep, "", "the body is not JSON: it is nested too deeply"},
	} {
		t.Run(name, func(t *testing.T) {
			p := strict.Decode([]byte(c.body), new(message))
			require.NotNil(t, p)
			assert.Equal(t, 400, p.Status)
			assert.Equal(t, "bad_request", p.Code)
			if len(p.Errors) == 0 {
				assert.Equal(t, c.detail, p.Detail)
				return
			}
			require.Len(t, p.Errors, 1)
			assert.Equal(t, c.pointer, p.Errors[0].Pointer)
			assert.Contains(t, p.Errors[0].Detail, c.detail)
		})
	}
	p := strict.Decode([]byte(`[{"to":"a"},{"to":1,"x":2}]`), new([]message))
	require.NotNil(t, p)
	assert.Equal(t, "/1/to", p.Errors[0].Pointer)
	assert.Equal(t, "/1/x", p.Errors[1].Pointer)
}

func repeat(b byte, n int) []byte {
	list := make([]byte, n)
	for i := range list {
		list[i] = b
	}
	return list
}

// FuzzDecode checks that what is accepted is what encoding/json reads.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"to":"+30","send_at":"2026-11-21T08:00:00Z","length":4,"extra":{"a.b":"c"}}`))
	f.Add([]byte(`{"to":"a","to":"b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, want message
		if strict.Decode(body, &got) != nil {
			return
		}
		require.NoError(t, json.Unmarshal(body, &want))
		assert.Equal(t, want.To, got.To)
		assert.Equal(t, want.Length, got.Length)
		assert.True(t, want.SendAt.Equal(got.SendAt))
	})
}
