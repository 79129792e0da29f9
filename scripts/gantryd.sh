#!/bin/sh
# Starts the engine that lies beside this file: on the Node that setup unpacked, else the machine's own.
here=$(dirname "$(readlink -f "$0")")
for node in "$here/.tools/bin/node" "$here/../.tools/bin/node" node; do
  [ -x "$node" ] && break
done

# The engine waits most of the time: few malloc arenas, a small heap and one V8 helper
# thread save some megabytes; compiled code kept between starts saves a tenth of a second.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-/var/cache/gantry}"
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
exec "$node" --optimize-for-size --max-semi-space-size=1 --v8-pool-size=1 "$here/engine/main.js" "$@"
