#!/usr/bin/env bash
# Holds the sources to their format and to the rules of the house that a machine can check.
#
#   scripts/soundness.sh               tests the rules on their fixtures, then checks the project
#   scripts/soundness.sh --self-test   only tests the rules on their fixtures
#
# Each violation is one line: file:line: [rule] what to do. A rule that needs an exception gets it below, in its
# `except`, where a reviewer sees it.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

readonly longest_file=400
readonly plaintext_list=scripts/soundness/plaintext-files.txt

# --- The rules -------------------------------------------------------------------------------------------------------

declare -a names=()
declare -A check=() advice=() where=() except=() forbidden=()

# forbid NAME WHERE EXCEPT PATTERN ADVICE: no line of code (comments do not count) may match PATTERN (PCRE) in files
# whose path matches WHERE and not EXCEPT (ERE; `-` for none).
forbid() {
    names+=("$1")
    check[$1]=check_code where[$1]=$2 except[$1]=$3 forbidden[$1]=$4 advice[$1]=$5
}

# rule NAME FUNCTION ADVICE: FUNCTION prints the violations of the file list it is given, as `file:line`.
rule() {
    names+=("$1")
    check[$1]=$2 advice[$1]=$3
}

define_rules() {
    forbid clock '^Sources/.*\.swift$' '^Sources/(claviger/Serve/|ClavigerHTTP/Serving/MonotonicTime\.swift$|ClavigerMiddleware/MachineTime\.swift$)' \
        '\bDate\(\)|\bDate\.now\b|\bDate\(timeIntervalSinceNow|\b(Continuous|Suspending)Clock\(\)|\b(Continuous|Suspending)Clock\.now\b|\.(continuous|suspending)\.now\b|\bNIODeadline\.now\(|\bDispatchTime\.now\(|\b(clock_gettime|gettimeofday)\(' \
        'take the time from the TimeSource that is passed in (only Sources/claviger/Serve has a clock; MonotonicTime measures how long requests take; MachineTime is for apps that pass in none)'

    forbid random '^Sources/.*\.swift$' '^Sources/claviger/Serve/' \
        '\bUUID\(\)|\bSystemRandomNumberGenerator\b|\.random\(|\.randomElement\(\)|\.shuffled?\(\)|\barc4random|\bSymmetricKey\(size:|\bGCM\.Nonce\(\)|\bPrivateKey\(\)' \
        'take the bytes from the RandomSource that is passed in (only Sources/claviger/Serve has a generator)'

    forbid sql '^Sources/.*\.swift$' '^Sources/Claviger(Store|SQLite)/' \
        '\bSELECT(\s+[\w*("\\]|\s*$)|\bINSERT\s+(OR\s+\w+\s+)?INTO\b|\bUPDATE\s+\w+(\s+SET\b|\s*$)|\bDELETE\s+FROM\b|\bPRAGMA\b|\b(CREATE|ALTER|DROP)\s+(TABLE|INDEX|TRIGGER|VIEW)\b' \
        'move the SQL to a repository in Sources/ClavigerStore'

    forbid force-try '^Sources/.*\.swift$' - '\btry!' \
        'throw, or make the failure impossible to write'

    forbid force-cast '^Sources/.*\.swift$' - '\bas!(\s|$)' \
        'use as? and say what happens otherwise'

    forbid fatal-error '^Sources/.*\.swift$' - '(?<![\w.])fatalError\(' \
        'throw an error, or change the type so that the case cannot be written'

    forbid print '^Sources/.*\.swift$' '^Sources/claviger/' '(?<![\w.])(?<!func )(Swift\.)?(print|debugPrint|dump)\(' \
        'log a constant message with metadata; only the command line prints'

    forbid request-log '^(Sources|Tests|Benchmarks)/.*\.swift$' - '\bLogRequestsMiddleware\b' \
        'use the request log of ClavigerHTTP: LogRequestsMiddleware logs the query string'

    rule unfinished check_unfinished 'finish it, or open an issue and remove the mark'
    rule unproven check_unproven \
        'write a comment with "Proof:" in the three lines above that says why this is safe, or use a Mutex or an actor'
    rule plaintext check_plaintext \
        "files that may see a plaintext are listed in $plaintext_list: add or remove the line, and have it reviewed"
    rule length check_length "past $longest_file lines a file has a second idea: give it a file of its own"
    rule tracked check_tracked 'built, private or local files do not belong in the repository: git rm --cached, and ignore it'
    rule format check_format 'run make format; what remains is to be changed by hand'
}

