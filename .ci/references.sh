#!/usr/bin/env bash
# Writes the pages that are made from the program: docs/cli.md from the help of its
# commands, docs/openapi.json and docs/api.md from the gateway, and the table of dependencies in
# docs/design.md. With --check it compares.
set -euo pipefail
cd "$(dirname "$0")/.."
write=-update
[ "${1:-}" != --check ] || write=
go test -count=1 -tags references -run '^TestReference' ./cmd/anysms ./cmd/anysms/internal/gateway $write
