# What the scripts that measure have in common; they source it.

# The servers take no settings from the person who measures.
for name in "${!CLAVIGER_@}"; do export -n "$name"; done
export SWIFT_BACKTRACE=enable=no
# Debian puts servers where only root's PATH leads.
export PATH=$PATH:/usr/sbin:/usr/local/sbin

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "bench: $*"
    exit 1
}

# build: everything in release mode; sets bin.
build() {
    say "building in release mode"
    # SwiftPM does not see by itself that the package beside this one has got or lost files.
    touch Package.swift
    swift build --configuration release >&2
    bin=$(swift build --configuration release --show-bin-path)
}

# The first two cores that this process may use, for clients and servers alike.
cores=$(taskset -cp $$ | sed 's/.*: //' | awk -F, '{
    for (i = 1; i <= NF; i++) { n = split($i, r, "-"); for (c = r[1]; c <= r[n]; c++) print c }
}' | head -n 2 | paste -sd,)
on_cores() { taskset -c "$cores" "$@"; }
ticks=$(getconf CLK_TCK)

calculate() { awk "BEGIN { printf \"%.${2:-3}f\", $1 }"; }
# middle FILE: the middle of the numbers in a file, one in a line.
middle() { sort -g "$1" | awk '{ v[NR] = $1 } END { if (NR == 0) print "missing"; else print v[int((NR + 1) / 2)] }'; }

# ticks_of PID: processor time of a process so far, of all its threads, in the kernel and out of it.
# The name in the second field may have spaces; count from the bracket after it.
ticks_of() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s' "$port"
}
# await PORT: waits until something listens there.
await() {
    local try
    for ((try = 0; try < 500; try++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
        sleep 0.02
    done
    fail "nothing listens on port $1"
}
