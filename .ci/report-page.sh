#!/usr/bin/env bash
# Opens the report of `anysms analyse` in a headless Chromium and compares the
# numbers that the page shows with those of the JSON. Usage: report-page.sh ANYSMS
set -euo pipefail
anysms=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

. "$(dirname "$0")/chromium.sh"

"$anysms" analyse --file examples/data/messages.tsv --text-column SMS --report "$dir/report.html" --format json >"$dir/report.json"
browse --dump-dom "file://$dir/report.html" >"$dir/dom.html"
for name in rows messages segments; do
	page=$(grep -o "id=\"$name\" data-value=\"[0-9]*\"" "$dir/dom.html" | grep -o '[0-9]*')
	json=$(grep -o "\"$name\":[0-9]*" "$dir/report.json" | head -n 1 | grep -o '[0-9]*')
	echo "$name: the page shows $page, the JSON has $json"
	[ "$page" = "$json" ]
done
for width in 390 1280; do
	browse --hide-scrollbars --window-size="$width,1600" --screenshot="$dir/$width.png" "file://$dir/report.html" >/dev/null
	[ "$(stat -c %s "$dir/$width.png")" -gt 10000 ] || { echo "the screenshot at $width pixels is empty"; exit 1; }
done
if [ -n "${KEEP:-}" ]; then cp "$dir"/*.png "$KEEP"; fi
