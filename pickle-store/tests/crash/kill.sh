#!/usr/bin/env bash
# Kills writers of the store, imports, builds of indexes and migrations, on each engine:
# `kill.sh [ROUNDS]`, 100 by default.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PICKLE_STORE_ROUNDS="${1-100}"
exec cargo test --features redb --test crash -- --nocapture killed survives_a_kill
