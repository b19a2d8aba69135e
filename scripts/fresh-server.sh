# Starts and stops a server of its own for a test. Sourced by tour.sh and schemathesis.sh.
# shellcheck shell=bash

# absolute_binary: prints the path of the binary under test, CLAVIGER_BIN or the debug build.
absolute_binary() {
    local binary=${CLAVIGER_BIN:-.build/debug/claviger}
    if [[ ! -x $binary ]]; then
        printf '%s: there is no %s: run "swift build", or set CLAVIGER_BIN\n' "$0" "$binary" >&2
        return 1
    fi
    realpath -s "$binary"
}

# forget_settings: unsets every CLAVIGER_… variable. The server reads such variables as its configuration, and
# what the person or the CI has set is none of the test's business.
forget_settings() {
    local name
    for name in "${!CLAVIGER_@}"; do unset "$name"; done
}

# start_fresh_server BINARY FOLDER: starts it on FOLDER/data and a free port, waits until it is ready, and sets
# server_url and server_pid. What it writes goes to FOLDER/server.log.
start_fresh_server() {
    local binary=$1 folder=$2 port attempt
    for attempt in 1 2 3 4 5; do
        # Below the range from which the system gives ports to outgoing connections.
        port=$((20000 + RANDOM % 10000))
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
        (
            forget_settings
            cd "$folder" || exit
            exec env SWIFT_BACKTRACE=enable=no "$binary" serve --data "$folder/data" --port "$port" \
                </dev/null >server.log 2>&1
        ) &
        server_pid=$!
        server_url=http://127.0.0.1:$port
        if await_ready; then return 0; fi
        # Only a port that somebody else took in the meantime is worth another attempt.
        stop_fresh_server
        grep -qi 'address already in use\|port.*in use' "$folder/server.log" || break
    done
    printf '%s: the server did not become ready (attempt %s). It wrote:\n' "$0" "$attempt" >&2
    tail -n 40 "$folder/server.log" >&2
    return 1
}

await_ready() {
    local tick
    for ((tick = 0; tick < 300; tick++)); do
        if curl --silent --fail --max-time 2 --output /dev/null "$server_url/readyz"; then return 0; fi
        kill -0 "$server_pid" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

stop_fresh_server() {
    [[ -n ${server_pid:-} ]] || return 0
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}
