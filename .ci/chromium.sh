# Sourced: sets chromium to a headless browser, and installs Debian's where that is
# allowed. Wants a folder for its log in dir; ends the script with 77 if there is none.
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get install -y --no-install-recommends chromium >"$dir/apt.log" 2>&1 ||
		{ apt-get update && apt-get install -y --no-install-recommends chromium; } >"$dir/apt.log" 2>&1 || true
	chromium=$(command -v chromium || true)
fi
[ -n "$chromium" ] || { echo "NOT RUN: no Chromium, and it cannot be installed here"; exit 77; }
