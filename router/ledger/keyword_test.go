package ledger

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKeywordsOfCountries(t *testing.T) {
	for reply, want := range map[string]Keyword{
		"STOP": Stop, " Stop. ": Stop, "stop all": Stop, "Arrêt": Stop, "arrêté!": Stop, "SALIR": Stop, "sair": Stop, "Stopp": Stop, "uit": Stop,
		"start": Start, "Aide": Help, "": "", "yes": "", "join": "", "please stop by": "", "stop stop": "", "no": "",
		strings.Repeat(" ", 61) + "stop": "", strings.Repeat(" ", 60) + "stop": Stop,
	} {
		assert.Equal(t, want, KeywordOf(reply), "%q", reply)
	}
}

// TestKeywordFile checks that each word has a language and a source, and one meaning.
func TestKeywordFile(t *testing.T) {
	meanings := make(map[string]string)
	for line := range strings.Lines(keywordFile) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		fields := strings.SplitN(strings.TrimSpace(line), ",", 4)
		require.Len(t, fields, 4, line)
		assert.Contains(t, []string{"stop", "start", "help"}, fields[0], line)
		assert.Len(t, fields[2], 2, line)
		assert.Greater(t, len(fields[3]), 10, "the source: %s", line)
		word := fold(fields[1])
		assert.NotContains(t, meanings, word, line)
		meanings[word] = fields[0]
	}
}
