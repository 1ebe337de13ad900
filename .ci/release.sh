#!/usr/bin/env bash
# Builds a release into dist/: archives with manual pages and completions, checksums, and
# bills of materials.
#   .ci/release.sh            a snapshot for this system, and tries what is in it
#   .ci/release.sh all        a snapshot for all systems
#   .ci/release.sh publish    the release of the tag that is checked out, as a draft on GitHub
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-host}
root=$PWD
tools=$root/bin/release/tools
rm -rf bin/release
mkdir -p "$tools" bin/release/completions

# Without optimisation, which takes longer than all that it does here.
if ! (cd .ci/tools/goreleaser && go build -gcflags='all=-N -l' -gcflags=std= -o "$tools/goreleaser" github.com/goreleaser/goreleaser/v2); then
	echo "NOT RUN: goreleaser cannot be built here"
	exit 77
fi
(cd .ci/tools && go build -o "$tools/sbom" ./sbom)
PATH=$tools:$PATH

go build -o "$tools/anysms" ./cmd/anysms
"$tools/anysms" man bin/release/man1
for shell in bash zsh fish powershell; do
	"$tools/anysms" completion "$shell" >"bin/release/completions/anysms.$shell"
done

goreleaser check .goreleaser.yaml
config=.goreleaser.yaml
if [ "$what" = host ]; then
	config=bin/release/goreleaser.yaml
	host=$(go env GOOS)_$(go env GOARCH)
	awk -v host="$host" '/^ +- (linux|darwin|windows)_/ && $2 !~ "^" host "(_|$)" {next} {print}' .goreleaser.yaml >"$config"
	grep -q -- "- $host" "$config" || { echo "NOT RUN: there is no release for $host"; exit 77; }
fi
if [ "$what" = publish ]; then
	exec goreleaser release --clean --config "$config"
fi
goreleaser release --snapshot --clean --config "$config"

# What a user of this system gets: unpack it, check it, run it.
(cd dist && sha256sum --check --quiet -- *_SHA256SUMS)
os=$(go env GOOS) arch=$(go env GOARCH)
for archive in dist/anysms_*_"${os}_$arch".tar.gz dist/anysms_*_"${os}_$arch".zip; do
	[ ! -e "$archive" ] || break
done
try=$(mktemp -d)
trap 'rm -rf "$try"' EXIT
case $archive in
*.zip) unzip -q "$archive" -d "$try" ;;
*) tar -xzf "$archive" -C "$try" ;;
esac
cd "$try"/anysms_*
version=$(./anysms version --format json)
echo "$version"
revision=$(git -C "$root" rev-parse HEAD)
grep -q "$revision" <<<"$version" || { echo "the program does not know its revision, $revision"; exit 1; }
[ -s man1/anysms-send.1 ] && [ -s completions/anysms.bash ] && [ -s LICENSE ]
# What calls methods by name, as an executed template does, makes the linker keep the exported
# methods of every type: a fifth of the program.
size=$(wc -c <anysms)
echo "$size bytes"
if grep -qaF 'text/template.(*state)' anysms; then
	echo "the program executes templates. To find where:"
	echo "go build -tags=grpcnotrace -ldflags=-dumpdep -o /dev/null ./cmd/anysms 2>&1 | grep -i 'text/template.(\*Template).execute'"
	exit 1
fi
if [ "$size" -gt 45000000 ]; then
	echo "the program is larger than 45000000 bytes. If what -ldflags=-dumpdep prints has '-> FUNCTION <ReflectMethod>',"
	echo "that calls methods by name, and keeps those of every type; else look at: go tool nm -size -sort size"
	exit 1
fi
modules=$(go version -m ./anysms | grep -c '^	dep')
listed=$(grep -c '"bom-ref"' "$root"/dist/anysms_*_"${os}_$arch"*.cdx.json)
echo "$modules modules, $listed components in the bill of materials"
[ "$listed" -eq $((modules + 2)) ] # the program and the standard library
