package main

import (
	"os/exec"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/anysms/anysms/"

// TestFakesStayBehindTheirCommands checks that the fakes of vendors and the
// conformance suite are reached by the demo and the driver commands only.
func TestFakesStayBehindTheirCommands(t *testing.T) {
	allowed := map[string][]string{
		"cmd/anysms/internal/demo":   {"provider/httpcall/httpcalltest", "drivers/apifon/apifontest", "drivers/phonify/phonifytest"},
		"cmd/anysms/internal/driver": {"provider/httpcall/httpcalltest", "drivers/rest/resttest", "conformance", "conformance/faultserver"},
	}
	allowed["cmd/anysms"] = append(allowed["cmd/anysms/internal/demo"], allowed["cmd/anysms/internal/driver"]...)
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		var fakes []string
		for _, dep := range fields[1:] {
			dep, own := strings.CutPrefix(dep, module)
			if own && (strings.HasSuffix(path.Base(dep), "test") || strings.HasPrefix(dep, "conformance")) {
				fakes = append(fakes, dep)
			}
		}
		pkg := strings.TrimPrefix(fields[0], module)
		assert.Subset(t, allowed[pkg], fakes, "%s links what is for tests", pkg)
	}
}
