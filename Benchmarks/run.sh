#!/usr/bin/env bash
# Measures speed and size and prints them beside what was asked for, as a Markdown table on standard output.
# What it is doing meanwhile goes to standard error. `make bench` calls it.
#
#   CLAVIGER_BENCH_KEYS      keys in the large collection (default 1000000)
#   CLAVIGER_BENCH_ROUNDS    rounds of each comparison (default 5)
#   CLAVIGER_BENCH_SECONDS   seconds of load in a round (default 5)
#   CLAVIGER_BENCH_DATA      a folder that keeps the collections for another run (default: a new one, removed at the end)
#
# Every ratio is taken within one round, with both sides on the same two cores, and the middle of all rounds counts:
# so it says something about the program even where the machine is slow or busy. The machine should be idle otherwise.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source common.sh

readonly keys=${CLAVIGER_BENCH_KEYS:-1000000}
readonly rounds=${CLAVIGER_BENCH_ROUNDS:-5}
readonly seconds=${CLAVIGER_BENCH_SECONDS:-5}
readonly few=1000
readonly connections=32

if [[ -n ${CLAVIGER_BENCH_DATA:-} ]]; then
    work=$CLAVIGER_BENCH_DATA
    mkdir -p "$work"
else
    work=$(mktemp -d)
fi
results=$(mktemp -d)
declare -A pid_of port_of
stop_all() {
    local name
    for name in "${!pid_of[@]}"; do kill "${pid_of[$name]}" 2>/dev/null || true; done
    wait
}
cleanup() {
    stop_all
    if [[ -n ${CLAVIGER_BENCH_DATA:-} && -e $results/figures ]]; then cp "$results/figures" "$work/figures"; fi
    rm -rf "$results"
    if [[ -z ${CLAVIGER_BENCH_DATA:-} ]]; then rm -rf "$work"; fi
}
trap cleanup EXIT

command -v wrk >/dev/null || fail "there is no wrk: run scripts/bootstrap.sh --bench"

build

# figure NAME VALUE: keeps a number for the table and the end.
figure() {
    printf '%s %s\n' "$1" "$2" >>"$results/figures"
    say "  $1 $2"
}
# of NAME: the middle of all numbers of that name.
of() {
    awk -v name="$1" '$1 == name { print $2 }' "$results/figures" | sort -g \
        | awk '{ v[NR] = $1 } END { if (NR == 0) print "missing"; else print v[int((NR + 1) / 2)] }'
}
# whole NAME: the same without a fraction.
whole() { of "$1" | awk '{ printf "%.0f", $1 }'; }

# processor_ticks NAME: processor time of a server so far, of all its threads, in the kernel and out of it.
processor_ticks() { ticks_of "${pid_of[$1]}"; }
# Without the files that are mapped: the kernel takes their pages back when it needs them.
resident_megabytes() { awk '/^RssAnon:/ { printf "%.0f", $2 * 1024 / 1e6 }' "/proc/${pid_of[$1]}/status"; }
mapped_megabytes() { awk '/^RssFile:/ { printf "%.0f", $2 * 1024 / 1e6 }' "/proc/${pid_of[$1]}/status"; }
now_ms() { awk -v t="$EPOCHREALTIME" 'BEGIN { sub(",", ".", t); printf "%.0f", t * 1000 }'; }

# start NAME PATH COMMAND...: starts a server; PORT in the command becomes a free port. Waits for PATH to answer.
start() {
    local name=$1 path=$2 begin
    shift 2
    port_of[$name]=$(free_port)
    begin=$(now_ms)
    # Not through a function: the process id must be the server's own.
    taskset -c "$cores" "${@/PORT/${port_of[$name]}}" </dev/null >"$results/$name.log" 2>&1 &
    pid_of[$name]=$!
    until curl --silent --fail --output /dev/null "http://127.0.0.1:${port_of[$name]}$path"; do
        kill -0 "${pid_of[$name]}" 2>/dev/null || fail "$name did not start: $(tail -n 5 "$results/$name.log")"
        sleep 0.005
    done
    started_in=$(($(now_ms) - begin))
}

# settle NAME: waits until a server has nothing to do. After the start it reads in the background, and after a load it
# stores what it has put on record; neither may be charged to what is measured next.
settle() {
    local before after tick
    for ((tick = 0; tick < 120; tick++)); do
        before=$(processor_ticks "$1")
        sleep 1
        after=$(processor_ticks "$1")
        ((after - before > ticks / 25)) || return 0
    done
    fail "$1 does not come to rest"
}

