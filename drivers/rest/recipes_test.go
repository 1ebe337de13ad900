package rest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBuiltinRecipesPassTheirFixtures(t *testing.T) {
	require.NotEmpty(t, rest.Builtin())
	for _, name := range rest.Builtin() {
		t.Run(name, func(t *testing.T) {
			r, err := rest.Load(name)
			require.NoError(t, err)
			assert.Equal(t, name, r.Name)
			assert.NotEmpty(t, r.Sources)
			for _, result := range resttest.Replay(t.Context(), r) {
				for _, fault := range result.Faults {
					t.Errorf("%s: %s", result.Fixture, fault)
				}
			}
		})
	}
}

func TestStarterIsRight(t *testing.T) {
	source, err := rest.Starter("acme")
	require.NoError(t, err)
	r, err := rest.Parse("acme.yaml", source)
	require.NoError(t, err)
	assert.Equal(t, "acme", r.Name)
	for _, result := range resttest.Replay(t.Context(), r) {
		assert.Empty(t, result.Faults, result.Fixture)
	}
	assert.Empty(t, r.Gaps())
	decisions, err := resttest.Walk(t.Context(), r)
	require.NoError(t, err)
	for _, d := range decisions {
		assert.Empty(t, d.Fault, d.Code)
	}
	_, err = rest.Starter("Acme Inc.")
	require.ErrorContains(t, err, "is not a name of a recipe")

	// What is commented out is right as well.
	var all []string
	for line := range strings.Lines(string(source)) {
		trimmed := strings.TrimLeft(line, " ")
		if strings.HasPrefix(trimmed, "# ") && strings.Contains(trimmed, ":") && !strings.Contains(line, "anysms") && !strings.Contains(trimmed, "Others") {
			bare := strings.TrimPrefix(trimmed, "# ")
			if alternative.MatchString(bare) {
				continue
			}
			if at := strings.TrimSpace(bare); yamlLine.MatchString(at) {
				line = line[:len(line)-len(trimmed)] + bare
			}
		}
		all = append(all, line)
	}
	_, err = rest.Parse("acme.yaml", []byte(strings.Join(all, "")))
	require.NoError(t, err)
}

var (
	yamlLine    = regexp.MustCompile(`^(- )?[{a-z_]+: ?|^- \{`)
	alternative = regexp.MustCompile(`^(reply: xml|in a configuration|no_id: |cost: \{amount: price, paid_in)`)
)

// unread are the recipes whose tables were not yet compared with the vendors'
// lists.
var unread = []string{"bulksms"}

// undated are the recipes with a table whose source could not be opened again
// after the table was written; the source says no day.
var undated = []string{"46elks", "phonify", "routemobile", "smsapi", "transmitsms"}

// Every table states the vendor's own list, and every code in it has a row with
// the vendor's words, or a reason why not.
func TestTablesHaveNoGaps(t *testing.T) {
	for _, name := range rest.Builtin() {
		if slices.Contains(unread, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r, err := rest.Load(name)
			require.NoError(t, err)
			assert.Empty(t, r.Undocumented())
			assert.Empty(t, r.Gaps())
			assert.Equal(t, slices.Contains(undated, name), r.TablesChecked().IsZero(), "each table names a source, and the day when it was compared")
		})
	}
}

// Every code, status word and phrase of every recipe goes through the real
// engine, in a real response or callback, and means what its row says.
func TestEveryRowMeansWhatItSays(t *testing.T) {
	for _, name := range rest.Builtin() {
		t.Run(name, func(t *testing.T) {
			r, err := rest.Load(name)
			require.NoError(t, err)
			decisions, err := resttest.Walk(t.Context(), r)
			require.NoError(t, err)
			for _, d := range decisions {
				if d.Fault != "" {
					t.Errorf("%s: %s %q: %s", d.Table, d.Code, d.Says, d.Fault)
				}
			}
		})
	}
}
