#!/usr/bin/env bash
# Builds build/acme.jar with the libraries of Debian:
# apt-get install default-jdk-headless protobuf-compiler libgrpc-java libnetty-java libperfmark-java libbcpkix-java libgoogle-gson-java libhttpcore-java
set -euo pipefail
cd "$(dirname "$0")"
proto=../../drivers/plugin/internal/driverv1
libraries=/usr/share/java
jars="grpc-api grpc-context grpc-core grpc-netty grpc-protobuf grpc-protobuf-lite grpc-stub protobuf perfmark-api
	netty-buffer netty-codec netty-codec-http netty-codec-http2 netty-common netty-handler netty-resolver netty-transport
	guava bcprov bcpkix bcutil gson httpcore"

class_path= manifest=
for jar in $jars; do
	[ -f "$libraries/$jar.jar" ] || { echo "build.sh: no $libraries/$jar.jar; the packages are named in this file" >&2; exit 1; }
	class_path="$class_path:$libraries/$jar.jar"
	manifest="$manifest file:$libraries/$jar.jar"
done

rm -rf build
mkdir -p build/generated build/classes
protoc --descriptor_set_in="$proto/driver.binpb" --java_out=build/generated driver.proto
javac --release 17 -Xlint:all,-serial,-processing,-path -cp "${class_path#:}" -d build/classes build/generated/anysms/driver/v1/*.java ./*.java
jar --create --file build/acme.jar --main-class Plugin --manifest <(fold -w 70 <<<"Class-Path:$manifest" | sed '2,$s/^/ /') -C build/classes .
