#!/bin/sh
# Starts the engine: the Node that setup unpacked beside the sources, else the machine's own.
root=$(dirname "$(dirname "$(readlink -f "$0")")")
node="$root/.tools/bin/node"
[ -x "$node" ] || node=node
# A small young generation and few malloc arenas keep the engine's memory low; compiled code is kept between starts.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
exec "$node" --disable-warning=ExperimentalWarning --max-semi-space-size=2 "$root/src/daemon/main.ts" "$@"