# load NAME SECONDS CONNECTIONS SCRIPT [ARGUMENT...]: sets requests, per_second, cpu_us, median_us and p99_us.
load() {
    local name=$1 time=$2 count=$3 script=$4 before after output
    shift 4
    before=$(processor_ticks "$name")
    output=$(on_cores wrk -t1 -c"$count" -d"${time}s" --timeout 10s -s "wrk/$script" \
        "http://127.0.0.1:${port_of[$name]}" -- "$@")
    after=$(processor_ticks "$name")
    value() { awk -v name="$1" '$1 == name { print $2 }' <<<"$output"; }
    [[ $(value failed) == 0 ]] || fail "some requests to $name failed: $output"
    [[ -z $(value refused) || $(value refused) == 0 ]] || fail "some answers of $name were wrong: $output"
    requests=$(value requests)
    per_second=$(awk '/^Requests\/sec:/ { print $2 }' <<<"$output")
    cpu_us=$(calculate "($after - $before) / $ticks * 1e6 / $requests" 2)
    median_us=$(value median_us)
    p99_us=$(value p99_us)
}

seed() {
    [[ -e $work/$1.tokens.done ]] && return 0
    say "making $2 keys"
    rm -rf "${work:?}/$1" "$work/$1.tokens"
    "$bin/seed" "$work/$1" "$2" "$work/$1.tokens.ordered" "${@:3}" >&2
    # The load asks for them in the order of the file: by chance, so that no cache of the processor helps the server,
    # and one after the other, so that the program that makes the load does not suffer in its place.
    shuf --random-source="$work/$1.tokens.ordered" --output="$work/$1.tokens" "$work/$1.tokens.ordered"
    rm "$work/$1.tokens.ordered"
    touch "$work/$1.tokens.done"
}
seed few "$few"
seed many "$keys"
seed full "$few" metered

key() { printf '%s' "$work/$1/first-management-key"; }
tokens() { printf '%s' "$work/$1.tokens"; }
verify() {
    load "$1" "$2" "$connections" verify.lua /v1/keys/verify "$(key "$1")" "${3:-$(tokens "$1")}" "${@:4}"
}
# With the context that metered keys want.
verify_full() { verify full "$1" "$(tokens full)" '"context":{"ip":"10.1.2.3"}'; }

# What nginx asks before it lets a request pass.
gateway() { load few "$1" "$connections" gateway.lua "/gateway/nginx/$api/production" "$results/production"; }

say "starting"
start hello /hello "$bin/hello" PORT
start few /readyz "$bin/claviger" serve --data "$work/few" --port PORT
start full /readyz "$bin/claviger" serve --data "$work/full" --port PORT
for _ in 1 2 3; do
    start many /readyz "$bin/claviger" serve --data "$work/many" --port PORT
    figure ready.ms "$started_in"
    settle many
    [[ $(awk '$1 == "ready.ms"' "$results/figures" | wc -l) -eq 3 ]] && break
    kill "${pid_of[many]}"
    wait "${pid_of[many]}" || true
done
figure rss.start_mb "$(resident_megabytes many)"

api=$(curl --silent --fail -H "Authorization: Bearer $(cat "$(key few)")" \
    "http://127.0.0.1:${port_of[few]}/v1/keys?limit=1&environment=production" | jq -r '.items[0].apiId')

grep _live_ "$(tokens few)" >"$results/production"

say "bringing all keys into the caches"
load few 60 "$connections" all.lua "$(key few)" "$(tokens few)"
load many 600 "$connections" all.lua "$(key many)" "$(tokens many)"
[[ $requests -ge $keys ]] || fail "not all keys were verified in the time"
figure cold.http_per_second "$per_second"
figure rss.cached_mb "$(resident_megabytes many)"

say "comparing, $rounds rounds of four times $seconds seconds"
load hello 2 "$connections" hello.lua
verify few 2
verify many 2
verify_full 2
gateway 2
for name in few many full; do settle "$name"; done
for ((round = 1; round <= rounds; round++)); do
    load hello "$seconds" "$connections" hello.lua
    hello_per_second=$per_second hello_cpu=$cpu_us
    figure hello.per_second "$per_second"
    figure hello.cpu_us "$cpu_us"
    verify few "$seconds"
    settle few
    few_per_second=$per_second
    figure verify.few_per_second "$per_second"
    figure verify.few_cpu_us "$cpu_us"
    figure ratio.per_second "$(calculate "$per_second / $hello_per_second")"
    figure ratio.cpu "$(calculate "$cpu_us / $hello_cpu")"
    verify many "$seconds"
    settle many
    figure verify.many_per_second "$per_second"
    figure verify.many_cpu_us "$cpu_us"
    figure ratio.many "$(calculate "$per_second / $few_per_second")"
    verify_full "$seconds"
    figure verify.full_per_second "$per_second"
    figure verify.full_cpu_us "$cpu_us"
    figure ratio.full "$(calculate "$per_second / $few_per_second")"
    figure ratio.full_to_hello "$(calculate "$per_second / $hello_per_second")"
    settle full
    gateway "$seconds"
    figure gateway.per_second "$per_second"
    figure ratio.gateway "$(calculate "$per_second / $hello_per_second")"
    settle few
