package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

const driverName = "rest"

// Config holds the settings of one account at one recipe's vendor. The settings
// that the recipe declares, such as username and password, are added to them:
// in JSON at the same level, in Go in Values.
type Config struct {
	// Recipe is the name of a built-in recipe or the path of a file, which ends
	// in .yaml or .yml.
	Recipe       string `json:"recipe" doc:"name of a built-in recipe, or the path of a .yaml file; the recipe's own settings are set at the same level (anysms recipe show NAME lists them)"`
	Sender       string `json:"sender" doc:"default sender, if the vendor accepts one"`
	AllowPrivate bool   `json:"allow_private" doc:"allow connections to private addresses; default false"`

	// Values are the recipe's own settings.
	Values map[string]provider.Secret `json:"-"`
	// Texts are the registered texts, for a vendor that sends no others: the
	// recipe's setting of type templates.
	Texts []RegisteredText `json:"-"`

	httpcall.Config
}

// Driver opens accounts at vendors that a recipe describes.
var Driver = driver()

func driver() provider.Driver {
	d := provider.NewDriver(driverName, "Any vendor with an HTTP API, described by a recipe (one YAML file); `anysms recipe list` lists the built-in ones", New)
	d.Open = open
	return d
}

// reservedSettings are the keys of Config, which a recipe must not declare.
func reservedSettings() []string {
	var keys []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if name := f.Tag.Get("json"); name != "" && name != "-" {
			keys = append(keys, name)
		}
	}
	return keys
}

// open reads the settings: first the recipe, then its own settings and those
// that all recipes share. The error for an unknown key lists both.
func open(_ context.Context, raw json.RawMessage) (provider.Provider, error) {
	config, recipe, err := decodeConfig(raw)
	if err != nil {
		return nil, err
	}
	return newProvider(config, recipe)
}

func decodeConfig(raw json.RawMessage) (Config, *Recipe, error) {
	var config Config
	var all map[string]json.RawMessage
	if len(raw) > 0 && string(raw) != "null" {
		if err := json.Unmarshal(raw, &all); err != nil {
			return config, nil, provider.ConfigErrorf("", "want a map of settings: %v", err)
		}
	}
	if err := provider.DecodeConfig(all["recipe"], &config.Recipe); err != nil {
		return config, nil, provider.ConfigErrorf("recipe", "want a name or a file: %v", err)
	}
	if config.Recipe == "" {
		if err := provider.DecodeConfig(raw, &config); err != nil {
			return config, nil, err
		}
	}
	recipe, err := load(config.Recipe)
	if err != nil {
		return config, nil, err
	}
	known := reservedSettings()
	shared := make(map[string]json.RawMessage, len(all))
	config.Values = make(map[string]provider.Secret, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		setting, own := recipe.setting(key)
		switch {
		case own && setting.Templates:
			if err := provider.DecodeConfig(all[key], &config.Texts); err != nil {
				return config, nil, provider.ConfigErrorf(key, "want a list of {id, text}: %v", err)
			}
		case own:
			word, err := settingText(key, all[key])
			if err != nil {
				return config, nil, err
			}
			config.Values[key] = provider.Secret(word)
		case slices.Contains(known, key):
			shared[key] = all[key]
		default:
			return config, nil, provider.ConfigErrorf(key, "unknown key; want one of %s", recipe.settingNames())
		}
	}
	clean, err := json.Marshal(shared)
	if err != nil {
		return config, nil, provider.ConfigErrorf("", "%v", err)
	}
	return config, recipe, provider.DecodeConfig(clean, &config)
}

// settingNames lists the settings, the recipe's own first.
func (r *Recipe) settingNames() string {
	var own []string
	for _, s := range r.Settings {
		own = append(own, s.Name)
	}
	shared := reservedSettings()
	slices.Sort(shared)
	return strings.Join(append(own, shared...), ", ")
}

// settingText accepts strings, numbers and booleans.
func settingText(key string, raw json.RawMessage) (string, error) {
	v, err := request.ReadJSON(raw)
	if err != nil {
		return "", provider.ConfigErrorf(key, "%v", err)
	}
	word, scalar := request.ScalarOf(v)
	if !scalar {
		return "", provider.ConfigErrorf(key, "want a string, a number or a boolean")
	}
	return word, nil
}

// values checks the recipe's own settings and adds their defaults.
func (r *Recipe) values(config Config) (map[string]string, error) {
	for _, key := range slices.Sorted(maps.Keys(config.Values)) {
		if _, known := r.setting(key); !known {
			return nil, provider.ConfigErrorf(key, "recipe %s has no such setting; want one of %s", r.Name, r.settingNames())
		}
	}
	values := make(map[string]string, len(r.Settings))
	for _, s := range r.Settings {
		if s.Templates {
			continue
		}
		secret, given := config.Values[s.Name]
		word, err := s.check(secret.Reveal(), given)
		if err != nil {
			return nil, err
		}
		if word != "" {
			values[s.Name] = word
		}
	}
	return values, nil
}

// check checks a setting's value. An empty secret is not the same as none.
func (s *Setting) check(word string, given bool) (string, error) {
	switch {
	case given && word == "" && s.Secret:
		return "", provider.ConfigErrorf(s.Name, "must not be empty: %s", s.Doc)
	case word == "":
		word = s.Default
	}
	if word == "" {
		if s.Optional {
			return "", nil
		}
		return "", provider.ConfigErrorf(s.Name, "is missing: %s", s.Doc)
	}
	if s.Pattern != nil && !s.Pattern.MatchString(word) {
		return "", provider.ConfigErrorf(s.Name, "does not match %s: %s", s.Pattern, s.Doc)
	}
	if len(s.Choices) > 0 && !slices.Contains(s.Choices, word) {
		return "", provider.ConfigErrorf(s.Name, "%q; want one of %s", shown(s, word), strings.Join(s.Choices, ", "))
	}
	return word, nil
}

func shown(s *Setting, word string) string {
	if s.Secret {
		return provider.Secret(word).String()
	}
	return word
}

// secrets lists the values that must never appear in errors or raw responses.
func (r *Recipe) secrets(values map[string]string) []provider.Secret {
	var secrets []provider.Secret
	for _, s := range r.Settings {
		if s.Secret && values[s.Name] != "" {
			secrets = append(secrets, provider.Secret(values[s.Name]))
		}
	}
	return secrets
}

// load finds a recipe for a configuration.
func load(name string) (*Recipe, error) {
	if name == "" {
		return nil, provider.ConfigErrorf("recipe", "is missing; want a file, or one of %s", strings.Join(Builtin(), ", "))
	}
	recipe, err := Load(name)
	if err != nil {
		return nil, &provider.ConfigError{Path: "recipe", Reason: fmt.Sprint(err)}
	}
	return recipe, nil
}
