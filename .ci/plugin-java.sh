#!/usr/bin/env bash
# Proves the plugin in Java with the conformance suite. Exits with 77 if a JDK or the
# libraries cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../examples/plugin-java"
complete() {
	local file
	for file in grpc-netty netty-codec-http2 protobuf perfmark-api bcpkix gson httpcore; do
		[ -f "/usr/share/java/$file.jar" ] || return 1
	done
	command -v javac protoc >/dev/null
}
if ! complete; then
	packages=$(sed -n 's/^# *apt-get install//p' build.sh)
	{ apt-get update && apt-get install -y --no-install-recommends $packages; } >/dev/null 2>&1 || true
	complete || { echo "NOT RUN: no JDK, protoc or Java libraries of gRPC (Debian:$packages)"; exit 77; }
fi
javac -version 2>&1 | grep -qE ' (1[7-9]|[2-9][0-9])' || { echo "NOT RUN: $(javac -version 2>&1); want 17 or later"; exit 77; }
./build.sh
ANYSMS_PLUGIN_JAVA=$(command -v java) go test -count=1 -timeout 30m .