done
figure rss.loaded_mb "$(resident_megabytes many)"
figure rss.mapped_mb "$(mapped_megabytes many)"

say "refusing tokens that are not ours"
# The shape of tokens with another checksum, and tokens of another server.
sed 's/.\{3\}$/zzz/' "$(tokens few)" >"$results/malformed"
if [[ ! -e $work/other.tokens.done ]]; then seed other "$few"; fi
for ((round = 1; round <= rounds; round++)); do
    verify many 2
    figure flood.valid_cpu_us "$cpu_us"
    verify many 2 "$results/malformed"
    figure flood.malformed_cpu_us "$cpu_us"
    verify many 2 "$(tokens other)"
    figure flood.unknown_cpu_us "$cpu_us"
done

say "other calls"
load many 2 1 verify.lua /v1/keys/explain "$(key many)" "$(tokens many)"
figure explain.median_us "$median_us"
figure explain.p99_us "$p99_us"
authorization="Authorization: Bearer $(cat "$(key many)")"
url=http://127.0.0.1:${port_of[many]}
page=$(curl --silent --fail -H "$authorization" "$url/v1/keys?limit=200&environment=production")
load many 2 1 get.lua "/v1/keys/$(jq -r '.items[-1].id' <<<"$page")" "$(key many)"
figure get.median_us "$median_us"
figure get.p99_us "$p99_us"
cursor=$(jq -r '.nextCursor | @uri' <<<"$page")
for call in 'keys?limit=50' "keys?limit=200&environment=production&cursor=$cursor" 'keys?limit=50&state=revoked' \
    'keys?limit=50&state=expired' 'consumers?limit=50&kind=user' 'audit/events?limit=50&outcome=denied' \
    'audit/events?limit=50&from=2100-01-01T00:00:00.000Z'; do
    load many 2 1 get.lua "/v1/$call" "$(key many)"
    figure "list.${call%%&cursor*}.median_ms" "$(calculate "$median_us / 1000" 2)"
    figure "list.${call%%&cursor*}.p99_ms" "$(calculate "$p99_us / 1000" 2)"
done
jq -c '.items[0] as $k | {keys: [range(1000) | {
    apiId: $k.apiId, environment: $k.environment, consumerId: $k.consumerId, name: "Batch \(.)", scopes: $k.scopes}]}' \
    <<<"$page" >"$results/batch.json"
for ((round = 1; round <= rounds; round++)); do
    figure batch.ms "$(curl --silent --fail --output /dev/null --write-out '%{time_total}' -H "$authorization" \
        -H 'Content-Type: application/json' --data-binary "@$results/batch.json" "$url/v1/keys/batch" \
        | awk '{ printf "%.0f", $1 * 1000 }')"
done
stop_all
pid_of=()

say "measuring in process"
on_cores "$bin/inprocess" "$work/many" "$(tokens many)" | tee >(cat >&2) >>"$results/figures"

say "measuring policies, bulk changes and hygiene"
# Of a copy: what is done here stays done.
rm -rf "$work/life"
cp -a "$work/many" "$work/life"
on_cores "$bin/inprocess" "$work/life" "$(tokens many)" policy | tee >(cat >&2) >>"$results/figures"
on_cores "$bin/inprocess" "$work/life" bulk | tee >(cat >&2) >>"$results/figures"
rm -rf "$work/life"

# row WHAT ASKED COMPARISON LIMIT MEASURED [NOTE]: a line of the table; the comparison is awk's.
row() {
    local mark=no
    if awk "BEGIN { exit !($5 $3 $4) }"; then mark=yes; fi
    printf '| %s | %s | %s | %s |\n' "$1" "$2" "$5${6:+ $6}" "$mark"
}
worst_list=$(awk '$1 ~ /^list\..*median/ && $2 > worst { worst = $2; name = $1 } END {
    gsub(/^list\.|\.median_ms$/, "", name); printf "%.2f ms (%s)", worst, name }' "$results/figures")
