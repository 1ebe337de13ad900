#!/usr/bin/env bash
# Plants small faults in packages whose decisions matter, one at a time (a comparison
# turned round, a condition negated, a sum turned into a difference), and prints those
# that the package's tests do not find. It fails if they find fewer than 95 %, not
# counting the faults of mutants.txt, which change nothing. A fault takes from one to
# ten seconds. Tests that need more than a minute of processor time have found it: on a
# busy machine the time that passes proves nothing.
#
#   .ci/mutants.sh BIN [TARGET...]
#
# BIN is where the tool is built. A TARGET is a package such as router/rates, or a file
# such as router/hold.go; there is a list of the usual ones below.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$1
shift
[ $# -gt 0 ] || set -- encoding/{ucs2,gsm7,segment,transliterate} router/{rates,numbering,journal} provider/httpcall \
	router/{policy,judge,order,trail,transition,hold,bounds,circuit,limits}.go

(cd .ci/tools/gremlins && go build -o "$bin/" github.com/go-gremlins/gremlins/cmd/gremlins)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
known=$PWD/.ci/mutants.txt

# The tool leaves out what its profile of coverage does not show, such as the conditions
# of a switch, and limits the time that passes. This go makes the profile show every file
# that the tests reach, and limits processor time.
mkdir "$copy/.go"
cat >"$copy/.go/go" <<EOF
#!/usr/bin/env bash
ulimit -t 60
"$(command -v go)" "\$@" || exit
for ((i = 1; i < \$#; i++)); do
	[ "\${!i}" = -coverprofile ] || continue
	i=\$((i + 1)) profile=\${!i}
	awk -F: 'NR > 1 { print \$1 }' "\$profile" | sort -u | sed 's/\$/:1.1,99999.1 1 1/' >"\$profile.whole"
	cat "\$profile.whole" >>"\$profile"
done
EOF
chmod +x "$copy/.go/go"

# unleash DIR [FILE...] tests the files of a package, or all.
unleash() {
	local dir=$1 others=() name
	shift
	if [ $# -gt 0 ]; then
		for name in $(cd "$dir" && find . -name '*.go' ! -name '*_test.go' | sed 's|^\./||'); do
			printf '%s\n' "$@" | grep -qxF "$name" || others+=(-E "^${name//./\\.}\$")
		done
		rm -f "$copy/$dir"/*/*_test.go # the tests of the package alone
	fi
	echo "$dir $*"
	(cd "$copy" && PATH=$copy/.go:$PATH GOFLAGS=-vet=off "$bin/gremlins" unleash "./$dir" --workers 1 --timeout-coefficient 100 --invert-logical \
		--output-statuses lckt "${others[@]}" -E '(^|/)[a-z0-9]*test/') >"$copy/log"
	judge "$dir"
}

# judge counts what was found, and prints what was not.
judge() {
	local dir=$1 found=0 missed=0 same=0 status kind where file line text
	while read -r status kind _ where; do
		case $status in
		KILLED) found=$((found + 1)) ;;
		LIVED)
			file=${where%%:*} line=${where#*:}
			text=$(sed -n "${line%%:*}s/^[[:space:]]*//p" "$dir/$file")
			if grep -qxF -e "$dir/$file $kind ${where##*:}: $text" "$known"; then
				same=$((same + 1))
			else
				missed=$((missed + 1))
				echo "  not found: $kind at $dir/$where: $text"
			fi
			;;
		esac
	done < <(sed 's/TIMED OUT/KILLED/' "$copy/log")
	echo "  $found of $((found + missed)) found; $same that change nothing"
	[ $((found * 100)) -ge $(((found + missed) * 95)) ] && [ $found -gt 0 ] || failed=1
}

failed=0
declare -A files
for target in "$@"; do
	case $target in
	*.go) files[${target%/*}]+=" ${target##*/}" ;;
	*) unleash "$target" ;;
	esac
done
for dir in "${!files[@]}"; do
	# shellcheck disable=SC2086
	unleash "$dir" ${files[$dir]}
done
exit $failed
