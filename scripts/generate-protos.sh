#!/usr/bin/env bash
# Makes Sources/ClavigerEnvoy/Generated from Sources/ClavigerEnvoy/Protos. Needed only after a change there: what it makes
# is committed, so that building Claviger needs neither protoc nor its plugins.
#
#   scripts/generate-protos.sh           makes the files
#   scripts/generate-protos.sh --check   fails if they are not what would be made
#
# protoc comes from PyPI; its plugins are built from the packages that Claviger uses, which takes some minutes once.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The plugin for services brings the plugin for messages along, at the version that it was tested with or later.
readonly plugin_version=2.4.1
readonly protoc_version=1.85.1
readonly protos=Sources/ClavigerEnvoy/Protos
readonly generated=Sources/ClavigerEnvoy/Generated
readonly tools=${CLAVIGER_PROTO_TOOLS:-.build/proto-tools}

fail() {
    printf 'generate-protos: %s\n' "$*" >&2
    exit 1
}

target=$generated
case ${1:-} in
'') ;;
--check) target=$(mktemp -d) && trap 'rm -rf "$target"' EXIT ;;
*) fail "unknown argument '$1' (allowed: --check)" ;;
esac

mkdir -p "$tools"
if [[ ! -d $tools/plugins ]]; then
    git clone --quiet --depth 1 --branch "$plugin_version" https://github.com/grpc/grpc-swift-protobuf.git \
        "$tools/plugins" || fail "grpc-swift-protobuf $plugin_version cannot be fetched"
fi
for plugin in protoc-gen-swift protoc-gen-grpc-swift-2; do
    swift build --package-path "$tools/plugins" --product "$plugin" >&2
done
plugins=$(swift build --package-path "$tools/plugins" --show-bin-path)

if [[ ! -x $tools/python/bin/python ]]; then python3 -m venv "$tools/python"; fi
"$tools/python/bin/python" -m pip install --quiet --disable-pip-version-check "grpcio-tools==$protoc_version" setuptools \
    || fail "grpcio-tools $protoc_version cannot be installed"

mkdir -p "$target"
"$tools/python/bin/python" -m grpc_tools.protoc \
    --plugin="protoc-gen-swift=$plugins/protoc-gen-swift" \
    --plugin="protoc-gen-grpc-swift-2=$plugins/protoc-gen-grpc-swift-2" \
    --proto_path="$protos" \
    --swift_out="$target" --swift_opt=Visibility=Internal,UseAccessLevelOnImports=true \
    --grpc-swift-2_out="$target" \
    --grpc-swift-2_opt=Visibility=Internal,Client=false,Server=true,UseAccessLevelOnImports=true \
    "$protos"/*.proto

if [[ $target != "$generated" ]]; then
    diff -r "$generated" "$target" || fail "run scripts/generate-protos.sh and commit what it makes"
fi
