#!/usr/bin/env bash
# Runs the example app in Examples/hummingbird-app against a fresh authority, with the commands of its README.
#
# The README's blocks marked `sh try` are run in order, with KEY set to a key of the app's api; each is followed by a
# block `text expected` with what it prints. Besides, a revoked key is refused. CLAVIGER_BIN names the server's binary
# (default .build/debug/claviger) and EXAMPLE_BIN the app's (default ExampleHummingbirdApp beside it).

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
# shellcheck source=scripts/fresh-server.sh
source scripts/fresh-server.sh

readonly readme=Examples/hummingbird-app/README.md
binary=$(absolute_binary)
app=$(realpath -s "${EXAMPLE_BIN:-$(dirname "$binary")/ExampleHummingbirdApp}")
[[ -x $app ]] || { printf 'example: there is no %s: run "swift build", or set EXAMPLE_BIN\n' "$app" >&2; exit 1; }
work=$(mktemp -d)
app_pid=
stop_all() {
    if [[ -n $app_pid ]]; then
        kill "$app_pid" 2>/dev/null || true
        wait "$app_pid" 2>/dev/null || true
    fi
    stop_fresh_server
    rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 130' INT TERM

fail() {
    printf 'example: %s\n' "$*" >&2
    if [[ -s $work/app.log ]]; then
        printf '\nThe end of what the app wrote:\n' >&2
        tail -n 10 "$work/app.log" >&2
    fi
    exit 1
}

# The app's own package is what people copy; its sources are compiled as a target of the whole package.
swift package --package-path Examples/hummingbird-app dump-package >"$work/package.json" || fail 'its Package.swift cannot be read'
for product in ClavigerClient ClavigerMiddleware Hummingbird; do
    grep -q "\"$product\"" "$work/package.json" || fail "its Package.swift does not name $product"
done

start_fresh_server "$binary" "$work" || exit 1
forget_settings
export CLAVIGER_URL=$server_url HOME=$work
CLAVIGER_TOKEN=$(cat "$work/data/first-management-key")
export CLAVIGER_TOKEN
"$binary" api create payments --prefix pay --scope invoices.read >/dev/null
"$binary" consumer create acme --kind customer >/dev/null
KEY=$("$binary" key create 'Acme production' --api payments --environment production --consumer acme \
    --scope invoices.read --quiet)
export KEY
# A key that may do what the README says an app needs.
verifier=$("$binary" key create 'Example app' --api claviger --environment production --consumer owner \
    --scope apis.payments.production.keys.verify --quiet)

start_app() {
    local port attempt tick
    for attempt in 1 2 3 4 5; do
        port=$((30000 + RANDOM % 2000))
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
        CLAVIGER_TOKEN=$verifier PORT=$port "$app" </dev/null >"$work/app.log" 2>&1 &
        app_pid=$!
        app_address=127.0.0.1:$port
        for ((tick = 0; tick < 300; tick++)); do
            if curl --silent --max-time 2 --output /dev/null "http://$app_address/"; then return 0; fi
            kill -0 "$app_pid" 2>/dev/null || break
            sleep 0.1
        done
        kill "$app_pid" 2>/dev/null || true
        wait "$app_pid" 2>/dev/null || true
        app_pid=
    done
    fail "it did not start (attempt $attempt)"
}
start_app

mkdir "$work/blocks"
awk -v folder="$work/blocks" '
    /^```sh try$/ { count++; out = sprintf("%s/%02d.sh", folder, count); next }
    /^```text expected$/ { out = sprintf("%s/%02d.expected", folder, count); next }
    /^```/ { if (out != "") close(out); out = ""; next }
    out != "" { print > out }
' "$readme"
count=0
for block in "$work"/blocks/*.sh; do
    sed -i "s#127\.0\.0\.1:3000#$app_address#g" "$block"
    bash -euo pipefail "$block" >"${block%.sh}.out" </dev/null || fail "a command of its README failed: $(cat "$block")"
    diff -u --label 'what its README says' --label 'what came' "${block%.sh}.expected" "${block%.sh}.out" >&2 \
        || fail "this printed something else: $(cat "$block")"
    count=$((count + 1))
done
[[ $count -ge 3 ]] || fail 'its README has fewer than three commands to try'

status() { curl -s -o "$work/body" -w '%{http_code}' -H "X-API-Key: $KEY" "http://$app_address/$1"; }
[[ $(status me) == 200 ]] || fail 'a key was refused'
grep -q '^You are acme with the key Acme production' "$work/body" || fail 'the identity is not shown'
"$binary" key revoke "$("$binary" key list --api payments --output json | sed -n 's/.*"id": *"\(key_[^"]*\)".*/\1/p' | head -n 1)" \
    --reason leaked >/dev/null
[[ $(status invoices) == 401 ]] || fail 'a revoked key was accepted'
stop_fresh_server
[[ $(status invoices) == 503 ]] || fail 'without an authority the answer is not 503'
printf 'example: %d commands of %s ran as written\n' "$count" "$readme"
