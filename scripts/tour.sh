#!/usr/bin/env bash
# Runs the tour in README.md as it is written there, against a fresh server, so that it cannot go stale.
#
#   scripts/tour.sh          fails at the first command that fails or answers something else than the README says
#   scripts/tour.sh --show   the same, and shows every command with its output (`make demo`)
#
# The tour is every fenced block whose info string is `sh tour`, in order, in one shell. A block `text expected` right
# after one holds its output, line by line: `…` in a line stands for anything in that line, and a line that is only `…`
# for any number of lines. The tour runs in a folder of its own, beside the server's `data`, with `claviger` on PATH
# and CLAVIGER_URL set; CLAVIGER_TOKEN is set unless a block sets it. The README's 127.0.0.1:8080 becomes the fresh
# server's address. CLAVIGER_BIN names the binary (default .build/debug/claviger), TOUR_README another file.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
# shellcheck source=scripts/fresh-server.sh
source scripts/fresh-server.sh

show=false
case ${1:-} in
'') ;;
--show) show=true ;;
*) printf 'tour: unknown argument %s (allowed: --show)\n' "$1" >&2; exit 2 ;;
esac

colourful=false
if [[ -t 1 ]]; then colourful=true; fi
readme=$(realpath "${TOUR_README:-README.md}")
binary=$(absolute_binary)
work=$(mktemp -d)
trap 'stop_fresh_server; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    printf 'tour: %s\n' "$*" >&2
    if [[ -s $work/server.log ]]; then
        printf '\nThe end of what the server wrote:\n' >&2
        tail -n 10 "$work/server.log" >&2
    fi
    exit 1
}

# Writes blocks/N.sh, N.line (where the block is) and N.expected, if there is one. An expectation only counts when
# nothing but empty lines is between it and its block; one without a block is a mistake in the README.
extract_blocks() {
    mkdir "$work/blocks"
    awk -v folder="$work/blocks" '
        function path(suffix) { return sprintf("%s/%03d.%s", folder, count, suffix) }
        fenced && /^```[ \t]*$/ { fenced = 0; if (out != "") close(out); out = ""; next }
        fenced { if (out != "") print > out; next }
        /^```sh tour[ \t]*$/ { count++; fenced = 1; just = 1; out = path("sh"); printf "" > out; print FNR > path("line"); next }
        /^```text expected[ \t]*$/ {
            if (!just) { print FILENAME ":" FNR ": `text expected` does not follow a `sh tour` block" > "/dev/stderr"; exit 1 }
            fenced = 1; just = 0; out = path("expected"); printf "" > out; next
        }
        /^```/ { fenced = 1; just = 0; out = ""; next }
        /[^ \t]/ { just = 0 }
    ' "$readme" || fail "$(basename "$readme") cannot be read as a tour"
    compgen -G "$work/blocks/*.sh" >/dev/null || fail "$(basename "$readme") has no block marked \`sh tour\`"
}

