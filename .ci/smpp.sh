#!/usr/bin/env bash
# Tests drivers/smpp with an SMSC and an ESME that other people wrote: the node-smpp
# library, and Kannel, which connects to the fake SMSC. Exits with 77 if neither can
# be had; each that can is tested.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

if command -v node >/dev/null && command -v npm >/dev/null && (cd .ci/smpp-peers && npm ci --ignore-scripts --no-audit --no-fund); then
	export ANYSMS_SMPP_NODE=$PWD/.ci/smpp-peers
else
	echo "NOT RUN: the peer node-smpp, without Node.js or its packages"
fi

if [ ! -x /usr/sbin/bearerbox ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get install -y --no-install-recommends kannel >"$dir/apt.log" 2>&1 ||
		{ apt-get update && apt-get install -y --no-install-recommends kannel; } >"$dir/apt.log" 2>&1 || true
fi
if [ -x /usr/sbin/bearerbox ]; then
	export ANYSMS_KANNEL=/usr/sbin
else
	echo "NOT RUN: the peer Kannel, which is not installed and cannot be installed here"
fi

[ -n "${ANYSMS_SMPP_NODE:-}${ANYSMS_KANNEL:-}" ] || exit 77
go test -count=1 -v -run '^TestPeer' ./drivers/smpp
