package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

func TestUnknownNames(t *testing.T) {
	for want, args := range map[string][]string{
		`unknown command "sendd" (did you mean "send"?)`:           {"sendd"},
		`unknown command "topics"; want `:                          {"help", "topics"},
		`unknown command "recipe tst" (did you mean "test"?)`:      {"help", "recipe", "tst"},
		`unknown command "send x"; anysms send has no subcommands`: {"help", "send", "x"},
		`unknown driver "phonfy" (did you mean "phonify"?)`:        {"drivers", "phonfy"},
		`unknown recipe "twillio" (did you mean "twilio"?)`:        {"recipe", "show", "twillio"},
	} {
		got := anysms(t, args...)
		assert.Equal(t, cli.ExitUsage, got.code, want)
		assert.Contains(t, got.stderr, want)
		assert.Empty(t, got.stdout)
	}
	help := anysms(t, "help", "recipe", "test")
	assert.Equal(t, cli.ExitDone, help.code)
	assert.Equal(t, anysms(t, "recipe", "test", "--help").stdout, help.stdout)
	assert.Equal(t, anysms(t, "--version").stdout, anysms(t, "-v").stdout)
	assert.Equal(t, anysms(t, "--version").stdout, anysms(t, "version").stdout)
}

func TestCompletionOfNames(t *testing.T) {
	for want, args := range map[string][]string{
		"\ntwilio\n":  {"recipe", "test", ""},
		"\nphonify\n": {"conformance", "--driver", ""},
		"\nbulksms\n": {"conformance", "--recipe", ""},
		"\nvonage\n":  {"init", "--driver", ""},
		"\nsend\n":    {"help", ""},
	} {
		got := anysms(t, append([]string{"__complete"}, args...)...)
		assert.Equal(t, cli.ExitDone, got.code, got.stderr)
		assert.Contains(t, "\n"+got.stdout, want)
	}
}
