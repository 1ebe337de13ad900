#!/usr/bin/env bash
# Plants small faults in the files of package router that decide, one at a time, and
# prints which of them its tests do not find. It takes about ten seconds a fault.
#
#   .ci/mutants.sh BIN [FILE...]   BIN is where the tool is built; FILE such as hold.go
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$1
shift
[ $# -gt 0 ] || set -- policy.go judge.go order.go trail.go transition.go hold.go bounds.go circuit.go limits.go

(cd .ci/tools/gremlins && go build -o "$bin/" github.com/go-gremlins/gremlins/cmd/gremlins)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
rm -f "$copy"/router/*/*_test.go # the tests of the package alone

wanted=$(printf '%s\n' "$@")
others=$(cd router && ls ./*.go | sed 's|^./||' | grep -v _test.go | grep -vxF "$wanted" | sed 's/\.go$//' | paste -sd'|')
cd "$copy"
"$bin/gremlins" unleash ./router/ --workers 1 --timeout-coefficient 5 --invert-logical --output-statuses lc \
	-E "(^|/)($others)\\.go\$" -E '^(config|journal|rates|numbering|redisstore|storetest|internal)/'
