#!/usr/bin/env bash
# Measures Envoy's check over gRPC beside a service on the same stack that says yes to all, and prints a Markdown table.
# `make bench` calls it.
#
#   CLAVIGER_BENCH_ROUNDS    rounds of the comparison (default 5)
#   CLAVIGER_BENCH_SECONDS   seconds of load in a round (default 5)
#
# h2load plays Envoy: a few connections with many checks under way on each, all with the same request, whose key is good.
# Each ratio is taken within one round, on the same two cores, and the middle of all rounds counts.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source common.sh

readonly rounds=${CLAVIGER_BENCH_ROUNDS:-5}
readonly seconds=${CLAVIGER_BENCH_SECONDS:-5}
readonly connections=4 streams=16
readonly method=/envoy.service.auth.v3.Authorization/Check

work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap cleanup EXIT

command -v h2load >/dev/null || fail "there is no h2load: run scripts/bootstrap.sh --bench"

build

say "starting"
http=$(free_port) ours=$(free_port) theirs=$(free_port)
CLAVIGER_ENVOY_PORT=$ours taskset -c "$cores" "$bin/claviger" serve --data "$work/data" --port "$http" \
    >"$work/claviger.log" 2>&1 &
our_pid=$!
taskset -c "$cores" "$bin/alwaysok" "$theirs" >"$work/alwaysok.log" 2>&1 &
their_pid=$!
pids=("$our_pid" "$their_pid")
await "$http"
await "$theirs"

owner="Authorization: Bearer $(cat "$work/data/first-management-key")"
call() {
    curl --silent --show-error --fail -H "$owner" -H 'Content-Type: application/json' "http://127.0.0.1:$http/v1/$1" -d "$2"
}
call apis '{"name": "payments", "prefix": "pay", "scopes": [{"name": "invoices.read"}]}' >/dev/null
call consumers '{"externalId": "acme", "kind": "customer"}' >/dev/null
token=$(call keys '{"apiId": "payments", "environment": "production", "consumerExternalId": "acme", "name": "bench",
    "scopes": ["invoices.read"]}' | jq -r .token)

# A check as Envoy sends it for a request of a browser or a client library, in gRPC's frame.
python3 - "$token" >"$work/check" <<'PYTHON'
import sys

def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])

def field(number, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value

def entries(number, values):
    return b"".join(field(number, field(1, key) + field(2, value)) for key, value in values.items())

headers = {
    ":authority": "api.example.com", ":method": "GET", ":path": "/invoices?page=2", ":scheme": "https",
    "accept": "application/json", "accept-encoding": "gzip, br", "authorization": "Bearer " + sys.argv[1],
    "user-agent": "python-httpx/0.28.1", "x-envoy-internal": "true", "x-forwarded-for": "203.0.113.9",
    "x-forwarded-proto": "https", "x-request-id": "c9a3f1ea-6d0f-4b5e-8f57-6a8b1b7f3f10",
}
http = field(1, "c9a3f1ea") + field(2, "GET") + entries(3, headers) + field(4, "/invoices?page=2")
http += field(5, "api.example.com") + field(6, "https") + field(10, "HTTP/2")
peer = field(1, field(1, field(2, "203.0.113.9") + varint(3 << 3) + varint(41234)))
attributes = field(1, peer) + field(2, peer) + field(4, field(2, http))
attributes += entries(10, {"api": "payments", "environment": "production"})
message = field(1, attributes)
sys.stdout.buffer.write(b"\0" + len(message).to_bytes(4, "big") + message)
PYTHON

# load PORT PID SECONDS: sets per_second and cpu_us.
load() {
    local before after output done_requests
    before=$(ticks_of "$2")
    output=$(taskset -c "$cores" h2load --duration "$3" --clients "$connections" --max-concurrent-streams "$streams" \
        --data "$work/check" --header 'content-type: application/grpc' --header 'te: trailers' \
        "http://127.0.0.1:$1$method") || fail "h2load: $output"
    after=$(ticks_of "$2")
    [[ $output == *" 0 failed, 0 errored, 0 timeout"* ]] || fail "some checks failed: $output"
    done_requests=$(awk '/^requests:/ { for (i = 2; i <= NF; i++) if ($i ~ /^done/) print $(i - 1) }' <<<"$output")
    per_second=$(awk '/^finished in/ { print $4 }' <<<"$output")
    cpu_us=$(awk "BEGIN { printf \"%.2f\", ($after - $before) / $ticks * 1e6 / $done_requests }")
}
metric() {
    curl --silent --fail "http://127.0.0.1:$http/metrics" \
        | awk '/^claviger_http_requests_total.*Authorization\/Check/ && /2xx/ { sum += $NF } END { printf "%.0f", sum }'
}
refused() {
    curl --silent --fail "http://127.0.0.1:$http/metrics" \
        | awk '/^claviger_http_requests_total.*Authorization\/Check/ && !/2xx/ { sum += $NF } END { printf "%.0f", sum }'
}

say "comparing, $rounds rounds of twice $seconds seconds"
load "$theirs" "$their_pid" 2
load "$ours" "$our_pid" 2
for ((round = 1; round <= rounds; round++)); do
    load "$theirs" "$their_pid" "$seconds"
    their_per_second=$per_second their_cpu=$cpu_us
    load "$ours" "$our_pid" "$seconds"
    say "  $per_second of $their_per_second per second, $cpu_us and $their_cpu µs"
    echo "$per_second" >>"$work/ours" && echo "$their_per_second" >>"$work/theirs"
    awk "BEGIN { printf \"%.3f\\n\", $per_second / $their_per_second }" >>"$work/ratio"
    awk "BEGIN { printf \"%.2f\\n\", $cpu_us / $their_cpu }" >>"$work/cpu"
done
# gRPC says in a trailer how a call went, which h2load does not look at: the server's own count does.
[[ $(metric) -gt 1000 && $(refused) -eq 0 ]] || fail "$(refused) of $(metric) checks were refused"

ratio=$(middle "$work/ratio")
met=$(awk "BEGIN { print ($ratio >= 0.5 ? \"yes\" : \"no\") }")
cat <<TABLE

| what | asked | measured | met |
|---|---|---|---|
| Envoy's check over gRPC: per second, relative to an always-OK service on the same stack | ≥ 0.5 | $ratio ($(middle "$work/ours") of $(middle "$work/theirs")) | $met |
| the same: server CPU per check, relative to it | | $(middle "$work/cpu") | |
TABLE
