package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// TestRefusedMessages tests messages that cannot be sent: JSON on stdout, exit code
// 1, and no request to a vendor.
func TestRefusedMessages(t *testing.T) {
	for name, test := range map[string]struct {
		to, text string
		more     []string
		code     string
		message  string
	}{
		"no number at all":   {"hello", "Hi", nil, "invalid_recipient", "number"},
		"empty number":       {"", "Hi", nil, "invalid_recipient", "number"},
		"number too short":   {"+3069", "Hi", nil, "invalid_recipient", "number"},
		"number of no range": {"+306000000000", "Hi", nil, "invalid_recipient", "not in a range"},
		"landline":           {"+302101234567", "Hi", nil, "invalid_recipient", "fixed_line"},
		"empty text":         {number, "", nil, "invalid_message", "empty"},
		"invalid UTF-8":      {number, "a\xffb", nil, "invalid_message", "UTF-8"},
		"too many segments":  {number, strings.Repeat("x", 153*10+1), nil, "invalid_message", "11 segments"},
	} {
		t.Run(name, func(t *testing.T) {
			v := startVendors(t)
			args := append([]string{"send", "--config", v.config, "--format", "json", "--to", test.to, "--text", test.text}, test.more...)
			got := anysms(t, args...)
			assert.Equal(t, cli.ExitRefused, got.code, got.stderr)
			assert.Contains(t, got.stdout, `"status":"refused"`)
			assert.Contains(t, got.stdout, `"code":"`+test.code+`"`)
			assert.Contains(t, got.stdout, test.message)
			assert.Empty(t, got.stderr)
			v.untouched(t)
		})
	}
}

const oneProvider = `
providers:
  athens: {driver: apifon, base_url: "http://127.0.0.1:1", token: t, secret: s3cr3t-value, sender: Example}
`

// TestBadConfiguration tests configurations that cannot be used: the error names the
// setting and, if it is in the file, its line.
func TestBadConfiguration(t *testing.T) {
	for name, test := range map[string]struct {
		config string
		more   []string
		want   []string
	}{
		"unknown provider":        {oneProvider, []string{"--provider", "sparta"}, []string{`"sparta"`, "athens"}},
		"unknown driver":          {"providers:\n  athens:\n    driver: pigeon\n", nil, []string{"anysms.yaml:3", "pigeon", "apifon"}},
		"unknown key":             {"providers:\n  athens:\n    driver: apifon\n    tokn: x\n", nil, []string{"anysms.yaml:4", "tokn", "token"}},
		"unknown key of router":   {oneProvider + "router:\n  retries: 3\n", nil, []string{"anysms.yaml:5", "retries"}},
		"unknown key on top":      {oneProvider + "rooter: {}\n", nil, []string{"anysms.yaml:4", "rooter"}},
		"unknown name in a route": {oneProvider + "router:\n  routes:\n    - {name: a, providers: [sparta]}\n", nil, []string{"anysms.yaml:6", "sparta"}},
		"unset variable":          {"providers:\n  athens:\n    driver: apifon\n    token: \"${NO_SUCH_VARIABLE_1}\"\n", nil, []string{"anysms.yaml:4", "NO_SUCH_VARIABLE_1"}},
		"plain http":              {"providers:\n  athens:\n    driver: apifon\n    token: t\n    secret: s\n    base_url: http://api.example.com\n", nil, []string{"anysms.yaml:", "base_url", "http", "api.example.com"}},
		"missing setting":         {"providers:\n  usa: {driver: phonify}\n", nil, []string{"anysms.yaml:2", "api_key"}},
		"no YAML":                 {"providers: [\n", nil, []string{"anysms.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "anysms.yaml", test.config)
			for _, command := range [][]string{{"send", "--to", number, "--text", "Hi"}, {"config", "check"}} {
				if command[0] == "config" && test.more != nil {
					continue // the configuration itself is right
				}
				got := anysms(t, append(append(command, "--config", path), test.more...)...)
				assert.Equal(t, cli.ExitUsage, got.code)
				assert.Empty(t, got.stdout)
				for _, want := range test.want {
					assert.Contains(t, got.stderr, want)
				}
				assert.NotContains(t, got.stderr, "s3cr3t-value")
			}
		})
	}
}

func TestConfigurationIsFound(t *testing.T) {
	t.Setenv(cli.ConfigEnv, "")
	t.Chdir(t.TempDir())
	got := anysms(t, "providers")
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "there is no anysms.yaml in this directory")

	require.NoError(t, os.WriteFile("anysms.yaml", []byte(oneProvider), 0o600))
	got = anysms(t, "providers")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "athens")

	t.Setenv(cli.ConfigEnv, filepath.Join("no", "such.yaml"))
	got = anysms(t, "providers")
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "such.yaml")

	got = anysms(t, "providers", "--config", "anysms.yaml")
	assert.Equal(t, cli.ExitDone, got.code, "the flag overrides the environment")
}

