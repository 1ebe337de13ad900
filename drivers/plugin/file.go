package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

const checksumSize = sha256.Size

// List returns the names of the programs in a plugins directory, in
// alphabetical order: the executable files that are not hidden. A directory
// that does not exist has none.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read plugins directory: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, entry.Name()))
		if err == nil && info.Mode().IsRegular() && executable(info) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Proto returns the plugin protocol as the source of a .proto file, from which other
// languages make their code.
func Proto() string { return driverv1.Source }

// Descriptors returns the protocol compiled: a google.protobuf.FileDescriptorSet with all
// that it imports, for languages that load descriptors at run time.
func Descriptors() []byte { return slices.Clone(driverv1.Descriptors) }

// Checksum returns the SHA-256 of a file in hex, as Config.SHA256 takes it.
func Checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checkName refuses names that would lead out of the plugins directory on any
// system.
func checkName(name string) error {
	if strings.ContainsAny(name, `/\:`) || name == "." || name == ".." {
		return provider.ConfigErrorf("name", "%q is not a plain file name; use path for a program elsewhere", name)
	}
	return nil
}

// checkFile returns the absolute path of a program that may be run.
func checkFile(setting, path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", provider.ConfigErrorf(setting, "%v", err)
	}
	info, err := os.Stat(abs)
	switch {
	case err != nil:
		return "", provider.ConfigErrorf(setting, "%v", err)
	case !info.Mode().IsRegular():
		return "", provider.ConfigErrorf(setting, "%s is not a file", abs)
	case !executable(info):
		return "", provider.ConfigErrorf(setting, "%s is not executable%s", abs, exeHint())
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0:
		return "", provider.ConfigErrorf(setting, "%s is writable by everyone; it will not be run", abs)
	}
	return abs, nil
}

// executable looks at the bit or, on Windows, which has none, at the name.
func executable(info os.FileInfo) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(filepath.Ext(info.Name()), ".exe")
	}
	return info.Mode().Perm()&0o111 != 0
}

func exeHint() string {
	if runtime.GOOS == "windows" {
		return "; on Windows its name must end in .exe"
	}
	return ""
}

// checkSum compares the file with the configured checksum, if there is one.
func checkSum(path, want string) error {
	if want == "" {
		return nil
	}
	got, err := Checksum(path)
	if err != nil {
		return provider.ConfigErrorf("sha256", "%v", err)
	}
	if !strings.EqualFold(got, want) {
		return provider.ConfigErrorf("sha256", "%s has the checksum %s, which differs from the setting; it will not be run", path, got)
	}
	return nil
}
