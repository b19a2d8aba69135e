#!/usr/bin/env bash
# Measures the audit log: what it costs a change, how many changes it takes, how long a proof takes under a head over very
# many entries, and how fast and in how much memory `claviger audit verify` checks an export of them. Prints a Markdown
# table.
#
#   CLAVIGER_BENCH_ENTRIES   entries of the large log (default 10000000, which takes 12 GB of disk)
#   CLAVIGER_BENCH_DATA      a folder for the data (default: a new one); removed at the end either way

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source common.sh

readonly entries=${CLAVIGER_BENCH_ENTRIES:-10000000}
readonly few=$((entries / 20))
work=${CLAVIGER_BENCH_DATA:-$(mktemp -d)}/audit
server=
cleanup() {
    if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; fi
    wait
    rm -rf "$work"
}
trap cleanup EXIT
mkdir -p "$work"

build

say "measuring changes and proofs"
for count in "$few" "$entries"; do
    on_cores "$bin/inprocess" "$work/data-$count" audit "$count" | tee >(cat >&2) >>"$work/figures-$count"
done
# of NAME [ENTRIES]: the middle of all numbers of that name, with two digits behind the point.
of() {
    awk -v name="$1" '$1 == name { print $2 }' "$work/figures-${2:-$entries}" >"$work/values"
    [[ -s $work/values ]] || fail "there is no figure $1"
    middle "$work/values" | awk '{ printf($1 == int($1) ? "%d" : "%.2f", $1) }'
}

# verify COUNT: exports the log of that many entries, checks the copy, and sets seconds, per_second and resident.
verify() {
    local count=$1 url try begin size
    "$bin/claviger" serve --data "$work/data-$count" --port 0 >"$work/out" 2>"$work/log" &
    server=$!
    for ((try = 0; try < 2000; try++)); do
        url=$(grep -ohE 'http://[0-9.]+:[0-9]+' "$work/out" | head -n 1 || true)
        if [[ -n $url ]] && curl -sf "$url/readyz" >/dev/null; then break; fi
        sleep 0.1
    done
    local client=(--url "$url" --token-file "$work/data-$count/first-management-key")
    "$bin/claviger" audit key "${client[@]}" >"$work/vkey"
    say "exporting $count entries"
    "$bin/claviger" audit export "$work/export" --quiet "${client[@]}"
    kill "$server"
    wait "$server" || true
    server=
    # Files for people are compared too where they are there; here it is the log alone that is measured first.
    mkdir "$work/people"
    mv "$work/export/"events.* "$work/people"
    say "verifying"
    begin=$(date +%s%N)
    on_cores python3 - "$bin/claviger" "$work/export" "$(cat "$work/vkey")" >"$work/resident" <<'PYTHON'
import resource, subprocess, sys
program, folder, key = sys.argv[1:]
subprocess.run([program, "audit", "verify", "--dir", folder, "--key", key, "--quiet"], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
PYTHON
    seconds=$(calculate "($(date +%s%N) - $begin) / 1e9")
    resident=$(cat "$work/resident")
    per_second=$(calculate "$count / $seconds" 0)
    mv "$work/people/"events.* "$work/export"
    begin=$(date +%s%N)
    on_cores "$bin/claviger" audit verify --dir "$work/export" --key "$(cat "$work/vkey")" --quiet
    with_events=$(calculate "$count / (($(date +%s%N) - $begin) / 1e9)" 0)
    rm -rf "$work/export" "$work/people"
}
verify "$few"
small=$resident
verify "$entries"

# row WHAT ASKED COMPARISON LIMIT MEASURED [NOTE]: a line of the table; the comparison is awk's.
row() {
    local mark=no
    if awk "BEGIN { exit !($5 $3 $4) }"; then mark=yes; fi
    printf '| %s | %s | %s | %s |\n' "$1" "$2" "$5${6:+ $6}" "$mark"
}
cat <<TABLE

| what | asked | measured | met |
|---|---|---|---|
$(row "a change with the log, relative to one with the plain table of before" "≤ 1.1" "<=" 1.1 "$(of audit.change_ratio "$few")" \
    "($(of audit.change_us "$few") µs; the record $(of audit.record_us "$few") µs, in the plain table $(of audit.plain_record_us "$few") µs)")
$(row "changes per second by batch" "≥ 2,000" ">=" 2000 "$(of audit.batch_per_second "$few")" "($(of audit.batch_cpu_us "$few") µs of CPU each)")
$(row "a proof under a head over $(of audit.entries) entries, median" "≤ 2 ms" "<=" 2 "$(of audit.proof_median_ms)" \
    "ms (99th percentile $(of audit.proof_p99_ms) ms)")
$(row "hashes in the longest proof there" "≤ 24" "<=" 24 "$(of audit.proof_hashes)")
$(row "\`audit verify --dir\`, $entries entries, per second" "≥ 100,000" ">=" 100000 "$per_second" "(with events.jsonl and events.csv $with_events)")
$(row "its memory, relative to that with $few entries" "≤ 1.1" "<=" 1.1 "$(calculate "$resident / $small" 2)" "($resident and $small MB)")
TABLE
