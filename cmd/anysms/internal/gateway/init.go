package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
)

// firstConfig is what serve --init writes.
const firstConfig = `# Made by anysms serve --init. docs/gateway.md explains the section serve.

providers:
  # The driver memory sends nothing: put your vendors here. "anysms drivers" lists them.
  test: {driver: memory}

database: anysms.db
# ledger: {retention: 90d, settle: 72h, text: erase}

serve:
  listen: 127.0.0.1:8025
  # public_url: https://sms.example.com   # how vendors reach /callbacks
  keys:
    - {name: first, key_sha256: "%s", scopes: [send, read, optouts, admin, all]}
`

// initialize writes a first configuration, which its owner alone can read, and returns
// the key that it lets in.
func initialize(path string) (key string, err error) {
	key, sum := apikey.New()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("%s exists and is left as it is; add the section serve to it, with a key of \"anysms serve key new\"", path)
	}
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(f, firstConfig, sum)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return key, nil
}
