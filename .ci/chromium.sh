# Sourced: sets chromium to a browser, and installs Debian's where that is allowed. browse
# runs it without a screen. Wants a folder for logs and the profile in dir; ends the script
# with 77 if there is no browser.
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get install -y --no-install-recommends chromium >"$dir/apt.log" 2>&1 ||
		{ apt-get update && apt-get install -y --no-install-recommends chromium; } >"$dir/apt.log" 2>&1 || true
	chromium=$(command -v chromium || true)
fi
[ -n "$chromium" ] || { echo "NOT RUN: no Chromium, and it cannot be installed here"; exit 77; }
browse() {
	"$chromium" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --user-data-dir="$dir/profile" "$@" 2>>"$dir/chromium.log"
}
