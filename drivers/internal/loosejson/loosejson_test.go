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