# matches PATTERN LINE: whether the line is the pattern, where … stands for anything.
matches() {
    local pattern=$1 line=$2 piece
    [[ $pattern == *…* ]] || { [[ $line == "$pattern" ]]; return; }
    piece=${pattern%%…*}
    [[ $line == "$piece"* ]] || return 1
    line=${line#"$piece"}
    pattern=${pattern#*…}
    while [[ $pattern == *…* ]]; do
        piece=${pattern%%…*}
        [[ $line == *"$piece"* ]] || return 1
        line=${line#*"$piece"}
        pattern=${pattern#*…}
    done
    [[ $line == *"$pattern" ]]
}

# as_expected EXPECTED OUTPUT: compares two files line by line; spaces at the ends of lines do not count.
as_expected() {
    local -a wanted got
    local line at=0 skipping=false
    mapfile -t wanted < <(sed 's/[[:space:]]*$//' "$1")
    mapfile -t got < <(sed 's/[[:space:]]*$//' "$2")
    for line in "${wanted[@]}"; do
        if [[ ${line// /} == … ]]; then
            skipping=true
            continue
        fi
        if $skipping; then
            while ((at < ${#got[@]})) && ! matches "$line" "${got[at]}"; do at=$((at + 1)); done
        fi
        ((at < ${#got[@]})) && matches "$line" "${got[at]}" || return 1
        at=$((at + 1))
        skipping=false
    done
    $skipping || ((at == ${#got[@]}))
}

# Writes blocks/N.shown: the commands with a prompt, and none on a line that continues another one.
write_shown() {
    local line continues=false document='' bold='' dim='' plain=''
    if $colourful; then bold=$'\033[1m' dim=$'\033[2m' plain=$'\033[0m'; fi
    while IFS= read -r line; do
        if [[ -n $document ]]; then
            printf '%s  %s%s\n' "$bold" "$line" "$plain"
            if [[ $line == "$document" ]]; then document=''; fi
            continue
        elif $continues || [[ $line == ' '* || $line == '}'* || $line =~ ^(done|fi|esac|then|do)($|[^a-z]) ]]; then
            printf '%s  %s%s\n' "$bold" "$line" "$plain"
        elif [[ $line == '#'* || -z $line ]]; then
            printf '%s%s%s\n' "$dim" "$line" "$plain"
        else
            printf '%s$ %s%s\n' "$bold" "$line" "$plain"
        fi
        if [[ $line == *\\ ]]; then continues=true; else continues=false; fi
        # A here-document follows (`<<END`), not a here-string (`<<<`).
        if [[ $line =~ (^|[^<])\<\<[\'\"]?([A-Za-z]+) ]]; then document=${BASH_REMATCH[2]}; fi
    done <"$1" >"${1%.sh}.shown"
}

run_blocks() {
    local block
    for block in "$work"/blocks/*.sh; do
        sed -i "s#\(127\.0\.0\.1\|localhost\):8080#${server_url#http://}#g" "$block"
        write_shown "$block"
    done
    # The tour finds the binary where `make run` leaves it, too.
    mkdir -p "$work/.build/release"
    ln -s "$binary" "$work/.build/release/claviger"
    (
        forget_settings
        cd "$work"
        export PATH=$work/.build/release:$PATH HOME=$work CLAVIGER_URL=$server_url
        unset XDG_CONFIG_HOME
        if ! grep -q 'CLAVIGER_TOKEN=' blocks/*.sh; then
            CLAVIGER_TOKEN=$(cat data/first-management-key)
            export CLAVIGER_TOKEN
        fi
        # A shell of its own, so that a block meets nothing of this script; its variables go on to the next block.
        # shellcheck disable=SC2016
        exec bash -c '
            set -euo pipefail
            for tour_block in blocks/*.sh; do
                $1 && cat "${tour_block%.sh}.shown" >&3
                source "$tour_block" </dev/null >"${tour_block%.sh}.out" 2>&1
                : >"${tour_block%.sh}.done"
                $1 && { cat "${tour_block%.sh}.out"; printf "\n"; } >&3
            done
        ' tour "$show" 3>&1
    ) || true
}

# Looks at the blocks in order, so that what is told is the first thing that went wrong.
check_blocks() {
    local block at count=0
    for block in "$work"/blocks/*.sh; do
        at="$(basename "$readme"):$(cat "${block%.sh}.line")"
        if [[ ! -e ${block%.sh}.done ]]; then
            printf 'The commands:\n%s\n\nThe output:\n%s\n\n' "$(cat "$block")" "$(cat "${block%.sh}.out")" >&2
            fail "$at: a command of this block failed"
        fi
        count=$((count + 1))
        [[ -e ${block%.sh}.expected ]] || continue
        sed -i "s#\(127\.0\.0\.1\|localhost\):8080#${server_url#http://}#g" "${block%.sh}.expected"
        if ! as_expected "${block%.sh}.expected" "${block%.sh}.out"; then
            diff -u --label 'what the README says' --label 'what came' "${block%.sh}.expected" "${block%.sh}.out" >&2 || true
            fail "$at: the output of this block is not what the README says"
        fi
    done
    printf 'tour: %d blocks of %s ran as written\n' "$count" "$(basename "$readme")"
}

extract_blocks
start_fresh_server "$binary" "$work" || exit 1
run_blocks
check_blocks
