package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
)

// mutationLimit ends a run in which the mistake makes a driver block for ever.
const mutationLimit = 10 * time.Minute

// mutation is a mistake of one line in a good driver, which the suite must find.
type mutation struct {
	file     string // below the root of the repository, or in the driver's folder
	old, new string // old occurs once in the file
	kills    string // the case that must fail
}

// mutated is a driver with mistakes in it.
type mutated struct {
	driver    string // folder below drivers
	run       string // of its tests: one run of the suite
	mutations []mutation
}

// mutatedDrivers has the table of all mistakes.
func mutatedDrivers() []mutated {
	return []mutated{
		{"phonify", "^TestConformance$/^basic$", slices.Concat(phonifyMutations(), httpcallMutations())},
		{"zoomconnect", "^TestConformance$/^headers$", zoomconnectMutations()},
		{"apifon", "^TestConformance$", apifonMutations()},
	}
}

// TestMutations plants mistakes in the drivers, one at a time, and runs the suite: the
// named case must fail, and the run must end with a report. A usual run tries one
// mistake, as each compiles a driver; ANYSMS_LONG tries all.
func TestMutations(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in PATH")
	}
	if testing.Short() {
		t.Skip("compiles drivers")
	}
	planted, drivers := 0, mutatedDrivers()
	if !long() {
		drivers = drivers[:1]
	}
	for _, d := range drivers {
		sample := d.mutations
		if !long() {
			first := slices.IndexFunc(sample, func(m mutation) bool { return m.applies(t, d) })
			require.GreaterOrEqual(t, first, 0, "no mistake of the table can be planted in %s", d.driver)
			sample = sample[first : first+1]
		}
		for _, m := range sample {
			planted++
			t.Run(fmt.Sprintf("%s/%s/%s", d.driver, m.kills, m.new), func(t *testing.T) {
				t.Parallel()
				failed, output := m.plant(t, d)
				assert.Contains(t, failed, m.kills, "the mistake survives: %s: %s\nin place of: %s\n%s", m.file, m.new, m.old, output)
			})
		}
	}
	t.Logf("%d mistakes", planted)
}

// TestMutationsApply checks that there are enough mistakes that can be planted. With
// ANYSMS_LONG it must be all of the table: change those whose line was rewritten.
func TestMutationsApply(t *testing.T) {
	var known []string
	for _, c := range conformance.Catalogue() {
		known = append(known, c.ID)
	}
	planted := make(map[mutation]bool)
	for _, d := range mutatedDrivers() {
		for _, m := range d.mutations {
			assert.Equal(t, 1, changedLines(m.old, m.new), "%s: more than a line: %s", m.file, m.new)
			assert.Contains(t, known, m.kills)
			if m.applies(t, d) {
				planted[m] = true
			} else if long() {
				t.Errorf("%s must have once: %s", m.file, m.old)
			}
		}
	}
	assert.GreaterOrEqual(t, len(planted), 150)
}

func long() bool { return os.Getenv("ANYSMS_LONG") != "" }

// applies reports whether the driver has the right line.
func (m mutation) applies(t *testing.T, d mutated) bool {
	source, err := os.ReadFile(m.path(d))
	require.NoError(t, err)
	return strings.Count(string(source), m.old) == 1
}

// changedLines counts the lines that differ, if there are as many.
func changedLines(old, fresh string) int {
	before, after := strings.Split(old, "\n"), strings.Split(fresh, "\n")
	if len(before) != len(after) {
		return max(len(before), len(after))
	}
	n := 0
	for i := range before {
		if before[i] != after[i] {
			n++
		}
	}
	return n
}

func (m mutation) path(d mutated) string {
	if strings.Contains(m.file, "/") {
		return filepath.Join("..", filepath.FromSlash(m.file))
	}
	return filepath.Join("..", "drivers", d.driver, m.file)
}

var failedCase = regexp.MustCompile(`(?m)^ +--- FAIL: TestConformance/(?:.*/)?([a-z]+\.[a-z0-9_-]+) `)

// plant compiles the driver's tests with the mistake in place of the right line,
// which stays as it is on disk, and returns the cases that fail.
func (m mutation) plant(t *testing.T, d mutated) (failed []string, output string) {
	path, err := filepath.Abs(m.path(d))
	require.NoError(t, err)
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	dir := t.TempDir()
	wrong := filepath.Join(dir, "wrong.go")
	require.NoError(t, os.WriteFile(wrong, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: wrong}})
	require.NoError(t, err)
	replace := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(replace, overlay, 0o600))

	ctx, cancel := context.WithTimeout(t.Context(), mutationLimit)
	defer cancel()
	command := exec.CommandContext(ctx, "go", "test", "-overlay", replace, "-vet=off", "-count=1", "-timeout", mutationLimit.String(), "-run", d.run, ".")
	command.Dir = filepath.Join("..", "drivers", d.driver)
	command.Env = append(os.Environ(), "ANYSMS_LONG=")
	out, err := command.CombinedOutput()
	require.Error(t, err, "the mistake survives: %s: %s", m.file, m.new)
	for _, match := range failedCase.FindAllSubmatch(out, -1) {
		failed = append(failed, string(match[1]))
	}
	require.NotEmpty(t, failed, "no verdict of the suite: %s: %s\n%s", m.file, m.new, out)
	return failed, string(out[:min(len(out), 4000)])
}
