package input

import (
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// NumberReason is why a number is invalid. A region is set by a flag.
func NumberReason(err error) string {
	return strings.Replace(cli.Reason(err), "or set a region", "or give --region: a country, or international where only the plus sign is missing", 1)
}
