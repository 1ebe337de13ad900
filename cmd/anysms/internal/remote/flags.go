package remote

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// KeyEnv has the key where no flag gives one.
const KeyEnv = "ANYSMS_KEY"

// Flags are the flags that name a gateway.
type Flags struct {
	Server           string // its URL; "" = none
	Key              string
	KeyFile          string
	CAFile           string
	AllowPrivateHTTP bool
}

// Names returns the names of the flags; --server is the first.
func Names() []string { return []string{"server", "key", "key-file", "ca-file", "allow-private-http"} }

// AddTo adds the flags.
func (f *Flags) AddTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Server, "server", "", "ask the gateway at this `URL` instead of the database")
	flags.StringVar(&f.Key, "key", "", "`KEY` for the gateway; other users can see command lines: prefer --key-file (default $"+KeyEnv+")")
	flags.StringVar(&f.KeyFile, "key-file", "", "`FILE` with the key for the gateway")
	flags.StringVar(&f.CAFile, "ca-file", "", "PEM `FILE` with the authorities of the gateway's certificate, instead of the system's")
	flags.BoolVar(&f.AllowPrivateHTTP, "allow-private-http", false, "allow an http URL in a private network, where others may read key and numbers")
}

// Open returns a client for the gateway. It does no network I/O.
func (f *Flags) Open(cmd *cobra.Command) (*Client, error) {
	if err := cli.AtMostOne(cmd, "server", "config"); err != nil {
		return nil, err
	}
	if err := cli.AtMostOne(cmd, "key", "key-file"); err != nil {
		return nil, err
	}
	key, err := f.key(cmd)
	if err != nil {
		return nil, err
	}
	settings := httpcall.Config{BaseURL: f.Server, CAFile: f.CAFile, AllowPrivateHTTP: f.AllowPrivateHTTP}
	if err := settings.CheckURL("server", f.Server); err != nil {
		return nil, asFlag(err)
	}
	client, err := httpcall.New(settings, key)
	if err != nil {
		return nil, asFlag(err)
	}
	return &Client{url: strings.TrimRight(f.Server, "/"), key: key, http: client}, nil
}

// Given reports whether a gateway is named. Without one its other flags are an error.
func (f *Flags) Given(cmd *cobra.Command) (bool, error) {
	if cmd.Flags().Changed("server") {
		return true, nil
	}
	for _, name := range Names()[1:] {
		if cmd.Flags().Changed(name) {
			return false, fmt.Errorf("--%s needs --server", name)
		}
	}
	return false, nil
}

// asFlag names the flag in an error about a setting.
func asFlag(err error) error {
	bad, ok := errors.AsType[*provider.ConfigError](err)
	if !ok {
		return err
	}
	const flag = "--allow-private-http"
	reason := strings.NewReplacer("allow_private_http: true", flag, "allow_private_http", flag).Replace(bad.Reason)
	return fmt.Errorf("--%s: %s", strings.ReplaceAll(bad.Path, "_", "-"), reason)
}

// key returns the key; "" = none is given. Errors do not show it.
func (f *Flags) key(cmd *cobra.Command) (provider.Secret, error) {
	from, key := "$"+KeyEnv, os.Getenv(KeyEnv)
	switch {
	case cmd.Flags().Changed("key-file"):
		b, err := os.ReadFile(f.KeyFile)
		if err != nil {
			return "", fmt.Errorf("--key-file: %w", err)
		}
		from, key = "--key-file "+f.KeyFile, strings.TrimSpace(string(b))
	case cmd.Flags().Changed("key"):
		from, key = "--key", f.Key
	case key == "":
		return "", nil
	}
	if key == "" {
		return "", fmt.Errorf("%s: the key must not be empty", from)
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s: not a key; want one line, as \"anysms serve key new\" prints it", from)
	}
	return provider.Secret(key), nil
}
