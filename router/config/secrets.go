package config

import (
	"fmt"
	"io/fs"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
)

// secretName matches the names of settings that hold a secret, where the driver does
// not say so: the settings of a recipe or a plugin.
var secretName = regexp.MustCompile(`(?i)(^|_)(secret|password|passwd|token|api_?key|auth_?key|private_?key)$`)

// noteSecrets records the settings below a value that hold a secret as it is, not as
// a variable.
func (d *document) noteSecrets(driver provider.Driver, path, key string, n *yaml.Node) {
	n = follow(n)
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			inner := n.Content[i].Value
			d.noteSecrets(provider.Driver{}, join(path, inner), inner, n.Content[i+1])
		}
		return
	}
	if n.Kind == yaml.SequenceNode {
		for i, element := range n.Content {
			d.noteSecrets(provider.Driver{}, fmt.Sprintf("%s[%d]", path, i), "", element)
		}
		return
	}
	if n.Kind != yaml.ScalarNode {
		return
	}
	if holdsSecret(driver, key) {
		d.noteSecret(path, n)
		return
	}
	d.notePassword(path, n)
}

// noteSecret records a setting that holds a secret, unless a variable does.
func (d *document) noteSecret(path string, n *yaml.Node) {
	if n.Value != "" && n.ShortTag() != "!!null" && !strings.Contains(n.Value, "${") {
		d.secrets = append(d.secrets, path)
	}
}

// notePassword records a setting whose value is a URL with a password, unless a variable
// is the password.
func (d *document) notePassword(path string, n *yaml.Node) {
	if password := passwordIn(n.Value); password != "" && !strings.Contains(password, "${") {
		d.secrets = append(d.secrets, path)
	}
}

var passwordParameter = regexp.MustCompile(`(?i)[?&](?:ssl)?password=([^&#]*)`)

// passwordIn returns the password in a URL, before the host or as a parameter; "" = none.
// Unlike package url it reads a URL that has a variable in it.
func passwordIn(s string) string {
	_, rest, isURL := strings.Cut(s, "://")
	if !isURL {
		return ""
	}
	if found := passwordParameter.FindStringSubmatch(rest); found != nil {
		return found[1]
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	user := rest[:max(0, strings.LastIndex(rest, "@"))]
	_, password, _ := strings.Cut(user, ":")
	return password
}

func holdsSecret(driver provider.Driver, key string) bool {
	at := slices.IndexFunc(driver.Settings, func(s provider.Setting) bool { return s.Name == key })
	if at >= 0 {
		return driver.Settings[at].Secret
	}
	return secretName.MatchString(key)
}

// exposed lists a warning for each secret in a file that other users can read.
// Windows has no such permissions.
func (c *Config) exposed() (list []Warning) {
	const others fs.FileMode = 0o077
	if c.mode&others == 0 || runtime.GOOS == "windows" {
		return nil
	}
	for _, path := range c.secrets {
		list = append(list, Warning{
			Line: c.lines.of(path), Path: path,
			Reason: fmt.Sprintf("a secret in a file that other users can access (mode %04o); want chmod 600, or ${VARIABLE}", c.mode.Perm()),
		})
	}
	return list
}