cpu_of_flood() { calculate "$(of "flood.$1_cpu_us") / $(of flood.valid_cpu_us)" 2; }
inprocess_flood() { calculate "$(of "flood.$1_cpu_ns") / $(of flood.valid_cpu_ns)" 2; }

cat <<TABLE

| what | asked | measured | met |
|---|---|---|---|
$(row "\`POST /v1/keys/verify\`: requests per second, relative to a bare Hummingbird app that answers \`hello\`" \
    "≥ 0.6" ">=" 0.6 "$(of ratio.per_second)" "($(whole verify.few_per_second) of $(whole hello.per_second))")
$(row "the same: server CPU per request, relative to \`hello\`" \
    "≤ 2" "<=" 2 "$(of ratio.cpu)" "($(of verify.few_cpu_us) µs and $(of hello.cpu_us) µs)")
$(row "one verification in process, $keys keys in the cache, median" \
    "≤ 3 µs" "<=" 3 "$(calculate "$(of verify.median_ns) / 1000" 2)" "µs")
$(row "throughput on two threads, relative to one" \
    "≥ 1.7" ">=" 1.7 "$(of throughput.all.ratio)" "($(whole throughput.all.one) per second on one; plain arithmetic $(of throughput.machine.ratio))")
$(row "start to ready with $keys keys" "≤ 2 s" "<=" 2 "$(calculate "$(of ready.ms) / 1000" 2)" "s")
$(row "resident memory with $keys keys cached" "≤ 700 MB" "<=" 700 "$(of rss.loaded_mb)" \
    "MB, and $(of rss.mapped_mb) MB of mapped files")
$(row "verify throughput with $keys keys, relative to $few keys" \
    "≥ 0.85" ">=" 0.85 "$(of ratio.many)" "($(whole verify.many_per_second) per second)")
$(row "verify throughput of keys with networks, a limit and credits, relative to keys without" \
    "≥ 0.85" ">=" 0.85 "$(of ratio.full)" "($(whole verify.full_per_second) per second)")
$(row "the same, relative to \`hello\`" "≥ 0.5" ">=" 0.5 "$(of ratio.full_to_hello)")
$(row "forward authentication for nginx: requests per second, relative to \`hello\`" \
    "≥ 0.7" ">=" 0.7 "$(of ratio.gateway)" "($(whole gateway.per_second) per second)")
$(row "append to the usage journal, median" "≤ 300 ns" "<=" 300 "$(of journal.append.1.median_ns)" "ns")
$(row "a cold key, median" "≤ 1 ms" "<=" 1 "$(calculate "$(of cold.median_us) / 1000")" "ms")
$(row "\`explain\` with $keys keys, median over HTTP" \
    "< 10 ms" "<" 10 "$(calculate "$(of explain.median_us) / 1000" 2)" "ms")
$(row "list with $keys keys, median of the slowest list and filter" \
    "< 10 ms" "<" 10 "${worst_list%% *}" "${worst_list#* }")
$(row "get with $keys keys, median over HTTP" "< 10 ms" "<" 10 "$(calculate "$(of get.median_us) / 1000" 2)" "ms")
$(row "batch create of 1,000 keys over HTTP" "≤ 1 s" "<=" 1 "$(calculate "$(of batch.ms) / 1000" 2)" "s")
$(row "server CPU per malformed token, relative to a valid one" \
    "< 1" "<" 1 "$(cpu_of_flood malformed)" "(in process $(inprocess_flood mistyped))")
$(row "server CPU per unknown token, relative to a valid one" \
    "< 1" "<" 1 "$(cpu_of_flood unknown)" "(in process $(inprocess_flood unknown))")
$(row "verification with $keys keys under a policy and 10,000 replaced tokens, relative to before" \
    "≥ 0.95" ">=" 0.95 "$(of policy.verify_ratio)" "($(of policy.verify_before_ns) and $(of policy.verify_after_ns) ns)")
$(row "policy check of $keys keys" "≤ 20 s" "<=" 20 "$(of policy.check_s)" "s")
$(row "hygiene of $keys keys" "≤ 20 s" "<=" 20 "$(of hygiene.seconds)" "s")
$(row "100,000 keys revoked by one call" "≤ 10 s" "<=" 10 "$(of bulk.revoke_s)" "s")
$(row "valid entries evicted by a flood of malformed and unknown tokens" "none" "==" 0 "$(of flood.evicted)")
TABLE
sort "$results/figures" | awk '{ print "  " $0 }' >&2
