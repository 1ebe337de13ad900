package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
)

// account is what init writes: one provider.
type account struct {
	name, driver string
	recipe       string // of the driver rest
	region       string // "" = none
	known        []provider.Setting
	keys         []string // in the order in which they were given
	settings     map[string]string
	asked        map[string]bool // the settings that were not given by flags
}

func (a *account) set(key, value string) {
	if _, there := a.settings[key]; !there {
		a.keys = append(a.keys, key)
	}
	a.settings[key] = value
}

// setting describes a setting; of one that is not known it has the name alone.
func (a *account) setting(key string) provider.Setting {
	for _, s := range a.known {
		if s.Name == key {
			return s
		}
	}
	return provider.Setting{Name: key}
}

// file is the configuration.
func (a *account) file() ([]byte, error) {
	own := &yaml.Node{Kind: yaml.MappingNode}
	add(own, "driver", text(a.driver))
	if a.recipe != "" {
		add(own, "recipe", text(a.recipe))
	}
	for _, key := range a.keys {
		add(own, key, a.value(key))
	}
	providers, top := &yaml.Node{Kind: yaml.MappingNode}, &yaml.Node{Kind: yaml.MappingNode}
	add(providers, a.name, own)
	add(top, "providers", providers)
	if a.region != "" {
		router := &yaml.Node{Kind: yaml.MappingNode}
		add(router, "default_region", text(a.region))
		add(top, "router", router)
	}
	var b bytes.Buffer
	about := "anysms drivers " + a.driver
	if a.recipe != "" {
		about = "anysms recipe show " + a.recipe
	}
	fmt.Fprintf(&b, "# Made by anysms init. %q lists what else can be set.\n", about)
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	err := encoder.Encode(top)
	return b.Bytes(), errors.Join(err, encoder.Close())
}

func add(to *yaml.Node, key string, value *yaml.Node) {
	to.Content = append(to.Content, text(key), value)
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// variable matches a value that is to be read from the environment.
var variable = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)

// value is a setting as the file has it. Only a whole ${NAME} is a variable.
func (a *account) value(key string) *yaml.Node {
	value := a.settings[key]
	if variable.MatchString(value) {
		n := text(value)
		n.Style = yaml.DoubleQuotedStyle
		return n
	}
	n := text(strings.ReplaceAll(value, "${", "$${"))
	if kind := a.setting(key).Type; kind == "number" || kind == "bool" {
		n.Tag = ""
	}
	return n
}

// writeNew writes a file that only its owner can read. An existing one is left as it
// is.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return exists(path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}

func exists(path string) error {
	return fmt.Errorf("%s exists already; edit it, or name another file with --config", path)
}
