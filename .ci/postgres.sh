#!/usr/bin/env bash
# Tests what is kept in a database (router/ledger, queue, otp and guard, the gateway, the outbox)
# against a real PostgreSQL server, started for the purpose on a port of loopback. With
# arguments, runs them as a command instead; the server's address is in ANYSMS_POSTGRES.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
run=()
stop() {
	[ ! -f "$dir/data/postmaster.pid" ] || "${run[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
	rm -rf "$dir"
}
trap stop EXIT

tests() {
	go test -race -vet=off -count=1 ./router/ledger/postgres &&
		go test -vet=off -p 1 -count=1 ./router/otp ./router/queue/... ./router/guard &&
		go test -vet=off -run 'TwoGateways|DatabaseComesBack|Crash' -count=1 ./cmd/anysms/internal/gateway ./examples/outbox
}

find_server() {
	local found
	found=$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1)
	bin=${found%/initdb}
	[ -n "$found" ]
}
if ! find_server && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get install -y --no-install-recommends postgresql >"$dir/apt.log" 2>&1 ||
		{ apt-get update && apt-get install -y --no-install-recommends postgresql; } >"$dir/apt.log" 2>&1 || true
fi
find_server || { echo "NOT RUN: no PostgreSQL server, and it cannot be installed here"; exit 77; }

# The server refuses to run as root.
if [ "$(id -u)" = 0 ]; then
	chown nobody "$dir"
	run=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups --)
fi
"${run[@]}" "$bin/initdb" -D "$dir/data" -U postgres -A trust --no-sync >"$dir/initdb.log" 2>&1 ||
	{ cat "$dir/initdb.log"; exit 1; }

# A server that is killed loses nothing that it has written: only a loss of power needs fsync. The
# tests make some hundred schemas and wait for little else. A command that is given, such as a benchmark, has it.
fsync=on
[ $# -gt 0 ] || fsync=off
for try in 1 2 3 4 5; do
	port=$((20000 + RANDOM % 20000))
	if "${run[@]}" "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 30 \
		-o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 -c fsync=$fsync" start >"$dir/start.log" 2>&1; then
		"$bin/postgres" --version
		export ANYSMS_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
		export ANYSMS_POSTGRES_RESTART="${run[*]} $bin/pg_ctl -D $dir/data -m immediate -l $dir/data/server.log -w -t 300 restart"
		if [ $# -gt 0 ]; then "$@"; else tests; fi
		exit
	fi
done
cat "$dir/start.log" "$dir/data/server.log"
exit 1
