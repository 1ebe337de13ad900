#!/usr/bin/env bash
# Proves the plugin in Python with the conformance suite. Exits with 77 if Python's
# gRPC cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../examples/plugin-python"
# A Python with the packages: one that is there, else Debian's.
find_python() {
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import grpc, google.protobuf, cryptography' 2>/dev/null && { command -v "$python"; return; }
	done
	return 1
}
if ! python=$(find_python); then
	{ apt-get update && apt-get install -y --no-install-recommends python3-grpcio python3-protobuf python3-cryptography; } >/dev/null 2>&1 || true
	python=$(find_python) || { echo "NOT RUN: no Python with grpc, protobuf and cryptography"; exit 77; }
fi
ANYSMS_PLUGIN_PYTHON=$python go test -count=1 -timeout 30m .
