// Package driverv1 is version 1 of the protocol between host and plugin:
// driver.proto, which documents it, and the Go code made from it.
package driverv1

//go:generate ../../../../.ci/proto.sh
