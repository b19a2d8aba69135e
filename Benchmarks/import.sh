#!/usr/bin/env bash
# Measures the import of SHA-256 hashes with `claviger import` into a fresh server, and prints a Markdown table.
#
#   CLAVIGER_BENCH_KEYS   keys to import (default 1000000)
#   CLAVIGER_BIN          the program; built in release mode when it is not given
#
# The target is 1,000,000 keys in 60 s with memory that does not grow with the file: the largest resident size of the
# server is read after a tenth of the keys and at the end.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly keys=${CLAVIGER_BENCH_KEYS:-1000000}
bin=${CLAVIGER_BIN:-}

for name in "${!CLAVIGER_@}"; do export -n "$name"; done
export SWIFT_BACKTRACE=enable=no

say() { printf '%s\n' "$*" >&2; }

work=$(mktemp -d)
server=
cleanup() {
    if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; fi
    wait
    rm -rf "$work"
}
trap cleanup EXIT

if [[ -z $bin ]]; then
    say "building in release mode"
    swift build --configuration release --product claviger >&2
    bin=$(swift build --configuration release --show-bin-path)/claviger
fi

say "writing $keys hashes"
python3 - "$keys" "$work" <<'PYTHON'
import hashlib, sys
count, folder = int(sys.argv[1]), sys.argv[2]
def line(index):
    digest = hashlib.sha256(f"old_{index:032d}_key".encode()).hexdigest()
    return f'{{"hash": "{digest}", "name": "Key {index}", "consumerExternalId": "c{index % 1000}", "scopes": ["read"]}}\n'
with open(f"{folder}/first.jsonl", "w") as first, open(f"{folder}/rest.jsonl", "w") as rest:
    for index in range(count):
        (first if index < count // 10 else rest).write(line(index))
PYTHON

"$bin" serve --data "$work/data" --port 0 >"$work/out" 2>"$work/log" &
server=$!
for ((try = 0; try < 500; try++)); do
    url=$(grep -ohE 'https?://[0-9.]+:[0-9]+' "$work/out" "$work/log" | head -n 1 || true)
    if [[ -n $url ]] && curl -sf "$url/readyz" >/dev/null; then break; fi
    sleep 0.05
done
run() { "$bin" "$@" --url "$url" --token-file "$work/data/first-management-key"; }
resident() { awk '/VmHWM/ { printf "%d", $2 / 1024 }' "/proc/$server/status"; }

run api create payments --prefix pay --scope read >/dev/null
import() {
    run import "$1" --api payments --environment production --hashes sha256 --create-consumers --output json
}
begin=$(date +%s%N)
import "$work/first.jsonl" >"$work/first.json"
small=$(resident)
import "$work/rest.jsonl" >"$work/rest.json"
took=$((($(date +%s%N) - begin) / 1000000))
large=$(resident)
taken=$(jq -s 'map(.imported) | add' "$work/first.json" "$work/rest.json")
[[ $taken -eq $keys ]] || { say "only $taken of $keys keys were taken"; exit 1; }

# The last one verifies, so that the numbers are of something that works.
last=$(printf 'old_%032d_key' $((keys - 1)))
valid=$(jq -n --arg token "$last" '{token: $token}' \
    | curl -sf "$url/v1/keys/verify" -H "Authorization: Bearer $(cat "$work/data/first-management-key")" \
        -H 'Content-Type: application/json' -d @- | jq .valid)
[[ $valid == true ]] || { say "the last key does not verify"; exit 1; }

printf '| import of SHA-256 hashes | |\n|---|---|\n'
printf '| keys | %d |\n' "$keys"
printf '| seconds | %d.%03d |\n' $((took / 1000)) $((took % 1000))
printf '| keys a second | %d |\n' $((keys * 1000 / (took + 1)))
printf '| most memory after a tenth of them | %d MiB |\n' "$small"
printf '| most memory at the end | %d MiB |\n' "$large"
