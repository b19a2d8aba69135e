#!/usr/bin/env bash
# Measures what nginx's requests wait for Claviger, and the reverse proxy beside nginx, and prints a Markdown table.
# `make bench` calls it.
#
#   CLAVIGER_BENCH_ROUNDS    rounds of each comparison (default 5)
#   CLAVIGER_BENCH_SECONDS   seconds of load in a round (default 5)
#
# Each number is taken within one round, on the same two cores, and the middle of all rounds counts.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source common.sh

readonly rounds=${CLAVIGER_BENCH_ROUNDS:-5}
readonly seconds=${CLAVIGER_BENCH_SECONDS:-5}
readonly rate=2000 clients=20

work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap cleanup EXIT
for tool in h2load wrk nginx jq; do
    command -v "$tool" >/dev/null || fail "there is no $tool: run scripts/bootstrap.sh --bench"
done
build

# serve NAME COMMAND...: starts a server and sets pid.
serve() {
    # Not through a function: the process id must be the server's own.
    taskset -c "$cores" "${@:2}" </dev/null >"$work/$1.log" 2>&1 &
    pid=$!
    pids+=("$pid")
}

say "starting"
http=$(free_port) hello=$(free_port) upstream=$(free_port) proxy=$(free_port)
serve claviger "$bin/claviger" serve --data "$work/data" --port "$http"
claviger_pid=$pid
serve hello "$bin/hello" "$hello"
await "$http"
await "$hello"
owner="Authorization: Bearer $(cat "$work/data/first-management-key")"
call() {
    curl --silent --show-error --fail -H "$owner" -H 'Content-Type: application/json' "http://127.0.0.1:$http/v1/$1" -d "$2"
}
api=$(call apis '{"name": "payments", "prefix": "pay", "scopes": [{"name": "invoices.read"}],
    "endpointRules": [{"methods": ["GET"], "path": "/v1/invoices/{id}", "scopes": "invoices.read"}]}' | jq -r .id)
call consumers '{"externalId": "acme", "kind": "customer"}' >/dev/null
token=$(call keys '{"apiId": "payments", "environment": "production", "consumerExternalId": "acme", "name": "bench",
    "scopes": ["invoices.read"]}' | jq -r .token)
authorization="Authorization: Bearer $token"

# nginx NAME PORT CONFIGURATION: one worker, so that there is room for the authority on the two cores.
start_nginx() {
    mkdir -p "$work/$1.nginx"
    {
        printf 'daemon off;\nmaster_process off;\n'
        cat "$3"
    } | sed -e "s|/run/nginx.pid|$work/$1.nginx/pid|; s|/var/log/nginx/error.log|$work/$1.nginx/error.log|" \
        -e "s|^http {|http { client_body_temp_path $work/$1.nginx/b; proxy_temp_path $work/$1.nginx/p; fastcgi_temp_path $work/$1.nginx/f; uwsgi_temp_path $work/$1.nginx/u; scgi_temp_path $work/$1.nginx/s;|" \
        >"$work/$1.conf"
    serve "$1" nginx -e "$work/$1.nginx/error.log" -c "$work/$1.conf"
    await "$2"
}

# The service behind all of them, with a small body.
cat >"$work/service" <<CONF
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    server { listen 127.0.0.1:$upstream; location / { default_type application/json; return 200 '{"id": 7, "paid": true}'; } }
}
CONF
start_nginx service "$upstream" "$work/service"

# The shipped file, with Claviger to ask, and with a server that says 200 to all.
shipped() {
    sed -e "s|127.0.0.1:8080|127.0.0.1:$2|; s|127.0.0.1:9000|127.0.0.1:$upstream|; s|listen 80;|listen 127.0.0.1:$1; keepalive_requests 1000000000;|" \
        -e "s|http://claviger/gateway/nginx/payments/production|http://claviger$3|" ../deploy/nginx.conf
}
ours=$(free_port)
shipped "$ours" "$http" /gateway/nginx/payments/production >"$work/shipped"
start_nginx ours "$ours" "$work/shipped"
theirs=$(free_port)
shipped "$theirs" "$hello" /nothing >"$work/shipped"
start_nginx theirs "$theirs" "$work/shipped"

