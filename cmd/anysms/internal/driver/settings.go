package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
)

// tryOpen reports settings with which the driver cannot be opened, so that not each
// case fails with them.
func (p *conformanceFlags) tryOpen(h conformance.Harness) error {
	opened, err := h.Open(nowhere)
	switch {
	case err == nil:
		return provider.Close(opened)
	case p.settings != "" || p.config != "" || p.driver == "":
		return fmt.Errorf("the driver cannot be opened with these settings: %w", err)
	case p.driver == "rest":
		return errors.New("a driver of rest is a recipe; want --recipe FILE")
	case p.driver == "plugin":
		return errors.New("a driver of plugin is a program; want --plugin PATH")
	}
	return fmt.Errorf("driver %s: %w; give its settings in a JSON file (\"anysms drivers %s\" lists them), such as\n"+
		"  echo '%s' > %[1]s.json\n  anysms conformance --driver %[1]s --settings %[1]s.json --replies DIRECTORY", p.driver, err, p.driver, example(p.driver))
}

// nowhere is an address for a provider that sends nothing.
const nowhere = "http://127.0.0.1:1"

// example is a JSON object with the settings that a driver cannot do without.
func example(driver string) string {
	settings := make(map[string]string)
	for try(driver, settings) {
	}
	return asJSON(settings)
}

// try opens a driver. It adds a missing setting, and reports whether it did.
func try(driver string, settings map[string]string) bool {
	opened, err := cli.Registry().Open(context.Background(), driver, json.RawMessage(asJSON(settings)))
	if err == nil {
		_ = provider.Close(opened) // nothing was sent
		return false
	}
	wrong, ok := errors.AsType[*provider.ConfigError](err)
	if !ok || wrong.Path == "" || settings[wrong.Path] != "" {
		return false
	}
	settings[wrong.Path] = "test"
	if strings.Contains(wrong.Path, "email") {
		settings[wrong.Path] = "test@example.com"
	}
	return true
}

func asJSON(settings map[string]string) string {
	raw, _ := json.Marshal(settings) // strings are always valid
	return string(raw)
}
