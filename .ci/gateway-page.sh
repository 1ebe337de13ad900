#!/usr/bin/env bash
# Opens every view of the gateway's page in a headless Chromium: phone and desk, light
# and dark, by keyboard alone, and without JavaScript. KEEP=dir keeps the pictures.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

. "$(dirname "$0")/chromium.sh"
ANYSMS_CHROMIUM=$chromium go test -count=1 -run '^TestBrowser' ./cmd/anysms/internal/gateway/page
