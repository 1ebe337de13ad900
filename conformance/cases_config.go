package conformance

import (
	"errors"
	"strings"

	"github.com/anysms/anysms/provider"
)

func configCases() []Case {
	return []Case{
		{ID: "config.unknown-key", Level: Must, run: configUnknownKey,
			Why:    "a misspelt setting that is ignored in silence is found out in production",
			Source: contract + ", DecodeConfig"},
		{ID: "config.wrong-type", Level: Must, run: configWrongType,
			Why:    "a setting of the wrong form must be named, not taken for its default",
			Source: contract + ", DecodeConfig"},
		{ID: "config.described", Level: Should, run: configDescribed,
			Why:    "people learn a driver's settings from the command line",
			Source: contract + ", Driver.Settings"},
	}
}

// knownAccount is the driver and its settings; else the case is not applicable.
func (t *trial) knownAccount() *account {
	if t.account == nil {
		t.notApplicable("the harness is not made by ForDriver, so the settings are not known")
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

// refuses opens with a setting that cannot be right.
func (t *trial) refuses(change map[string]any, name string) {
	p, err := t.knownAccount().openWith("http://127.0.0.1:1", change)
	if err == nil {
		_ = provider.Close(p) // it should not exist
		t.failf("Open takes the setting %s: %v", name, change[name])
		return
	}
	if _, ok := errors.AsType[*provider.ConfigError](err); !ok || !strings.Contains(err.Error(), name) {
		t.failf("Open answers %q, want a *provider.ConfigError that names %s", err, name)
	}
	t.leaks("Open's error", err.Error())
}

func configDescribed(t *trial) {
	a := t.knownAccount()
	if a.driver.Name == "" || a.driver.Doc == "" {
		t.failf("the driver has no name or no doc")
	}
	for _, s := range a.driver.Settings {
		if s.Doc == "" {
			t.failf("the setting %s has no doc", s.Name)
		}
	}
}