# Plain proxy_pass, and our proxy, which decides as well.
plain=$(free_port)
cat >"$work/pass" <<CONF
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    upstream service { server 127.0.0.1:$upstream; keepalive 64; }
    server {
        listen 127.0.0.1:$plain;
        location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
CONF
start_nginx plain "$plain" "$work/pass"

# latencies PORT: median and 99th percentile in µs of requests at the rate, from when each was sent, and their number.
# The clients begin one after the other, at times that do not fit their rate: else all of them would ask at once, again
# and again, and wait for each other.
latencies() {
    rm -f "$work/log"
    on_cores h2load --h1 --clients "$clients" --rate 1 --rate-period 11ms --rps $((rate / clients)) \
        --requests $((rate * seconds)) --log-file "$work/log" --header "$authorization" \
        "http://127.0.0.1:$1/v1/invoices/7" >"$work/h2load" 2>&1 || fail "$(cat "$work/h2load")"
    awk '$2 != 200 { bad++ } END { exit bad + 0 || NR == 0 }' "$work/log" || fail "some requests were not answered with 200"
    sort -n -k 3,3 "$work/log" | awk '{ v[NR] = $3 } END { print v[int(NR * 0.5)], v[int(NR * 0.99)], NR }'
}
say "latency through nginx at $rate requests per second, $rounds rounds of twice $seconds seconds"
latencies "$theirs" >/dev/null
latencies "$ours" >/dev/null
for ((round = 1; round <= rounds; round++)); do
    read -r their_median their_p99 their_count < <(latencies "$theirs")
    read -r our_median our_p99 our_count < <(latencies "$ours")
    say "  median $our_median and $their_median µs, p99 $our_p99 and $their_p99 µs, of $our_count and $their_count"
    [[ $our_count -gt $((rate * seconds * 9 / 10)) ]] || fail "the rate was not reached"
    echo $((our_median - their_median)) >>"$work/median"
    echo $((our_p99 - their_p99)) >>"$work/p99"
    echo "$our_median" >>"$work/our_median" && echo "$our_p99" >>"$work/our_p99"
done

kill "$claviger_pid"
wait "$claviger_pid" || true
serve proxy "$bin/claviger" proxy --data "$work/data" --port "$http" --api "$api" --environment production \
    --upstream "http://127.0.0.1:$upstream" --proxy-port "$proxy"
proxy_pid=$pid
await "$proxy"
per_second() {
    local output
    output=$(on_cores wrk -t1 -c32 -d"${seconds}s" -H "$authorization" "http://127.0.0.1:$1/v1/invoices/7")
    [[ $output != *"Non-2xx"* && $output != *"Socket errors"* ]] || fail "some requests failed: $output"
    awk '/^Requests\/sec:/ { print $2 }' <<<"$output"
}
say "the reverse proxy, $rounds rounds of three times $seconds seconds"
bare=$(free_port)
serve bareproxy "$bin/bareproxy" "$bare" "$upstream"
await "$bare"
per_second "$plain" >/dev/null
per_second "$bare" >/dev/null
per_second "$proxy" >/dev/null
for ((round = 1; round <= rounds; round++)); do
    nginx_per_second=$(per_second "$plain")
    bare_per_second=$(per_second "$bare")
    proxy_per_second=$(per_second "$proxy")
    say "  $proxy_per_second, $bare_per_second without a decision, $nginx_per_second of nginx per second"
    echo "$(calculate "$proxy_per_second / $nginx_per_second")" >>"$work/ratio"
    echo "$(calculate "$proxy_per_second / $bare_per_second")" >>"$work/bare_ratio"
    echo "$proxy_per_second" >>"$work/proxy" && echo "$nginx_per_second" >>"$work/plain_per_second"
done
kill -0 "$proxy_pid" || fail "the proxy has died"

# row WHAT ASKED COMPARISON LIMIT MEASURED NOTE
row() {
    local mark=no
    if awk "BEGIN { exit !($5 $3 $4) }"; then mark=yes; fi
    printf '| %s | %s | %s | %s |\n' "$1" "$2" "$5 $6" "$mark"
}
milliseconds() { calculate "$(middle "$work/$1") / 1000" 2; }
cat <<TABLE

| what | asked | measured | met |
|---|---|---|---|
$(row "through nginx at $rate requests per second, added to an authoriser that says 200 to all: median" \
    "≤ 0.5 ms" "<=" 0.5 "$(milliseconds median)" "ms ($(milliseconds our_median) ms in all)")
$(row "the same: 99th percentile" "≤ 3 ms" "<=" 3 "$(milliseconds p99)" "ms ($(milliseconds our_p99) ms in all)")
$(row "reverse proxy: requests per second with small bodies, relative to nginx with \`proxy_pass\`" \
    "≥ 0.5" ">=" 0.5 "$(middle "$work/ratio")" "($(middle "$work/proxy") of $(middle "$work/plain_per_second"))")
| the same, relative to a proxy from the same parts that decides nothing | | $(middle "$work/bare_ratio") | |
TABLE
