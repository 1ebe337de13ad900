package plugin_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
)

// alive is false for a process that nobody has waited for yet.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return !errors.Is(err, os.ErrNotExist) && !bytes.Contains(stat, []byte(") Z "))
}
