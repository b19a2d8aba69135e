#!/usr/bin/env bash
# Exercises openapi/claviger.yaml with generated requests against a fresh server: good ones, bad ones, and sequences of
# them. It fails on a 5xx, on a status, content type, header or body that the document does not have, and when the
# server dies.
#
# CLAVIGER_BIN names the binary (default .build/debug/claviger). SEED=… tries other requests, EXAMPLES=… more of them.
# Options are handed to Schemathesis: --include-path-regex '^/v1/(plans|limits)' tries some operations only.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/fresh-server.sh
source scripts/fresh-server.sh

readonly seed=${SEED:-20}
readonly examples=${EXAMPLES:-20}
# Far more than it takes: only for a server that hangs.
readonly deadline=15m
readonly checks=(
    not_a_server_error status_code_conformance content_type_conformance response_schema_conformance
    response_headers_conformance
)

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

# Of the lists that may be very long, the one with the most elements and the one with one more take Schemathesis minutes
# to make, each; without their bounds it makes short ones.
sed '/^ *maxItems: [0-9]\{4,\}$/d' "$document" >"$work/claviger.yaml"

# create PATH BODY: makes something for the test and prints the answer.
create() {
    ask --header 'Content-Type: application/json' --data "$2" "$server_url$1"
}

# seed NAME: makes something of each kind, with limits and credits that last for the whole run, and prints the ids.
seed() {
    local api consumer plan override issued key reservation
    api=$(create /v1/apis '{
        "name": "'"$1"'", "prefix": "'"$1"'",
        "scopes": [{"name": "read", "publishable": true}, {"name": "write"}],
        "endpointRules": [
            {"methods": ["GET"], "path": "/v1/things/{id}", "scopes": "read"},
            {"path": "/v1/things/**", "scopes": "write", "cost": 5}
        ],
        "whenNoRuleMatches": "allow",
        "limits": [{"name": "all", "requests": 1000000000, "window": "1d", "algorithm": "tokenBucket"}]
    }')
    consumer=$(create /v1/consumers '{
        "externalId": "'"$1"'", "kind": "service", "credits": {"amount": 1000000000000000}
    }')
    plan=$(create /v1/plans '{
        "name": "'"$1"'",
        "limits": [{"name": "planned", "requests": 1000000000, "window": "1m"}],
        "credits": {"amount": 10, "refill": {"every": "hour", "amount": 10, "mode": "accumulate", "cap": 100}}
    }')
    override=$(create /v1/limits/overrides '{
        "namespace": "'"$1"'", "identifier": "s*d",
        "limit": {"name": "planned", "requests": 900000000, "window": "1m"}
    }')
    issued=$(create /v1/keys '{
        "apiId": "'"$1"'", "environment": "production", "consumerExternalId": "'"$1"'", "planId": "'"$1"'",
        "name": "seed",
        "scopes": ["read", "write"],
        "restrictions": {"networks": {"deny": ["192.0.2.0/24"]}},
        "limits": [{"name": "own", "requests": 1000000, "window": "1s"}],
        "credits": {"amount": 500000000000000}
    }')
    key=$(jq --exit-status --raw-output .key.id <<<"$issued")
    reservation=$(create /v1/credits/reservations '{"keyId": "'"$key"'", "amount": 5, "lease": "24h"}')
    jq --null-input --exit-status --argjson api "$api" --argjson consumer "$consumer" --argjson plan "$plan" \
        --argjson override "$override" --argjson issued "$issued" --argjson reservation "$reservation" '{
            "/v1/apis/{id}": $api.id, "/v1/consumers/{id}": $consumer.id, "/v1/keys/{id}": $issued.key.id,
            "/v1/plans/{id}": $plan.id, "/v1/limits/overrides/{id}": $override.id,
            "/v1/credits/reservations/{id}": $reservation.id, "token": $issued.token
        }'
}

# Random ids and tokens name nothing, so that most of the server would not be reached. So every other request is about
# something that is there from the start: changes about one set, all else about the other, which so stays usable.
seed seed >"$work/seeds.json"
seed changing >"$work/changing.json"
# An entry in the access log, from a network and for an endpoint rule.
create /v1/keys/verify "$(jq '{
    token, context: {ip: "203.0.113.7", method: "GET", path: "/v1/things/1", userAgent: "seed/1"}
}' "$work/seeds.json")" >/dev/null

cat >"$work/hooks.py" <<END
import collections
import json

import schemathesis

with open("seeds.json") as file:
    SEEDS = json.load(file)
with open("changing.json") as file:
    CHANGING = json.load(file)
# What members of queries and bodies may name.
NAMES = {
    "apiId": SEEDS["/v1/apis/{id}"],
    "consumerId": SEEDS["/v1/consumers/{id}"],
    "consumerExternalId": "seed",
    "keyId": SEEDS["/v1/keys/{id}"],
    "planId": SEEDS["/v1/plans/{id}"],
    "token": SEEDS["token"],
    "environment": "production",
    "timeZone": "Europe/Berlin",
}
# They change nothing, or what they change is of no use to others.
READING = ("/what-if", "/commit", "/release")
calls = collections.Counter()


def name_seeds(value):
    if isinstance(value, list):
        for element in value:
            name_seeds(element)
    elif isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str) and name in NAMES:
                value[name] = NAMES[name]
            else:
                name_seeds(member)


@schemathesis.hook
def before_call(context, case, kwargs):
    method = case.method.upper()
    parameters = case.path_parameters or {}
    calls[method, case.path] += 1
    if calls[method, case.path] % 2 == 0:
        reads = method in ("GET", "HEAD") or case.path.endswith(READING)
        for path, identifier in (SEEDS if reads else CHANGING).items():
            if case.path.startswith(path) and method != "DELETE":
                parameters["id"] = identifier
        name_seeds(case.query)
        name_seeds(case.body)
    if method not in ("GET", "HEAD") and parameters.get("id") == "$own_key":
        parameters["id"] = "$spare_key"
    # The key that all calls are made with would be replaced by this one.
    token = CHANGING["token"] if case.path == "/v1/self/rotate" else "$token"
    case.headers = {**(case.headers or {}), "Authorization": "Bearer " + token}
END

result=0
(
    cd "$work"
    export SCHEMATHESIS_HOOKS=hooks
    exec timeout "$deadline" "$schemathesis" --no-color run "$work/claviger.yaml" \
        --url "$server_url" \
        --checks "$(IFS=,; printf '%s' "${checks[*]}")" \
        --phases examples,coverage,fuzzing,stateful \
        --max-examples "$examples" \
        --seed "$seed" \
        --request-timeout 10 \
        --continue-on-failure \
        --suppress-health-check all \
        "$@" \
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
# One that was replaced would have worked until the end of its grace, and no longer.
credentials=$(ask "$server_url/v1/keys/$own_key/credentials" | jq '.items | length')
if [[ $credentials != 1 ]]; then
    printf '\nschemathesis: the management key was rotated on the way\n'
    exit 1
fi
# What was tried, and which operations were hardly reached.
sed -nE '/=+ (WARNINGS|SUMMARY) =+/,$p' "$work/report"
printf 'schemathesis: nothing found (seed %s)\n' "$seed"
