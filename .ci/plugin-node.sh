#!/usr/bin/env bash
# Proves the plugin in JavaScript with the conformance suite. Exits with 77 if
# Node.js or its packages cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../examples/plugin-node"
for tool in node npm; do
	command -v "$tool" >/dev/null || { echo "NOT RUN: $tool is not installed"; exit 77; }
done
npm ci --ignore-scripts --no-audit --no-fund || { echo "NOT RUN: the packages of package.json cannot be had"; exit 77; }
ANYSMS_PLUGIN_NODE=1 go test -count=1 -timeout 30m .