# --- The checks: each is given paths and prints `file:line` ----------------------------------------------------------

# select WHERE EXCEPT FILE…: sets `selected` to the paths that match WHERE and not EXCEPT.
select_files() {
    local in=$1 out=$2 path
    shift 2
    selected=()
    for path in "$@"; do
        [[ $path =~ $in ]] && [[ $out == - || ! $path =~ $out ]] && selected+=("$path")
    done
    return 0
}

# Runs grep over `selected`. Finding nothing is fine; a bad pattern or an unreadable file is not.
matching_lines() {
    [[ ${#selected[@]} -gt 0 ]] || return 0
    grep -nHP -e "$1" -- "${selected[@]}" || [[ $? -eq 1 ]]
}

check_code() {
    select_files "${where[$current]}" "${except[$current]}" "$@"
    # Code is what comes before a comment, which starts the line or has spaces around its slashes.
    matching_lines "^(?!\\s*//)(?:(?!\\s//\\s).)*?(?:${forbidden[$current]})" | cut -d: -f1,2
}

check_unfinished() {
    select_files . '^scripts/soundness(\.sh$|/)|^LICENSE$' "$@"
    matching_lines '\b(TODO|FIXME|XXX)\b' | cut -d: -f1,2
}

check_unproven() {
    select_files '^(Sources|Tests)/.*\.swift$' - "$@"
    [[ ${#selected[@]} -gt 0 ]] || return 0
    awk '
        FNR == 1 { proof = -9 }
        /\/\/.*Proof:/ { proof = FNR }
        /^[ \t]*\/\// { next }
        /@unchecked[ \t]+Sendable|nonisolated\(unsafe\)/ { if (FNR - proof > 3) print FILENAME ":" FNR }
    ' "${selected[@]}"
}

# The door to a plaintext: whoever declares or imports the SPI, and, inside Core, whoever calls through it.
check_plaintext() {
    select_files '^Sources/.*\.swift$' - "$@"
    local list=$plaintext_list hits line path number=0
    local -A listed=() seen=()
    [[ -f $list ]] || list=/dev/null
    hits=$(matching_lines '^(?!\s*//).*?(@_spi\(Plaintext\)|\.withPlaintext\b)') || return 1
    while IFS= read -r line; do
        path=${line%%[[:space:]]*}
        [[ -z $path || $path == '#'* ]] || listed[$path]=1
    done <"$list"
    while IFS=: read -r path line _; do
        [[ -n $path && -z ${seen[$path]:-} ]] || continue
        seen[$path]=1
        [[ -n ${listed[$path]:-} ]] || printf '%s:%s\n' "$path" "$line"
    done <<<"$hits"
    while IFS= read -r line; do
        number=$((number + 1))
        path=${line%%[[:space:]]*}
        [[ -z $path || $path == '#'* || -n ${seen[$path]:-} ]] || printf '%s:%s\n' "$list" "$number"
    done <"$list"
}

check_length() {
    # What protoc makes has the length that it has; scripts/generate-protos.sh.
    select_files '^Sources/.*\.swift$' '^Sources/ClavigerEnvoy/Generated/' "$@"
    [[ ${#selected[@]} -gt 0 ]] || return 0
    awk -v most="$longest_file" 'FNR == most + 1 { print FILENAME ":" FNR }' "${selected[@]}"
}

check_tracked() {
    select_files '(^|/)(\.build|\.venv|\.swiftpm)(/|$)|^data/|(^|/)(Package\.resolved|first-management-key|root-key)$|\.(db|sqlite|key|pem|log)$' \
        '^Tests/.*/(Fixtures|Resources)/|^Benchmarks/Package\.resolved$' "$@"
    [[ ${#selected[@]} -eq 0 ]] || printf '%s:1\n' "${selected[@]}"
}

check_format() {
    select_files '\.swift$' - "$@"
    [[ ${#selected[@]} -gt 0 ]] || return 0
    local output
    if output=$(swift format lint --strict --parallel "${selected[@]}" 2>&1); then return 0; fi
    # What is not a finding is a failure of the tool itself, and must not pass as an empty list.
    grep -E '^[^:]+:[0-9]+:[0-9]+: (error|warning): ' <<<"$output" | sed -E "s#^$PWD/##; s/:[0-9]+: (error|warning): / /" \
        || { printf '%s\n' "$output" >&2; return 1; }
}

# --- Running them ----------------------------------------------------------------------------------------------------

scratch=$(mktemp -d)
readonly scratch
trap 'rm -rf "$scratch"' EXIT

# run_rule NAME FILE…: writes what the rule finds to $scratch/found, sorted; a broken check ends the run.
run_rule() {
    current=$1
    shift
    "${check[$current]}" "$@" >"$scratch/unsorted" || {
        printf 'soundness: the check of the rule %s did not run\n' "$current" >&2
        exit 2
    }
    sort -t: -k1,1 -k2,2n "$scratch/unsorted" | uniq >"$scratch/found"
}

# A fixture is a small tree, scripts/soundness/fixtures/RULE/, whose files end in .txt so that nothing else reads them.
# The rule must report exactly the lines that carry the word `forbidden`.
self_test() {
    local name root path failed=0
    for name in "${names[@]}"; do
        root=$scratch/fixtures/$name
        mkdir -p "$root"
        if [[ -d scripts/soundness/fixtures/$name ]]; then
            cp -R "scripts/soundness/fixtures/$name/." "$root"
        fi
        cp .swift-format "$root/.swift-format"
        # A fixture of this name would be one of the files that do not belong in the repository.
        if [[ $name == tracked ]]; then printf 'forbidden\n' >"$root/Package.resolved"; fi
        while IFS= read -r path; do mv "$path" "${path%.txt}"; done < <(find "$root" -name '*.txt' | sort)
        pushd "$root" >/dev/null
        mapfile -t fixture < <(find . -type f ! -name .swift-format | sed 's#^\./##' | sort)
        if [[ ${#fixture[@]} -gt 0 ]]; then grep -nHw forbidden -- "${fixture[@]}"; fi | cut -d: -f1,2 \
            | sort -t: -k1,1 -k2,2n >"$scratch/expected" || true
        run_rule "$name" "${fixture[@]}"
        popd >/dev/null
        if [[ ! -s $scratch/expected ]]; then
            printf 'scripts/soundness/fixtures/%s:1: [self-test] the rule has no fixture that must fail\n' "$name"
            failed=1
        elif ! diff -u --label expected --label found "$scratch/expected" <(cut -d' ' -f1 "$scratch/found" | uniq) \
            >"$scratch/difference"; then
            printf 'scripts/soundness/fixtures/%s:1: [self-test] the rule does not find what its fixture marks:\n' "$name"
            sed 's/^/    /' "$scratch/difference"
            failed=1
        fi
    done
    return "$failed"
}

check_project() {
    local name place failed=0
    mapfile -t files < <(git ls-files --cached --others --exclude-standard \
        | while IFS= read -r path; do [[ ! -f $path ]] || printf '%s\n' "$path"; done)
    [[ ${#files[@]} -gt 0 ]] || { printf 'soundness: git lists no files here\n' >&2; return 2; }
    for name in "${names[@]}"; do
        run_rule "$name" "${files[@]}"
        while IFS= read -r place; do
            # Format findings bring their own text after the place.
            if [[ $place == *' '* ]]; then
                printf '%s: [%s] %s\n' "${place%% *}" "$name" "${place#* }"
            else
                printf '%s: [%s] %s\n' "$place" "$name" "${advice[$name]}"
            fi
            failed=1
        done <"$scratch/found"
    done
    return "$failed"
}

define_rules
case ${1:-} in
'') ;;
--self-test) ;;
*) printf 'soundness: unknown argument %s (allowed: --self-test)\n' "$1" >&2; exit 2 ;;
esac

self_test || { printf 'soundness: a rule does not work, so nothing was checked\n' >&2; exit 1; }
[[ ${1:-} != --self-test ]] || exit 0
check_project || { printf 'soundness: see the lines above (make format repairs the format)\n' >&2; exit 1; }
printf 'soundness: %d rules, %d files, nothing found\n' "${#names[@]}" "${#files[@]}"
