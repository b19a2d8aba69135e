#!/usr/bin/env bash
# Exercises openapi/claviger.yaml with generated requests against a fresh server: good ones, bad ones, and sequences of
# them. It fails on a 5xx, on a status, content type or body that the document does not have, and when the server dies.
#
# CLAVIGER_BIN names the binary (default .build/debug/claviger). SEED=… tries other requests, EXAMPLES=… more of them.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/fresh-server.sh
source scripts/fresh-server.sh

readonly seed=${SEED:-20}
readonly examples=${EXAMPLES:-20}
# Far more than it takes: only for a server that hangs.
readonly deadline=15m

document=$(realpath "${OPENAPI_DOCUMENT:-openapi/claviger.yaml}")
schemathesis=$PWD/.venv/bin/schemathesis
binary=$(absolute_binary)
[[ -x $schemathesis ]] || { printf 'schemathesis: not installed: run scripts/bootstrap.sh --test\n' >&2; exit 1; }
work=$(mktemp -d)
trap 'stop_fresh_server; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

start_fresh_server "$binary" "$work" || exit 1
token=$(cat "$work/data/first-management-key")

authorization="Authorization: Bearer $token"

# ask ARGUMENT…: calls the server as the owner of the management key.
ask() {
    curl --silent --show-error --fail-with-body --max-time 10 --header "$authorization" "$@"
}

# Every operation is in. But Schemathesis takes ids from answers, also that of the management key it is using, and once
# that is suspended or revoked everything is refused as documented and nothing is tested any more (seen: half of the
# run was lost). So changes that are meant for this key go to a spare one. Whether that was enough is asked afterwards.
own_key=$(ask "$server_url/v1/self" | jq --exit-status --raw-output .id)
spare_key=$(ask "$server_url/v1/keys/$own_key" \
    | jq '{apiId, environment, consumerId, name: "spare", scopes: ["audit.read"]}' \
    | ask --header 'Content-Type: application/json' --data @- "$server_url/v1/keys" \
    | jq --exit-status --raw-output .key.id)
cat >"$work/hooks.py" <<END
import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    parameters = case.path_parameters or {}
    if case.method.upper() not in ("GET", "HEAD") and parameters.get("id") == "$own_key":
        parameters["id"] = "$spare_key"
END

result=0
(
    cd "$work"
    export SCHEMATHESIS_HOOKS=hooks
    exec timeout "$deadline" "$schemathesis" --no-color run "$document" \
        --url "$server_url" \
        --header "$authorization" \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
        --phases examples,coverage,fuzzing,stateful \
        --max-examples "$examples" \
        --seed "$seed" \
        --request-timeout 10 \
        --continue-on-failure \
        --suppress-health-check all \
        </dev/null >report 2>&1
) || result=$?

if [[ $result -ne 0 ]]; then
    cat "$work/report"
    printf '\nThe end of what the server wrote:\n'
    tail -n 20 "$work/server.log"
    printf '\nschemathesis: failed (seed %s); the report is above\n' "$seed"
    exit 1
fi

status=$(curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' \
    --header "$authorization" "$server_url/v1/self") || status=none
if [[ $status != 200 ]]; then
    cat "$work/report"
    printf '\nschemathesis: the management key was lost on the way (GET /v1/self: %s), so the run proves nothing\n' "$status"
    exit 1
fi
# What was tried, and which operations were hardly reached.
sed -nE '/=+ (WARNINGS|SUMMARY) =+/,$p' "$work/report"
printf 'schemathesis: nothing found (seed %s)\n' "$seed"
