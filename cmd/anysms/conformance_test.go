package main

import (
	"encoding/json"
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/conformance"
)

const twoProviders = `providers:
  usa: {driver: phonify, api_key: k3y-of-the-account}
  fake: {driver: memory}
  other: {driver: memory}
router: {routes: [{name: all, providers: [usa, fake, other]}]}
`

func TestConformanceOfADriver(t *testing.T) {
	settings := write(t, "phonify.json", `{"api_key": "k3y-of-the-account"}`)
	const replies = "../../drivers/phonify/testdata/conformance"
	got := anysms(t, "conformance", "--driver", "phonify", "--settings", settings, "--replies", replies)
	assert.Equal(t, cli.ExitDone, got.code, got.stdout+got.stderr)
	assert.Contains(t, got.stdout, "phonify: conformant.")

	got = anysms(t, "conformance", "--config", write(t, "anysms.yaml", twoProviders), "--driver", "phonify", "--replies", replies, "--format", "markdown",
		"--skip", "text.control=not supported")
	assert.Equal(t, cli.ExitDone, got.code, got.stdout+got.stderr)
	assert.Contains(t, got.stdout, "| phonify | conformant |")
}

// Without the vendor's replies, an HTTP driver is not conformant.
func TestConformanceWithoutReplies(t *testing.T) {
	got := anysms(t, "conformance", "--config", write(t, "anysms.yaml", twoProviders), "--provider", "usa", "--format", "junit")
	assert.Equal(t, cli.ExitRefused, got.code, got.stderr)
	var suite struct {
		XMLName  xml.Name `xml:"testsuite"`
		Failures int      `xml:"failures,attr"`
	}
	require.NoError(t, xml.Unmarshal([]byte(got.stdout), &suite))
	assert.Positive(t, suite.Failures)
	assert.Contains(t, got.stdout, "add accepted.http")
}

func TestConformanceOfARecipe(t *testing.T) {
	got := anysms(t, "conformance", "--recipe", "transmitsms", "--format", "json")
	assert.Equal(t, cli.ExitDone, got.code, got.stdout+got.stderr)
	var report struct {
		Name   string `json:"name"`
		OK     bool   `json:"ok"`
		Failed int    `json:"failed"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
	assert.Equal(t, "transmitsms", report.Name)
	assert.True(t, report.OK)
	assert.Zero(t, report.Failed)
}

func TestConformanceList(t *testing.T) {
	var cases []conformance.Case
	require.NoError(t, json.Unmarshal([]byte(anysms(t, "conformance", "--list", "--format", "json").stdout), &cases))
	assert.Len(t, cases, len(conformance.Catalogue()))
	assert.Contains(t, anysms(t, "conformance", "--list").stdout, "requests.one")
	assert.Contains(t, anysms(t, "conformance", "--list", "--format", "markdown").stdout, "| `requests.one` |")
}

func TestConformanceUsage(t *testing.T) {
	conf := write(t, "anysms.yaml", twoProviders)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":             {nil, "no driver given"},
		"unknown driver":      {[]string{"--driver", "nobody"}, `unknown driver "nobody"`},
		"two ways":            {[]string{"--driver", "memory", "--recipe", "x"}, "got --driver and --recipe; want only one of"},
		"settings missing":    {[]string{"--driver", "memory", "--settings", "/no/such.json"}, "--settings: "},
		"settings no JSON":    {[]string{"--driver", "memory", "--settings", write(t, "x.json", "a: b")}, "is not JSON"},
		"replies missing":     {[]string{"--driver", "memory", "--replies", "/no/such"}, "--replies: "},
		"skip without reason": {[]string{"--driver", "memory", "--skip", "text.control"}, "want ID=REASON"},
		"skip of a core case": {[]string{"--driver", "memory", "--skip", "requests.one=why not"}, ""},
		"ambiguous":           {[]string{"--config", conf, "--driver", "memory"}, "2 providers with driver"},
		"unknown provider":    {[]string{"--config", conf, "--provider", "mars"}, "mars"},
		"unknown recipe":      {[]string{"--recipe", "/no/such.yaml"}, "such.yaml"},
		"recipe and replies":  {[]string{"--recipe", "transmitsms", "--replies", "."}, "a recipe has its settings"},
		"list as JUnit":       {[]string{"--list", "--format", "junit"}, "no format junit"},
		"unknown form":        {[]string{"--list", "--format", "html"}, "want text, json, junit, markdown or badge"},
	} {
		t.Run(name, func(t *testing.T) {
			got := anysms(t, append([]string{"conformance"}, test.args...)...)
			assert.Equal(t, cli.ExitUsage, got.code, got.stdout)
			assert.Contains(t, got.stderr, test.want)
		})
	}
}
