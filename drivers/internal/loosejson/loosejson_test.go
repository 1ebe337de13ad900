package loosejson_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/internal/loosejson"
)

func TestTextAndWord(t *testing.T) {
	for in, want := range map[string]struct{ text, word string }{
		`"a b"`:           {"a b", "a b"},
		`"3600"`:          {"3600", "3600"},
		`"\u20ac \"x\""`:  {`€ "x"`, `€ "x"`},
		`""`:              {"", ""},
		`null`:            {"", ""},
		`17`:              {"17", "17"},
		`-0.50`:           {"-0.50", "-0.50"},
		`1e21`:            {"1e21", "1e21"},
		`123456789012345`: {"123456789012345", "123456789012345"},
		`true`:            {"true", ""},
		`{"a":1}`:         {`{"a":1}`, ""},
		`[1]`:             {`[1]`, ""},
	} {
		var got struct {
			Text loosejson.Text
			Word loosejson.Word
		}
		require.NoError(t, json.Unmarshal([]byte(`{"Text": `+in+` ,"Word":`+in+`}`), &got), in)
		assert.Equal(t, want.text, string(got.Text), in)
		assert.Equal(t, want.word, string(got.Word), in)
	}
	assert.Equal(t, loosejson.Text("17"), loosejson.TextOf([]byte(" 17\n")))
}

func TestIDOfBlanksIsNone(t *testing.T) {
	for in, want := range map[string]string{
		`"a b"`: "a b", `17`: "17", `" 17"`: " 17", `""`: "", `"  "`: "", `"\t\n"`: "", `"\u00a0"`: "", `null`: "", `true`: "", `[]`: "",
	} {
		var got loosejson.ID
		require.NoError(t, json.Unmarshal([]byte(in), &got), in)
		assert.Equal(t, want, string(got), in)
	}
}

// A value of an unexpected type, wherever it stands, leaves the others as they
// are; encoding/json does not promise that.
func TestUnmarshalLeavesOutWhatDoesNotFit(t *testing.T) {
	type inner struct {
		A int
		B string
	}
	type outer struct {
		First string
		In    inner
		List  []inner
		Map   map[string]inner
		Last  string
	}
	good := `{"First":"f","In":{"A":1,"B":"b"},"List":[{"A":1,"B":"b"}],"Map":{"k":{"A":1,"B":"b"}},"Last":"l"}`
	bad := map[string]string{
		"string for object": `"In":"x"`, "list for object": `"In":[]`, "number for string in object": `"In":{"B":5,"A":1}`,
		"object for list": `"List":{}`, "string in list": `"List":["x"]`, "string for number in list": `"List":[{"A":"23","B":"b"}]`,
		"list for map": `"Map":[]`, "string in map": `"Map":{"k":"x"}`, "list in map": `"Map":{"k":[]}`, "fraction for int": `"In":{"A":1.5}`,
	}
	for name, field := range bad {
		t.Run(name, func(t *testing.T) {
			for _, in := range []string{"{" + field + "," + good[1:], `{"First":"f",` + field + `,"Last":"l"}`} {
				var got outer
				require.NoError(t, loosejson.Unmarshal([]byte(in), &got))
				assert.Equal(t, "f", got.First)
				assert.Equal(t, "l", got.Last)
			}
		})
	}
	var got outer
	require.Error(t, loosejson.Unmarshal([]byte(good[1:]), &got), "it is not JSON")
	require.NoError(t, loosejson.Unmarshal([]byte(`[]`), &got))
}
