// Package driverv1 is version 1 of the protocol between host and plugin:
// driver.proto, which documents it, and the Go code made from it.
package driverv1

import _ "embed" // for Source and Descriptors

//go:generate ../../../../.ci/proto.sh

// Source is driver.proto.
//
//go:embed driver.proto
var Source string

// Descriptors is driver.binpb: a google.protobuf.FileDescriptorSet of driver.proto and of
// the files that it imports.
//
//go:embed driver.binpb
var Descriptors []byte
