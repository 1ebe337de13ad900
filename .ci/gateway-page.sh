#!/usr/bin/env bash
# Opens every view of the gateway's page in a headless Chromium: phone and desk, light
# and dark, by keyboard alone, and without JavaScript. KEEP=dir keeps the pictures.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get install -y --no-install-recommends chromium >"$dir/apt.log" 2>&1 ||
		{ apt-get update && apt-get install -y --no-install-recommends chromium; } >"$dir/apt.log" 2>&1 || true
	chromium=$(command -v chromium || true)
fi
[ -n "$chromium" ] || { echo "NOT RUN: no Chromium, and it cannot be installed here"; exit 77; }
ANYSMS_CHROMIUM=$chromium go test -count=1 -run '^TestBrowser' ./cmd/anysms/internal/gateway/page
