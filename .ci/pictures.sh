#!/usr/bin/env bash
# Takes the README's pictures, docs/images/*.png, in a headless Chromium: the gateway's
# page during `anysms demo --serve`, and the report of `anysms analyse`.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
demo=
trap '[ -z "$demo" ] || kill "$demo"; wait; rm -rf "$dir"' EXIT

. .ci/chromium.sh

go build -o "$dir/anysms" ./cmd/anysms
shoot() { # URL WIDTH HEIGHT FILE
	browse --hide-scrollbars --window-size="$2,$3" --screenshot="$4" "$1" >/dev/null
	size=$(stat -c %s "$4")
	echo "$4: $size bytes"
	[ "$size" -gt 10000 ] && [ "$size" -lt 150000 ]
}

mkdir -p docs/images
"$dir/anysms" analyse --file examples/data/messages.tsv --text-column SMS --report "$dir/report.html" >/dev/null
shoot "file://$dir/report.html" 1000 760 docs/images/report.png

"$dir/anysms" demo --serve >"$dir/demo.txt" &
demo=$!
until grep -q "Ctrl-C ends it" "$dir/demo.txt"; do sleep 1; done
sleep 3
url=$(grep -o 'http://127[^/]*/' "$dir/demo.txt" | head -n 1)
shoot "$url" 1000 620 docs/images/gateway.png
