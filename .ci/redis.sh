#!/usr/bin/env bash
# Runs a command, or the tests of router/redisstore, with a real Redis server, started
# for the purpose on a port of loopback.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'kill "${server:-0}" 2>/dev/null || true; rm -rf "$dir"' EXIT

if ! command -v redis-server >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get install -y --no-install-recommends redis-server >"$dir/apt.log" 2>&1 ||
		{ apt-get update && apt-get install -y --no-install-recommends redis-server; } >"$dir/apt.log" 2>&1 || true
fi
command -v redis-server >/dev/null || { echo "NOT RUN: no redis-server, and it cannot be installed here"; exit 77; }

for try in 1 2 3 4 5; do
	port=$((20000 + RANDOM % 20000))
	redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$dir" >"$dir/redis.log" 2>&1 &
	server=$!
	for wait in $(seq 50); do
		kill -0 "$server" 2>/dev/null || break
		if redis-cli -p "$port" ping 2>/dev/null | grep -q PONG; then
			redis-server --version
			[ $# -gt 0 ] || set -- go test -count=1 ./router/redisstore
			ANYSMS_REDIS=127.0.0.1:$port ANYSMS_REDIS_PID=$server "$@"
			exit
		fi
		sleep 0.1
	done
	kill "$server" 2>/dev/null || true
done
cat "$dir/redis.log"
exit 1
