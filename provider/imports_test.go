package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/anysms/anysms/"

// imports lists what each package of the module depends on, except itself.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, module+"...").Output()
	require.NoError(t, err)
	deps := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		deps[strings.TrimPrefix(fields[0], module)] = fields[1:]
	}
	return deps
}

func within(pkg string, roots ...string) bool {
	for _, root := range roots {
		if pkg == root || strings.HasPrefix(pkg, root+"/") {
			return true
		}
	}
	return false
}

// heavy are modules and packages that a program of the router and one HTTP driver does
// without: databases, queues, plugins, the gateway.
var heavy = []string{
	"database/sql", "modernc.org/sqlite", "github.com/jackc/pgx", "github.com/pressly/goose", "github.com/riverqueue/river",
	"google.golang.org/grpc", "github.com/hashicorp/go-plugin", "github.com/redis/go-redis",
	"github.com/danielgtaylor/huma", "github.com/linxGnu/gosmpp", "go.yaml.in/yaml", "github.com/spf13/cobra",
	"github.com/prometheus/client_golang",
}

// TestProgramOfOneDriver asks the go command what a program of the router and one HTTP
// driver is linked from.
func TestProgramOfOneDriver(t *testing.T) {
	const program = `package main

import (
	"context"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/router"
)

func main() {
	p, err := phonify.New(phonify.Config{})
	if err != nil {
		panic(err)
	}
	r, err := router.New([]router.Upstream{{Name: "a", Provider: p}}, nil)
	if err != nil {
		panic(err)
	}
	_ = r.Close(context.Background())
}
`
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(program), 0o600))
	out, err := exec.Command("go", "list", "-deps", file).Output()
	require.NoError(t, err)
	linked := strings.Fields(string(out))
	assert.Subset(t, linked, []string{module + "router", module + "drivers/phonify", "net/http"})
	for _, dep := range linked {
		for _, h := range heavy {
			assert.False(t, within(dep, h), "it links %s", dep)
		}
		if own, inside := strings.CutPrefix(dep, module); inside {
			assert.False(t, within(own, "router/config", "router/queue", "router/webhook", "router/guard", "router/otp", "cmd", "conformance"), "it links %s", own)
			assert.False(t, within(own, "drivers") && driverOf(own) != "phonify" && driverOf(own) != "internal", "it links %s", own)
		}
	}
}

// TestImportsPointOneWay checks the layers: encoding and provider at the
// bottom, then router and drivers, which do not know each other, then
// conformance, then programs. Nobody links what they did not ask for.
func TestImportsPointOneWay(t *testing.T) {
	all := imports(t)
	for _, h := range heavy {
		assert.True(t, slices.ContainsFunc(all["cmd/anysms"], func(dep string) bool { return within(dep, h) }), "nothing is %s any more: what is it called now?", h)
	}
	for pkg, deps := range all {
		for _, dep := range deps {
			own, inside := strings.CutPrefix(dep, module)
			if why := forbidden(pkg, own, inside, dep); why != "" {
				assert.Fail(t, "forbidden import", "%s reaches %s: %s", pkg, dep, why)
			}
		}
	}
}

func forbidden(pkg, own string, inside bool, dep string) string {
	if !inside {
		return forbiddenOutside(pkg, dep)
	}
	switch {
	case within(pkg, "encoding") && !within(own, "encoding"):
		return "encoding imports no other package of the project"
	case within(pkg, "provider") && !within(own, "provider"):
		return "provider imports no package outside provider"
	case within(pkg, "router") && within(own, "drivers", "conformance", "cmd", "examples"):
		return "the router imports no driver"
	case within(pkg, "drivers") && within(own, "router", "conformance", "cmd", "examples"):
		return "a driver imports neither router nor conformance"
	case within(pkg, "drivers") && within(own, "drivers") && driverOf(pkg) != driverOf(own) && driverOf(own) != "internal" && pkg != "drivers/builtin":
		return "a driver imports no other driver"
	case within(pkg, "conformance") && within(own, "router", "drivers", "cmd", "examples"):
		return "conformance imports neither router nor drivers"
	}
	return ""
}

func forbiddenOutside(pkg, dep string) string {
	switch {
	case pkg == "drivers/internal/drivertest", pkg == "router/ledger/ledgertest", pkg == "router/queue/queuetest", pkg == "router/guard/countertest": // only tests import them
	case within(dep, "google.golang.org/grpc") && !within(pkg, "drivers/plugin", "cmd", "examples"):
		return "only plugins use gRPC"
	case within(dep, "github.com/linxGnu/gosmpp") && !within(pkg, "drivers/smpp", "drivers/builtin", "conformance/smpplab", "cmd", "examples"):
		return "only SMPP uses gosmpp"
	case within(dep, "go.yaml.in/yaml") && !within(pkg, "router/config", "drivers/rest", "drivers/builtin", "cmd", "examples"):
		return "only router/config and drivers/rest read YAML"
	case within(dep, "database/sql", "modernc.org", "github.com/jackc", "github.com/pressly") && !within(pkg, "router/ledger/sqlite", "router/ledger/postgres", "router/queue/riverqueue", "cmd", "examples"):
		return "only the ledger's databases, and the queue over PostgreSQL, use SQL"
	case within(dep, "github.com/riverqueue") && !within(pkg, "router/ledger/postgres", "router/queue/riverqueue", "cmd", "examples"):
		return "only PostgreSQL needs River"
	case within(dep, "github.com/jackc") && within(pkg, "router/ledger/sqlite"), within(dep, "modernc.org") && within(pkg, "router/ledger/postgres", "router/queue/riverqueue"):
		return "one database does not link the other"
	case within(dep, "github.com/redis") && !within(pkg, "router/redisstore", "cmd", "examples"):
		return "only router/redisstore uses Redis"
	case within(dep, "github.com/danielgtaylor/huma", "github.com/prometheus", "github.com/spf13") && !within(pkg, "cmd", "examples"):
		return "only the command serves an API"
	case within(dep, "github.com/stretchr/testify"):
		return "only tests use testify"
	case within(pkg, "provider") && !standard(dep):
		return "provider uses only the standard library"
	case within(pkg, "encoding") && !standard(dep) && !within(dep, "github.com/rivo/uniseg", "golang.org/x/text"):
		return "encoding uses only the standard library and Unicode tables"
	}
	return ""
}

// standard packages have no dot in their first element.
func standard(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return !strings.Contains(first, ".")
}

// driverOf names the driver that a package below drivers belongs to.
func driverOf(pkg string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(pkg, "drivers/"), "/")
	return name
}
