#!/usr/bin/env bash
# Instructions of one run of each operation, counted by callgrind: the rows of instructions.md.
# `benches/instructions.sh [CODEC...]`; needs valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release -p pickle-benches --bin count
[ $# -gt 0 ] || set -- pickle-rs
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*counted*' \
        "${CARGO_TARGET_DIR:-target}/release/count" "$@" 2>&1 | awk '/Collected/ { print $4 }'
}
for codec in "$@" owned; do
    for data_set in log mesh minecraft mk48 small graph; do
        for operation in serialize deserialize borrow; do
            # Few codecs share the nodes of `graph`, and `owned` is nothing else's.
            case "$codec $data_set" in
                "pickle-rs graph" | "fory graph" | "owned graph") ;;
                owned\ * | *" graph") continue ;;
            esac
            case "$codec $data_set $operation" in
                *" serialize" | *" deserialize") ;;
                "pickle-rs log borrow" | "bitcode log borrow" | "wincode log borrow") ;;
                "pickle-rs minecraft borrow" | "bitcode minecraft borrow" | "wincode minecraft borrow") ;;
                *) continue ;;
            esac
            printf '| %s | %s | %s | %s |\n' \
                "$codec" "$data_set" "$operation" "$(count "$data_set" "$operation" "$codec")"
        done
    done
done
