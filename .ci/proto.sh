#!/usr/bin/env bash
# Makes the Go code of the plugin protocol from its .proto file, and the descriptors
# that other languages can load instead of generating code, with the tools pinned
# in .ci/tools/go.mod and without network.
#
#   .ci/proto.sh            writes the files
#   .ci/proto.sh --check    fails if the files would change, or the .proto breaks a rule of style
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$PWD/drivers/plugin/internal/driverv1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd .ci/tools && go build -o "$work/bin/" \
	github.com/bufbuild/buf/cmd/buf \
	google.golang.org/protobuf/cmd/protoc-gen-go \
	google.golang.org/grpc/cmd/protoc-gen-go-grpc)
export PATH=$work/bin:$PATH HOME=$work

cd "$dir"
buf lint
if [ "${1:-}" != --check ]; then
	buf generate
	buf build -o driver.binpb --as-file-descriptor-set --exclude-source-info
	exit
fi
buf generate -o "$work/out"
buf build -o "$work/out/driver.binpb" --as-file-descriptor-set --exclude-source-info
cmp driver.binpb "$work/out/driver.binpb" || { echo "$dir/driver.binpb is not what its .proto gives: run .ci/proto.sh" >&2; exit 1; }
for file in driver.pb.go driver_grpc.pb.go; do
	diff -u "$file" "$work/out/$file" || { echo "$dir/$file is not what its .proto gives: run .ci/proto.sh" >&2; exit 1; }
done