// TestBadUsage tests invalid command lines.
func TestBadUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"unknown command":    {[]string{"sned"}, `unknown command "sned"`},
		"unknown flag":       {[]string{"send", "--too", "x"}, "unknown flag: --too"},
		"missing flag":       {[]string{"send", "--to", number}, "--text is missing"},
		"unknown format":     {[]string{"version", "--format", "xml"}, "want text or json"},
		"unknown class":      {[]string{"send", "--class", "urgent"}, "want otp, transactional or marketing"},
		"unknown mode":       {[]string{"send", "--delivery", "twice"}, "want at_most_once, reconcile or at_least_once"},
		"bad duration":       {[]string{"send", "--validity", "2 minutes"}, "validity"},
		"negative duration":  {[]string{"send", "--to", number, "--text", "x", "--validity", "-2m"}, "want a positive duration"},
		"bad time":           {[]string{"send", "--to", number, "--text", "x", "--at", "tomorrow"}, "2030-01-02T15:04:05Z"},
		"nothing to analyse": {[]string{"analyse"}, "nothing to analyse"},
		"text and file":      {[]string{"analyse", "--file", "x", "text"}, "not both"},
		"column, no file":    {[]string{"analyse", "--text-column", "x", "text"}, "--text-column needs --file"},
		"unknown language":   {[]string{"analyse", "--language", "xx", "text"}, "xx"},
		"locking alone":      {[]string{"analyse", "--locking", "text"}, "--locking needs --language"},
		"unknown level":      {[]string{"analyse", "--transliterate", "some", "text"}, "greek_capitals"},
		"unknown region":     {[]string{"analyse", "--file", "x", "--to-column", "to", "--region", "Greece"}, "Greece"},
		"unknown driver":     {[]string{"drivers", "pigeon"}, `unknown driver "pigeon"; want one of `},
		"status, no id":      {[]string{"status", "--provider", "x"}, "got 0 arguments; usage: anysms status --provider P ID"},
		"two texts":          {[]string{"analyse", "Hello", "there"}, "got 2 texts, want one"},
		"level of a file":    {[]string{"analyse", "--file", "x", "--transliterate", "full"}, "--transliterate works on a single text"},
		"empty template":     {[]string{"analyse", "--file", "x", "--template", ""}, "--template must not be empty"},
		"two sources":        {[]string{"analyse", "--file", "x", "--template", "Hi", "--text-column", "t"}, "not both"},
		"no segment at all":  {[]string{"analyse", "--max-segments", "0", "text"}, "--max-segments 0; want at least 1"},
		"sample, not asked":  {[]string{"cost", "--file", "x", "--sample", "3"}, "--sample needs --ask"},
		"no network":         {[]string{"rates", "quote", "--rates", "x", "--to", "+306900000001", "--mccmnc", "202a"}, `--mccmnc "202a"; want 5 or 6 digits`},
		"help is named":      {[]string{"rates", "check"}, `see "anysms rates check --help"`},
		"pace of nothing":    {[]string{"demo", "--pace", "0s"}, "--pace 0s"},
	} {
		t.Run(name, func(t *testing.T) {
			got := anysms(t, test.args...)
			assert.Equal(t, cli.ExitUsage, got.code)
			assert.Contains(t, got.stderr, test.want)
			assert.Empty(t, got.stdout)
		})
	}
}

func TestBadFiles(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.csv")
	got := anysms(t, "analyse", "--file", missing)
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, missing)

	got = anysms(t, "analyse", "--file", t.TempDir())
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "directory")

	file := write(t, "a.csv", "to,body\n1,Hi\n")
	for _, limit := range []string{"--max-cost=much", "--max-cost=5"} {
		got = anysms(t, "analyse", "--file", missing, limit)
		assert.Equal(t, cli.ExitUsage, got.code)
		assert.Contains(t, got.stderr, "max-cost", "a limit that cannot be checked is reported before the file is read")
	}
	got = anysms(t, "analyse", "--file", file, "--text-column", "body", "--sheet", "May")
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, file+`: --sheet "May": it is not a workbook`)

	lines := write(t, "a.jsonl", `{"phone":"+306971234567","body":"Hi"}`+"\n")
	got = anysms(t, "analyse", "--file", lines)
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, `no key "text" in the first lines; read as JSON Lines, the file has: "body", "phone"`)

	got = anysms(t, "analyse", "--file", file, "--text-column", "SMS")
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, `no column "SMS"`)
	assert.Contains(t, got.stderr, `"to", "body"`)
	assert.Empty(t, got.stdout)

	got = anysms(t, "analyse", "a\xffb")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stderr, "not valid UTF-8 at byte 1")

	rows := write(t, "b.csv", "text\nHi\n\n")
	assert.Equal(t, cli.ExitRefused, anysms(t, "analyse", "--file", rows).code)
	assert.Equal(t, cli.ExitDone, anysms(t, "analyse", "--file", rows, "--allow-invalid").code)
}
