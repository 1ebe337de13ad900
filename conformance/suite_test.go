package conformance_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/anysms/anysms/conformance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReference(t *testing.T) {
	conformance.Run(t, referenceHarness(openReference))
}
