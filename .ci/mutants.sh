#!/usr/bin/env bash
# Plants small faults in packages whose decisions matter, one at a time (a comparison
# turned round, a condition negated, a negation lost, a sum turned into a difference),
# and prints those that the tests do not find. It fails if they find fewer than 95 % in
# any of the packages, not counting the faults of mutants.txt, which change nothing. Of a
# package with many faults it plants 150, drawn at random with a seed that it prints.
#
#   .ci/mutants.sh BIN [FLAG...] [TARGET...]
#
# BIN is where the tools are built. Flags and targets are those of .ci/tools/mutants: such as
# -sample 0 to plant every fault, -seed N, router/rates, router/hold.go.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${1:?"usage: .ci/mutants.sh BIN [FLAG...] [TARGET...]"}
shift
unset ANYSMS_LONG ANYSMS_RANDOM_TEXTS
GOFLAGS='' # --long gives tests another time limit

(cd .ci/tools/gremlins && go build -o "$bin/" github.com/go-gremlins/gremlins/cmd/gremlins)
(cd .ci/tools && go build -o "$bin/mutants" ./mutants)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$work" # tests with a fault write where they should not

# Gremlins lists the faults. It asks go for a profile of coverage first, which would run
# every test, and leaves out what the profile does not show: this go says that every line
# is covered. Which tests reach a fault is measured later.
mkdir "$work/.fake"
cat >"$work/.fake/go" <<'GO'
#!/usr/bin/env bash
for ((i = 1; i < $#; i++)); do
	[ "${!i}" = -coverprofile ] || continue
	i=$((i + 1))
	{
		echo mode: set
		find . -name '*.go' ! -name '*_test.go' -printf 'github.com/anysms/anysms/%P:1.1,99999.1 1 1\n'
	} >"${!i}"
done
GO
chmod +x "$work/.fake/go"
cd "$work"
PATH=$work/.fake:$PATH "$bin/gremlins" unleash . --dry-run --invert-logical >list

mutants=("$bin/mutants" -list list -known .ci/mutants.txt)
if [ $# -gt 0 ]; then
	"${mutants[@]}" "$@"
	exit
fi
"${mutants[@]}" encoding/{ucs2,gsm7,segment,transliterate} router/rates router/numbering \
	router/numbering/internal/plan+router/numbering router/journal provider/httpcall router \
	router/ledger+router/ledger/sqlite router/ledger/sqlite router/queue router/guard
