// Package driverv1 is version 1 of the protocol between host and plugin:
// driver.proto, which documents it, and the Go code made from it.
package driverv1

import _ "embed" // for Source

//go:generate ../../../../.ci/proto.sh

// Source is driver.proto.
//
//go:embed driver.proto
var Source string
