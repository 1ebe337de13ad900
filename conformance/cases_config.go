package conformance

import (
	"errors"
	"strings"

	"github.com/anysms/anysms/provider"
)

func configCases() []Case {
	const decode = "make the driver with provider.NewDriver, or read the settings with provider.DecodeConfig"
	return []Case{
		{ID: "config.unknown-key", Level: Must, run: configUnknownKey,
			Why:    "a misspelt setting that is silently ignored is only noticed in production",
			Source: contract + ", DecodeConfig",
			Fix:    decode},
		{ID: "config.wrong-type", Level: Must, run: configWrongType,
			Why:    "a setting of the wrong type must be reported, not replaced by its default",
			Source: contract + ", DecodeConfig",
			Fix:    decode},
		{ID: "config.described", Level: Should, run: configDescribed,
			Why:    "users read about a driver's settings on the command line",
			Source: contract + ", Driver.Settings",
			Fix:    "give every field of the configuration a doc tag, and the driver Name and Doc"},
	}
}

// knownAccount returns the driver and its settings; if they are not known, the case
// is not applicable.
func (t *trial) knownAccount() *account {
	if t.account == nil {
		t.notApplicable("the settings are not known: the harness was not made by ForDriver")
	}
	return t.account
}

func configUnknownKey(t *trial) {
	t.refuses(map[string]any{"zq_no_such_key": "x"}, "zq_no_such_key")
}

func configWrongType(t *trial) {
	a := t.knownAccount()
	if len(a.driver.Settings) == 0 {
		t.notApplicable("the driver describes no settings")
	}
	for _, s := range a.driver.Settings {
		var wrong any
		switch s.Type {
		case "string", "secret", "duration":
			wrong = []any{true}
		case "number", "bool", "list":
			wrong = map[string]any{"zq": 1}
		default:
			wrong = "zq"
		}
		t.refuses(map[string]any{s.Name: wrong}, s.Name)
	}
}

// refuses checks that Open rejects an invalid setting.
func (t *trial) refuses(change map[string]any, name string) {
	a := t.knownAccount()
	e, problem := guarded(t.ctx(), t.pace, "Open", func() either[provider.Provider] {
		p, err := a.openWith("http://127.0.0.1:1", change)
		return either[provider.Provider]{p, err}
	})
	switch {
	case problem != "":
		t.stopf("%s", problem)
	case e.err == nil:
		t.closeQuietly(e.value) // it should not exist
		t.failf("Open accepted the invalid setting %s: %v", name, change[name])
		return
	}
	if _, ok := errors.AsType[*provider.ConfigError](e.err); !ok || !strings.Contains(e.err.Error(), name) {
		t.failf("Open returned %q, want a *provider.ConfigError that names %s", e.err, name)
	}
	t.leaks("Open's error", e.err.Error())
}

func configDescribed(t *trial) {
	a := t.knownAccount()
	if a.driver.Name == "" || a.driver.Doc == "" {
		t.failf("the driver's Name and Doc must not be empty")
	}
	for _, s := range a.driver.Settings {
		if s.Doc == "" {
			t.failf("setting %s: Doc must not be empty", s.Name)
		}
	}
}
